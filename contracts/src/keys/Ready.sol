// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls} from "./Bls.sol";
import {Court} from "./Court.sol";
import {G1} from "./G1.sol";
import {Seats} from "./Seats.sol";
import {INodeKeys} from "./interfaces/INodeKeys.sol";

/// @notice READY: what a committee signs when its shares of a group key are in place.
library Ready {
    /// @param groupKey128, aggregate256, threshold256 Points as EIP-2537 takes them.
    struct Claim {
        bytes32 keysHash;
        uint64 qualified;
        uint64 signers;
        bytes groupKey128;
        bytes aggregate256;
        bytes threshold256;
    }

    bytes32 private constant TAG = keccak256("tributary/v1/ready");

    /// @notice keccak256(u16 N ‖ u32 node ids by seat ‖ keysHash).
    function committeeHash(uint32[] memory nodeIds, bytes32 keysHash) internal pure returns (bytes32) {
        bytes memory packed = abi.encodePacked(uint16(nodeIds.length));
        for (uint256 seat = 0; seat < nodeIds.length; seat++) {
            packed = abi.encodePacked(packed, nodeIds[seat]);
        }
        return keccak256(abi.encodePacked(packed, keysHash));
    }

    /// @notice Whether the registered keys of the signers, and the group key by q of the new shares, signed the claim.
    function verify(Court.Context memory context, uint32[] memory nodeIds, INodeKeys nodes, Claim memory claim)
        internal
        view
        returns (bool)
    {
        bytes memory hashed = Bls.hashToG2(_digest(context, claim, committeeHash(nodeIds, claim.keysHash)));
        if (!Bls.verifyHashed(sumOfKeys(nodeIds, nodes, claim.signers), hashed, claim.aggregate256)) return false;
        return Bls.verifyHashed(claim.groupKey128, hashed, claim.threshold256);
    }

    function _digest(Court.Context memory context, Claim memory claim, bytes32 committee)
        private
        pure
        returns (bytes32)
    {
        bytes memory slot = abi.encodePacked(TAG, context.group, context.era, context.epoch, uint64(0));
        bytes memory groupKey = G1.compress(claim.groupKey128);
        return keccak256(abi.encodePacked(slot, groupKey, claim.keysHash, committee, claim.qualified));
    }

    /// @notice The sum of the registered BLS keys of the signers, 128 bytes.
    function sumOfKeys(uint32[] memory nodeIds, INodeKeys nodes, uint64 signers)
        internal
        view
        returns (bytes memory sum)
    {
        sum = new bytes(128);
        for (uint256 seat = 0; seat < nodeIds.length; seat++) {
            if (Seats.has(signers, seat)) sum = G1.add(sum, nodes.blsKeyOf(nodeIds[seat]));
        }
    }
}
