// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls} from "../keys/Bls.sol";
import {IEras} from "../manager/interfaces/IEras.sol";
import {IStateProofs} from "./interfaces/IStateProofs.sol";
import {LtHash} from "./LtHash.sol";

/// @notice Certificate, container header, block header, bucket: see IStateProofs. Holds nothing.
contract StateProofs is IStateProofs {
    bytes32 private constant FINAL_TAG = keccak256("tributary/v1/final");
    bytes32 private constant EMPTY_CODE_HASH = keccak256("");

    uint256 private constant CONTAINER_BYTES = 292;
    // Offsets of fields in the container's header.
    uint256 private constant GROUP = 6;
    uint256 private constant EPOCH = 42;
    uint256 private constant HEIGHT = 46;
    uint256 private constant SEGMENTS_ROOT = 260;
    /// Of the state root in a block's header: behind the list's prefix of three bytes (the bloom alone makes it longer than
    /// 255), two hashes, an address, and its own prefix.
    uint256 private constant STATE_ROOT = 91;
    uint32 private constant BUCKETS = 256;
    uint256 private constant BUCKET_LEVELS = 8;

    IEras public immutable eras;

    constructor(IEras eras_) {
        eras = eras_;
    }

    /// @inheritdoc IStateProofs
    function stateOf(uint64 chainId, Certified calldata certified) external view returns (State memory) {
        bytes calldata container = certified.container;
        if (container.length != CONTAINER_BYTES) revert MalformedContainer();
        _checkCertificate(chainId, certified);
        (uint64 number, uint64 timestamp) = _numberAndTime(certified.header);
        bytes memory leaf = abi.encodePacked(chainId, number, keccak256(certified.header));
        bytes32 root = _climbed(leaf, certified.index, certified.count, certified.siblings);
        if (root != bytes32(container[SEGMENTS_ROOT:])) revert OtherBlock();
        return
            State({
                root: bytes32(certified.header[STATE_ROOT:STATE_ROOT + 32]), blockNumber: number, timestamp: timestamp
            });
    }

    /// @inheritdoc IStateProofs
    function accountIn(bytes32 stateRoot, Bucket calldata bucket, address account)
        external
        pure
        returns (uint64 nonce, uint256 balance, bytes32 codeHash)
    {
        bytes memory value = _valueIn(stateRoot, bucket, abi.encodePacked("a", account));
        if (value.length == 0) return (0, 0, EMPTY_CODE_HASH);
        uint256 wei_;
        assembly ("memory-safe") {
            nonce := shr(192, mload(add(value, 32)))
            wei_ := mload(add(value, 40))
            codeHash := mload(add(value, 72))
        }
        balance = wei_;
    }

    /// @inheritdoc IStateProofs
    function storageIn(bytes32 stateRoot, Bucket calldata bucket, address account, bytes32 slot)
        external
        pure
        returns (bytes32 value)
    {
        bytes memory stored = _valueIn(stateRoot, bucket, abi.encodePacked("s", account, slot));
        // Stored without leading zeros; 32 bytes at most.
        // forge-lint: disable-next-line(unsafe-typecast)
        return stored.length == 0 ? bytes32(0) : bytes32(stored) >> (8 * (32 - stored.length));
    }

    function _checkCertificate(uint64 chainId, Certified calldata certified) private view {
        bytes calldata container = certified.container;
        uint64 height = uint64(bytes8(container[HEIGHT:HEIGHT + 8]));
        bytes32 group = bytes32(container[GROUP:GROUP + 32]);
        IEras.Era memory era = _eraOf(chainId, certified.certificateEra);
        if (group != era.group) revert OtherGroup(group);
        if (height < era.firstHeight || (era.lastHeight != 0 && height > era.lastHeight)) {
            revert HeightOutsideEra(height, era.firstHeight, era.lastHeight);
        }
        if (certified.groupKey.length != 128) revert BadCertificate();
        if (keccak256(Bls.compressG1(certified.groupKey)) != keccak256(era.groupKey)) revert BadCertificate();
        bytes4 epoch = bytes4(container[EPOCH:EPOCH + 4]);
        bytes32 digest = keccak256(
            abi.encodePacked(FINAL_TAG, group, certified.certificateEra, epoch, height, keccak256(container))
        );
        if (!Bls.verify(certified.groupKey, digest, certified.certificate)) revert BadCertificate();
    }

    function _eraOf(uint64 chainId, uint32 era) private view returns (IEras.Era memory found) {
        IEras.Era[] memory list = eras.erasOf(chainId);
        if (era == 0 || era > list.length) revert IEras.UnknownEra(chainId, era);
        return list[era - 1];
    }

    /// The value of the key in the bucket, which is checked whole; nothing where the bucket does not hold it.
    function _valueIn(bytes32 stateRoot, Bucket calldata bucket, bytes memory key)
        private
        pure
        returns (bytes memory value)
    {
        uint8 expected = uint8(bytes1(keccak256(key)));
        if (bucket.bucket != expected) revert OtherBucket(bucket.bucket, expected);
        if (bucket.siblings.length != BUCKET_LEVELS) revert BadBucket();
        bytes32 accumulator;
        (accumulator, value) = _summed(bucket.entries, key);
        bytes memory leaf = abi.encodePacked(accumulator);
        if (_climbed(leaf, bucket.bucket, BUCKETS, bucket.siblings) != stateRoot) revert BadBucket();
    }

    /// Digest of the bucket's accumulator, and what it holds under the key.
    function _summed(bytes calldata entries, bytes memory key)
        private
        pure
        returns (bytes32 digest, bytes memory value)
    {
        LtHash.Sum memory sum = LtHash.empty();
        (bytes32 wanted, bytes32 wantedRest) = _words(key);
        bytes32 last;
        bytes32 lastRest;
        for (uint256 offset = 0; offset < entries.length;) {
            LtHash.Entry memory entry = LtHash.entryAt(entries, offset);
            // An entry that comes 65 536 times adds up to nothing: each key once.
            if (entry.key < last || (entry.key == last && entry.keyRest <= lastRest)) revert BadBucket();
            (last, lastRest) = (entry.key, entry.keyRest);
            if (entry.key == wanted && entry.keyRest == wantedRest) value = entry.value;
            LtHash.add(sum, entry);
            offset = entry.end;
        }
        digest = keccak256(LtHash.accumulator(sum));
    }

    /// A key as two words, filled up with zeros.
    function _words(bytes memory key) private pure returns (bytes32 first, bytes32 rest) {
        // The upper 32 bytes, or all of it and zeros.
        // forge-lint: disable-next-line(unsafe-typecast)
        first = bytes32(key);
        if (key.length <= 32) return (first, 0);
        assembly ("memory-safe") {
            // 21 bytes: what lies behind the key in memory is not its.
            rest := and(mload(add(key, 64)), not(shr(168, not(0))))
        }
    }

    /// The root over a leaf and its siblings; see packages/protocol/src/container/merkle.ts.
    function _climbed(bytes memory leaf, uint256 index, uint32 count, bytes32[] calldata siblings)
        private
        pure
        returns (bytes32)
    {
        if (index >= count) revert OtherBlock();
        bytes32 node = keccak256(abi.encodePacked(uint8(0), leaf));
        uint256 used = 0;
        uint256 place = index;
        for (uint256 width = count; width > 1; width = (width + 1) >> 1) {
            if ((place ^ 1) < width) {
                if (used == siblings.length) revert OtherBlock();
                bytes32 sibling = siblings[used++];
                node = (place & 1) == 0
                    ? keccak256(abi.encodePacked(uint8(1), node, sibling))
                    : keccak256(abi.encodePacked(uint8(1), sibling, node));
            }
            place >>= 1;
        }
        if (used != siblings.length) revert OtherBlock();
        return keccak256(abi.encodePacked(uint8(2), count, node));
    }

    /// Items 8 and 11 of a block's header. Its hash is checked against what was certified, so it is a header.
    function _numberAndTime(bytes calldata header) private pure returns (uint64 number, uint64 timestamp) {
        if (header.length < 600 || header[0] != 0xf9) revert OtherBlock();
        uint256 offset = 3;
        uint256 value;
        for (uint256 item = 0; item <= 11; item++) {
            (value, offset) = _item(header, offset);
            // Of eight bytes at most.
            // forge-lint: disable-next-line(unsafe-typecast)
            if (item == 8) number = uint64(value);
            // forge-lint: disable-next-line(unsafe-typecast)
            if (item == 11) timestamp = uint64(value);
        }
    }

    /// A string of RLP at an offset: its value where it has at most eight bytes, and where the next one begins.
    function _item(bytes calldata header, uint256 offset) private pure returns (uint256 value, uint256 next) {
        uint256 prefix = uint8(header[offset]);
        if (prefix < 0x80) return (prefix, offset + 1);
        if (prefix > 0xb7) return (0, offset + 3 + uint16(bytes2(header[offset + 1:offset + 3])));
        uint256 length = prefix - 0x80;
        next = offset + 1 + length;
        if (length <= 8) {
            for (uint256 i = offset + 1; i < next; i++) {
                value = (value << 8) | uint8(header[i]);
            }
        }
    }
}
