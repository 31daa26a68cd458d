// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls} from "../../keys/Bls.sol";

/// @notice What a chain's group key signs, as packages/protocol/src/wire/digests.ts defines it.
library Certificates {
    bytes32 private constant FINAL = keccak256("tributary/v1/final");
    bytes32 private constant ORDER = keccak256("tributary/v1/order");
    bytes32 private constant CANCEL = keccak256("tributary/v1/cancel");

    uint256 internal constant CONTAINER_BYTES = 292;
    /// Heights are numbers that every implementation can hold exactly.
    uint64 internal constant MOST_HEIGHT = 2 ** 53 - 1;

    // Offsets of fields in the container's header.
    uint256 private constant GROUP = 6;
    uint256 private constant EPOCH = 42;
    uint256 private constant HEIGHT = 46;
    uint256 private constant PARENT = 86;
    uint256 private constant ORDERED = 118;
    uint256 private constant CHECKPOINT = 188;
    /// D(h-1) ‖ u16 count, and u16 seat ‖ p.
    uint256 private constant ORDER_HEAD = 34;
    uint256 private constant ORDER_ENTRY = 34;

    function groupOf(bytes calldata container) internal pure returns (bytes32) {
        return bytes32(container[GROUP:GROUP + 32]);
    }

    function heightOf(bytes calldata container) internal pure returns (uint64) {
        return uint64(bytes8(container[HEIGHT:HEIGHT + 8]));
    }

    /// @notice Hash of the header of the container before.
    function parentOf(bytes calldata container) internal pure returns (bytes32) {
        return bytes32(container[PARENT:PARENT + 32]);
    }

    /// @notice Number of the mainchain block that the container shows.
    function checkpointOf(bytes calldata container) internal pure returns (uint64) {
        return uint64(bytes8(container[CHECKPOINT:CHECKPOINT + 8]));
    }

    /// @notice D of the container's height.
    function orderOf(bytes calldata container) internal pure returns (bytes32) {
        return bytes32(container[ORDERED:ORDERED + 32]);
    }

    /// @notice What F signs; `era` is that of the certificate.
    function finalDigest(bytes calldata container, uint32 era) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                FINAL,
                container[GROUP:GROUP + 32],
                era,
                container[EPOCH:EPOCH + 4],
                container[HEIGHT:HEIGHT + 8],
                keccak256(container)
            )
        );
    }

    /// @notice D, which O signs.
    function orderDigest(bytes32 group, uint32 era, uint32 epoch, uint64 height, bytes calldata content)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(ORDER, group, era, epoch, height, content));
    }

    /// @notice Whether the bytes are the content of an order among at most so many members.
    function isOrder(bytes calldata content, uint256 members) internal pure returns (bool) {
        if (content.length < ORDER_HEAD) return false;
        uint256 count = uint16(bytes2(content[32:34]));
        return count <= members && content.length == ORDER_HEAD + count * ORDER_ENTRY;
    }

    /// @notice What the group signs to end a Recovery.
    function cancelDigest(bytes32 group, uint32 era, bytes32 openingId) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(CANCEL, group, era, uint32(0), uint64(0), openingId));
    }

    /// @notice Whether the digest is signed by the key. @param groupKey Compressed. @param groupKey128 The same point as
    /// EIP-2537 takes it.
    function isSigned(bytes memory groupKey, bytes calldata groupKey128, bytes32 digest, bytes calldata signature256)
        internal
        view
        returns (bool)
    {
        if (groupKey128.length != 128 || keccak256(Bls.compressG1(groupKey128)) != keccak256(groupKey)) return false;
        return Bls.verify(groupKey128, digest, signature256);
    }
}
