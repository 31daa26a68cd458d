// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IChainInformation} from "./interfaces/IChainInformation.sol";
import {Rules} from "./Rules.sol";

/// @notice What a chain is, for its contracts. Its storage is written at genesis, and read by members without running it:
/// order and packing are part of it.
contract ChainInformation is IChainInformation {
    Rules private constant RULES = Rules(0x7472696275746172790000000000000000000001);
    /// @dev as of EIP-2935 and EIP-4788
    address private constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;

    /// @dev seconds since 1970
    uint64 public createdAt;
    uint64 public gasLimit;
    uint64 public byteLimit;
    string public name;
    uint64 public era;
    uint64 public epoch;
    uint16 public members;
    bytes32 public committee;

    function beginTerm(uint64 newEra, uint64 newEpoch, uint16 newMembers, bytes32 newCommittee) external {
        if (msg.sender != SYSTEM) revert NotTheProtocol(msg.sender);
        era = newEra;
        epoch = newEpoch;
        members = newMembers;
        committee = newCommittee;
    }

    function chainId() external view returns (uint256) {
        return block.chainid;
    }

    function owner() external view returns (address) {
        return RULES.owner();
    }

    function quorum() external view returns (uint16) {
        uint16 count = members;
        return count == 0 ? 0 : count - (count - 1) / 3;
    }
}
