// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Keccak4} from "./Keccak4.sol";

/// @notice LtHash16 of state entries: the sum, in 1024 lanes of 16 bits, of SHAKE128(u16 length of the key ‖ key ‖
/// value). As the nodes keep it up (packages/chain/src/state/lt-hash.ts). About 325 000 gas an entry.
library LtHash {
    error MalformedEntry(uint256 offset);

    /// Bytes of an accumulator.
    uint256 internal constant BYTES = 2048;

    uint256 private constant ACCOUNT_KEY = 21;
    uint256 private constant ACCOUNT_VALUE = 72;
    uint256 private constant STORAGE_KEY = 53;
    uint256 private constant LANES = 256;
    /// Lanes of 64 bits that SHAKE128 gives before it permutes again.
    uint256 private constant RATE = 21;
    uint256 private constant LOW = 0x7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff7fff;
    uint256 private constant HIGH = 0x8000800080008000800080008000800080008000800080008000800080008000;

    /// An entry, and where the next one begins. Keys as two words, filled up with zeros.
    struct Entry {
        bytes32 key;
        bytes32 keyRest;
        uint256 keyLength;
        bytes value;
        uint256 end;
    }

    /// Memory of one sum: 256 words, in each a lane of 64 bits of four sums; and of the four states that are hashed.
    struct Sum {
        uint256 lanes;
        uint256 state;
        uint256 scratch;
        uint256 constants;
        /// States that hold an entry.
        uint256 used;
    }

    /// @notice A sum of nothing.
    function empty() internal pure returns (Sum memory sum) {
        bytes memory constants = Keccak4.CONSTANTS;
        uint256[] memory lanes = new uint256[](LANES);
        uint256[] memory state = new uint256[](25);
        uint256[] memory scratch = new uint256[](25);
        assembly ("memory-safe") {
            mstore(sum, add(lanes, 32))
            mstore(add(sum, 32), add(state, 32))
            mstore(add(sum, 64), add(scratch, 32))
            mstore(add(sum, 96), add(constants, 32))
        }
    }

    /// @notice The entry at `offset` of a bucket as it travels: u8 length ‖ key ‖ u8 length ‖ value. Reverts for what
    /// no state holds.
    function entryAt(bytes calldata entries, uint256 offset) internal pure returns (Entry memory entry) {
        if (offset + 1 > entries.length) revert MalformedEntry(offset);
        uint256 keyLength = uint8(entries[offset]);
        uint256 valueAt = offset + 2 + keyLength;
        if (valueAt > entries.length) revert MalformedEntry(offset);
        uint256 valueLength = uint8(entries[valueAt - 1]);
        entry.end = valueAt + valueLength;
        if (entry.end > entries.length) revert MalformedEntry(offset);
        entry.keyLength = keyLength;
        entry.value = entries[valueAt:entry.end];
        bytes calldata key = entries[offset + 1:valueAt - 1];
        if (keyLength == ACCOUNT_KEY && key[0] == "a" && valueLength == ACCOUNT_VALUE) {
            // Filled up with zeros.
            // forge-lint: disable-next-line(unsafe-typecast)
            entry.key = bytes32(key);
        } else if (keyLength == STORAGE_KEY && key[0] == "s" && valueLength > 0 && valueLength <= 32) {
            entry.key = bytes32(key[:32]);
            entry.keyRest = bytes32(key[32:]);
        } else {
            revert MalformedEntry(offset);
        }
    }

    /// @notice Puts the entry into the sum.
    function add(Sum memory sum, Entry memory entry) internal pure {
        uint256 state = sum.state;
        uint256 shift = 64 * sum.used;
        if (shift == 0) _clear(state);
        bytes memory input = abi.encodePacked(
            uint16(entry.keyLength),
            _keyOf(entry),
            entry.value,
            hex"1f",
            new bytes(95 - entry.keyLength - entry.value.length + 1)
        );
        for (uint256 i = 0; i < 3; i++) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(add(input, 32), mul(i, 32)))
            }
            word = _swapped(word);
            for (uint256 j = 0; j < 4; j++) {
                _or(state, 4 * i + j, ((word >> (192 - 64 * j)) & type(uint64).max) << shift);
            }
        }
        // The last bit of the padding.
        _or(state, RATE - 1, (1 << 63) << shift);
        sum.used++;
        if (sum.used == 4) _squeeze(sum);
    }

    /// @notice The 2048 bytes of the sum.
    function accumulator(Sum memory sum) internal pure returns (bytes memory packed) {
        if (sum.used > 0) _squeeze(sum);
        packed = new bytes(BYTES);
        uint256 lanes = sum.lanes;
        for (uint256 i = 0; i < LANES; i += 4) {
            uint256 word = 0;
            for (uint256 j = 0; j < 4; j++) {
                uint256 lane;
                assembly ("memory-safe") {
                    lane := mload(add(lanes, mul(add(i, j), 32)))
                }
                lane = _plus(lane, lane >> 128);
                word = (word << 64) | (_plus(lane, lane >> 64) & type(uint64).max);
            }
            word = _swapped(word);
            assembly ("memory-safe") {
                mstore(add(add(packed, 32), mul(i, 8)), word)
            }
        }
    }

    /// The states' output goes into the sums, that of unused ones left out.
    function _squeeze(Sum memory sum) private pure {
        uint256 mask = type(uint256).max >> (64 * (4 - sum.used));
        uint256 lanes = sum.lanes;
        uint256 state = sum.state;
        uint256 next = 0;
        while (next < LANES) {
            Keccak4.permute(state, sum.scratch, sum.constants);
            uint256 count = next + RATE > LANES ? LANES - next : RATE;
            assembly ("memory-safe") {
                let to := add(lanes, mul(next, 32))
                for { let at := 0 } lt(at, mul(count, 32)) { at := add(at, 32) } {
                    let a := mload(add(to, at))
                    let b := and(mload(add(state, at)), mask)
                    // Two lanes of 16 bits never carry into each other: the top bits are added apart.
                    mstore(add(to, at), xor(add(and(a, LOW), and(b, LOW)), and(xor(a, b), HIGH)))
                }
            }
            next += count;
        }
        sum.used = 0;
    }

    function _plus(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            return ((a & LOW) + (b & LOW)) ^ ((a ^ b) & HIGH);
        }
    }

    function _clear(uint256 state) private pure {
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, 800) { i := add(i, 32) } { mstore(add(state, i), 0) }
        }
    }

    function _or(uint256 state, uint256 lane, uint256 bits) private pure {
        assembly ("memory-safe") {
            let at := add(state, mul(lane, 32))
            mstore(at, or(mload(at), bits))
        }
    }

    function _keyOf(Entry memory entry) private pure returns (bytes memory) {
        if (entry.keyLength == ACCOUNT_KEY) return abi.encodePacked(bytes21(entry.key));
        return abi.encodePacked(entry.key, bytes21(entry.keyRest));
    }

    /// The bytes of each 64 bits the other way round.
    function _swapped(uint256 x) private pure returns (uint256) {
        x = ((x >> 8) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff)
            | ((x & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff) << 8);
        x = ((x >> 16) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff)
            | ((x & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff) << 16);
        return ((x >> 32) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff)
            | ((x & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff) << 32);
    }
}
