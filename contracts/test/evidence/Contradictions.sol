// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {INodeKeys} from "../../src/keys/interfaces/INodeKeys.sol";
import {Vm} from "../lib/Test.sol";

/// Nodes whose secp256k1 keys the tests have.
contract NodeAccounts is INodeKeys {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function accountOf(uint32 nodeId) external pure returns (address) {
        return vm.addr(Contradictions.keyOf(nodeId));
    }

    function blsKeyOf(uint32) external pure returns (bytes memory) {
        return "";
    }
}

/// Evidence as members make it, signed here.
library Contradictions {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bytes32 private constant FINAL = keccak256("tributary/v1/final-msg");
    bytes32 private constant VOTE = keccak256("tributary/v1/vote");

    function keyOf(uint32 nodeId) internal pure returns (uint256) {
        return 0xE71DE4CE0000 + nodeId;
    }

    function slot(bytes32 group, uint32 era, uint32 epoch, uint64 height, uint16 seat)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(group, era, epoch, height, seat);
    }

    /// Two FINALs over the hashes; `low` must be the lower one.
    function finals(bytes memory slot_, uint32 nodeId, bytes32 low, bytes32 high) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), uint8(3), slot_, _final(slot_, nodeId, low), _final(slot_, nodeId, high));
    }

    /// The largest evidence there is: two VOTEs of 256 records, the last of which contradict each other.
    function largest(bytes memory slot_, uint32 nodeId) internal pure returns (bytes memory) {
        bytes memory filler;
        for (uint256 round = 0; round < 255; round++) {
            filler = abi.encodePacked(filler, uint8(0), uint16(round), type(uint64).max, type(uint64).max);
        }
        bytes memory zero = abi.encodePacked(filler, uint8(1), uint16(9), uint64(1), uint64(0));
        bytes memory one = abi.encodePacked(filler, uint8(1), uint16(9), uint64(0), uint64(1));
        (bytes32 first, bytes memory a) = _vote(slot_, nodeId, zero);
        (bytes32 second, bytes memory b) = _vote(slot_, nodeId, one);
        if (first > second) (a, b) = (b, a);
        return abi.encodePacked(uint8(1), uint8(4), slot_, uint8(2), uint16(255), uint16(255), a, b);
    }

    function _final(bytes memory slot_, uint32 nodeId, bytes32 hash) private pure returns (bytes memory) {
        bytes memory content = abi.encodePacked(hash, new bytes(96));
        return abi.encodePacked(content, _signature(nodeId, keccak256(abi.encodePacked(FINAL, slot_, content))));
    }

    function _vote(bytes memory slot_, uint32 nodeId, bytes memory records)
        private
        pure
        returns (bytes32 digest, bytes memory message)
    {
        message = abi.encodePacked(uint16(records.length / 19), records);
        digest = keccak256(abi.encodePacked(VOTE, slot_, message));
        message = abi.encodePacked(message, _signature(nodeId, digest));
    }

    function _signature(uint32 nodeId, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf(nodeId), digest);
        return abi.encodePacked(r, s, v - 27);
    }
}
