// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRules} from "./interfaces/IRules.sol";

/// @notice The owner's rules. Members read the first five slots: their order and packing are part of the consensus.
contract Rules is IRules {
    // Flags of the policy.
    uint64 public constant RESTRICT_DEPLOYMENTS = 1;
    uint64 public constant RESTRICT_CALLS = 2;
    /// @notice Calls without data to accounts without code are permitted though calls are restricted.
    uint64 public constant BARE_TRANSFERS = 4;
    uint64 public constant PAUSE_TRANSFERS = 8;
    uint64 public constant PAUSE_CALLS = 16;
    uint64 public constant PAUSE_DEPLOYMENTS = 32;
    uint64 public constant PAUSE_DELEGATIONS = 64;

    // Flags of an account, where deployments are restricted.
    /// @notice Its transactions may create contracts and delegate accounts (EIP-7702).
    uint64 public constant DEPLOYER = 1;
    /// @notice A contract that may create contracts, whoever calls it.
    uint64 public constant FACTORY = 2;
    /// @notice A contract that may create contracts in transactions of a deployer.
    uint64 public constant TOOL = 4;
    /// @notice Its transactions are refused.
    uint64 public constant BLOCKED = 8;

    // Permission to call.
    uint256 public constant TOP = 1;
    uint256 public constant INNER = 2;
    /// @notice In place of a selector: calls with fewer than four bytes.
    bytes32 public constant BARE = bytes32(uint256(1));
    /// @notice In place of a selector: all calls.
    bytes32 public constant ANY = bytes32(uint256(2));

    address public owner;
    address private _offeredTo;
    /// @dev flags | gas limit << 64
    uint256 private _policy;
    mapping(address => uint256) private _accounts;
    mapping(address => mapping(bytes32 => uint256)) private _calls;

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    function setPolicy(uint64 flags, uint64 gasLimit) external onlyOwner {
        _policy = _pack(flags, gasLimit);
        emit PolicySet(flags, gasLimit);
    }

    function setAccounts(Account[] calldata accounts) external onlyOwner {
        for (uint256 i = 0; i < accounts.length; i++) {
            Account calldata one = accounts[i];
            _accounts[one.account] = _pack(one.flags, one.gasLimit);
            emit AccountSet(one.account, one.flags, one.gasLimit);
        }
    }

    function setCalls(Call[] calldata calls) external onlyOwner {
        for (uint256 i = 0; i < calls.length; i++) {
            Call calldata one = calls[i];
            _calls[one.target][one.selector] = one.permission;
            emit CallSet(one.target, one.selector, one.permission);
        }
    }

    function offerOwnership(address to) external onlyOwner {
        _offeredTo = to;
        emit OwnershipOffered(msg.sender, to);
    }

    function takeOwnership() external {
        if (msg.sender != _offeredTo) revert NotOffered(msg.sender);
        owner = msg.sender;
        _offeredTo = address(0);
        emit OwnershipTaken(msg.sender);
    }

    function policy() external view returns (uint64 flags, uint64 gasLimit) {
        return _unpack(_policy);
    }

    function account(address account_) external view returns (uint64 flags, uint64 gasLimit) {
        return _unpack(_accounts[account_]);
    }

    function permission(address target, bytes32 selector) external view returns (uint256) {
        return _calls[target][selector];
    }

    function _pack(uint64 flags, uint64 gasLimit) private pure returns (uint256) {
        return uint256(flags) | (uint256(gasLimit) << 64);
    }

    // Only 128 bits are ever set.
    // forge-lint: disable-next-item(unsafe-typecast)
    function _unpack(uint256 word) private pure returns (uint64 flags, uint64 gasLimit) {
        return (uint64(word), uint64(word >> 64));
    }
}
