// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRandomness} from "./interfaces/IRandomness.sol";

/// @notice Draws from PREVRANDAO, which is the beacon, and of past blocks from their hashes, which hold it: EIP-2935 has
/// these at hand, so that no beacon needs to be stored. All else in a block is fixed before its beacon is known, so its
/// hash is as good.
contract Randomness is IRandomness {
    /// @dev EIP-2935: hashes of the last 8191 blocks
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    bytes32 private constant DOMAIN = keccak256("tributary random value of this block 1");
    bytes32 private constant DOMAIN_AT = keccak256("tributary random value of a past block 1");

    function random(bytes32 tag) external view returns (bytes32) {
        return _now(tag);
    }

    function randomBelow(uint256 bound, bytes32 tag) external view returns (uint256) {
        return _below(bound, _now(tag));
    }

    function randomAt(uint256 blockNumber, bytes32 tag) external view returns (bytes32) {
        return _at(blockNumber, tag);
    }

    function randomBelowAt(uint256 blockNumber, uint256 bound, bytes32 tag) external view returns (uint256) {
        return _below(bound, _at(blockNumber, tag));
    }

    function _now(bytes32 tag) private view returns (bytes32) {
        return _derive(DOMAIN, block.number, bytes32(block.prevrandao), tag);
    }

    function _at(uint256 blockNumber, bytes32 tag) private view returns (bytes32) {
        (bool found, bytes memory answer) = HISTORY.staticcall(abi.encode(blockNumber));
        // The first block has no beacon.
        if (!found || answer.length != 32 || blockNumber == 0) revert NoBeacon(blockNumber);
        return _derive(DOMAIN_AT, blockNumber, abi.decode(answer, (bytes32)), tag);
    }

    function _derive(bytes32 domain, uint256 blockNumber, bytes32 source, bytes32 tag) private view returns (bytes32) {
        return keccak256(abi.encode(domain, block.chainid, blockNumber, source, msg.sender, tag));
    }

    /// @dev The least values are drawn again, so that as many are left for each remainder: at most every second time.
    function _below(uint256 bound, bytes32 seed) private pure returns (uint256) {
        if (bound == 0) revert NothingBelow();
        unchecked {
            uint256 least = (0 - bound) % bound;
            while (uint256(seed) < least) seed = keccak256(abi.encode(seed));
        }
        return uint256(seed) % bound;
    }
}
