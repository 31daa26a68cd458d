// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IChainInformation} from "./interfaces/IChainInformation.sol";
import {Rules} from "./Rules.sol";

/// @notice What a chain is, for its contracts. Its storage is written at genesis: order and packing are part of it.
contract ChainInformation is IChainInformation {
    Rules private constant RULES = Rules(0x7472696275746172790000000000000000000001);

    /// @dev seconds since 1970
    uint64 public createdAt;
    uint64 public gasLimit;
    uint64 public byteLimit;
    string public name;

    function chainId() external view returns (uint256) {
        return block.chainid;
    }

    function owner() external view returns (address) {
        return RULES.owner();
    }
}
