// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What the owner of a chain permits on it. The contract stands at a fixed address of every chain, and members
/// read its storage themselves: before each transaction, each call inside of one, and each creation. A change takes
/// effect at once, for later calls of the same transaction too; switching from no rules at all, with the next one.
///
/// What the owner's account does itself is never refused, nor are calls of this contract, nor transactions to the owner,
/// which may be a contract.
interface IRules {
    /// @param target whose code runs
    /// @param selector four bytes and zeros, BARE or ANY
    /// @param permission bits: TOP, INNER
    struct Call {
        address target;
        bytes32 selector;
        uint256 permission;
    }

    /// @param flags bits: DEPLOYER, FACTORY, TOOL, BLOCKED
    /// @param gasLimit of one transaction; 0: the policy's
    struct Account {
        address account;
        uint64 flags;
        uint64 gasLimit;
    }

    event PolicySet(uint64 flags, uint64 gasLimit);
    event AccountSet(address indexed account, uint64 flags, uint64 gasLimit);
    event CallSet(address indexed target, bytes32 indexed selector, uint256 permission);
    event OwnershipOffered(address indexed from, address indexed to);
    event OwnershipTaken(address indexed owner);

    error NotOwner(address account);
    error NotOffered(address account);

    /// @param flags bits: RESTRICT_DEPLOYMENTS, RESTRICT_CALLS, BARE_TRANSFERS and the four that pause
    /// @param gasLimit of one transaction of anybody; 0: none but the block's
    function setPolicy(uint64 flags, uint64 gasLimit) external;

    function setAccounts(Account[] calldata accounts) external;

    function setCalls(Call[] calldata calls) external;

    /// @notice Offers the chain to another account, which has to take it.
    function offerOwnership(address to) external;

    function takeOwnership() external;

    function owner() external view returns (address);

    function policy() external view returns (uint64 flags, uint64 gasLimit);

    function account(address account_) external view returns (uint64 flags, uint64 gasLimit);

    function permission(address target, bytes32 selector) external view returns (uint256);
}
