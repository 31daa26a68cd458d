// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Precompiles} from "./Precompiles.sol";

/// @notice Points of BLS12-381's G1: 128 bytes as EIP-2537 takes them (x, y, each 48 bytes padded to 64; infinity is all
/// zeros), 48 bytes as they are hashed and posted (x, sign of y and flags in the upper three bits of the first byte).
library G1 {
    error MalformedPoint();

    /// Base field modulus p, upper 16 and lower 32 bytes.
    uint256 internal constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 internal constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
    /// (p - 1) / 2: a larger y has its sign flag set.
    uint256 private constant HALF_HIGH = 0xd0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;
    /// (p + 1) / 4: p = 3 mod 4, so a square's root is its power.
    bytes private constant ROOT_EXPONENT =
        hex"0680447a8e5ff9a692c6e9ed90d2eb35d91dd2e13ce144afd9cc34a83dac3d8907aaffffac54ffffee7fbfffffffeaab";
    bytes private constant P =
        hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    /// Order r of G1 and G2: scalars live modulo r.
    uint256 internal constant ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    bytes internal constant GENERATOR =
        hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
    bytes internal constant NEGATED_GENERATOR =
        hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";

    /// @notice The 48 bytes of a point of 128. Reverts where a coordinate is not below p; does not check the curve.
    function compress(bytes memory point) internal pure returns (bytes memory packed) {
        if (point.length != 128) revert MalformedPoint();
        uint256 xHigh = _word(point, 0);
        uint256 xLow = _word(point, 32);
        uint256 yHigh = _word(point, 64);
        uint256 yLow = _word(point, 96);
        if (!_belowP(xHigh, xLow) || !_belowP(yHigh, yLow)) revert MalformedPoint();
        uint256 flags = 0x80;
        if ((xHigh | xLow | yHigh | yLow) == 0) flags |= 0x40;
        else if (yHigh > HALF_HIGH || (yHigh == HALF_HIGH && yLow > HALF_LOW)) flags |= 0x20;
        // x is below p: its upper word has 125 bits, and the flags take the other three.
        // forge-lint: disable-next-line(unsafe-typecast)
        packed = abi.encodePacked(uint128(xHigh | (flags << 120)), xLow);
    }

    /// @notice Whether 48 bytes have the flags of a finite compressed point and x below p. Cheap; says nothing of the curve.
    function canonical(bytes memory packed) internal pure returns (bool) {
        if (packed.length != 48) return false;
        (uint256 flags, uint256 xHigh, uint256 xLow) = _unpack(packed);
        return (flags & 0xc0) == 0x80 && _belowP(xHigh, xLow);
    }

    /// @notice The point of 128 bytes whose 48 these are, on the curve but perhaps outside the subgroup.
    /// @return onCurve False where x^3 + 4 is not a square, that is, no such point exists; then `point` is empty.
    /// @dev Refuses infinity. A precompile that fails reverts, so running out of gas never looks like a bad point.
    function decompress(bytes memory packed) internal view returns (bool onCurve, bytes memory point) {
        if (!canonical(packed)) revert MalformedPoint();
        (uint256 flags, uint256 xHigh, uint256 xLow) = _unpack(packed);
        bytes memory x = abi.encodePacked(xHigh, xLow);
        bytes memory square = _addFour(Precompiles.modexp(x, hex"03", P));
        bytes memory y = Precompiles.modexp(square, ROOT_EXPONENT, P);
        if (keccak256(Precompiles.modexp(y, hex"02", P)) != keccak256(square)) return (false, "");
        uint256 yHigh = _word(_pad(y), 0);
        uint256 yLow = _word(_pad(y), 32);
        bool larger = yHigh > HALF_HIGH || (yHigh == HALF_HIGH && yLow > HALF_LOW);
        // y = 0 does not occur: the curve has odd order, so no point of order 2.
        if (larger != ((flags & 0x20) != 0)) (yHigh, yLow) = _negate(yHigh, yLow);
        return (true, abi.encodePacked(x, yHigh, yLow));
    }

    /// @notice The point of 128 bytes; reverts where there is none on the curve.
    function expand(bytes memory packed) internal view returns (bytes memory point) {
        bool onCurve;
        (onCurve, point) = decompress(packed);
        if (!onCurve) revert MalformedPoint();
    }

    function add(bytes memory a, bytes memory b) internal view returns (bytes memory) {
        return Precompiles.mustCall(Precompiles.G1_ADD, abi.encodePacked(a, b), 128);
    }

    /// @notice Sum of scalar multiples; `terms` is the concatenation of point (128) and scalar (32) pairs.
    /// @dev The precompile refuses points outside the subgroup; that reverts here.
    function multiply(bytes memory terms) internal view returns (bytes memory) {
        return Precompiles.mustCall(Precompiles.G1_MSM, terms, 128);
    }

    function isInfinity(bytes memory point) internal pure returns (bool) {
        return (_word(point, 0) | _word(point, 32) | _word(point, 64) | _word(point, 96)) == 0;
    }

    function _belowP(uint256 high, uint256 low) private pure returns (bool) {
        return high < P_HIGH || (high == P_HIGH && low < P_LOW);
    }

    function _negate(uint256 high, uint256 low) private pure returns (uint256, uint256) {
        unchecked {
            return (P_HIGH - high - (low > P_LOW ? 1 : 0), P_LOW - low);
        }
    }

    function _addFour(bytes memory value) private pure returns (bytes memory) {
        bytes memory padded = _pad(value);
        uint256 high = _word(padded, 0);
        uint256 low = _word(padded, 32);
        unchecked {
            uint256 sum = low + 4;
            if (sum < low) high += 1;
            low = sum;
            if (!_belowP(high, low)) {
                high = high - P_HIGH - (low < P_LOW ? 1 : 0);
                low = low - P_LOW;
            }
        }
        // Below p: the upper word has 125 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return abi.encodePacked(uint128(high), low);
    }

    /// 48 bytes to 64.
    function _pad(bytes memory value) private pure returns (bytes memory) {
        return abi.encodePacked(bytes16(0), value);
    }

    function _unpack(bytes memory packed) private pure returns (uint256 flags, uint256 xHigh, uint256 xLow) {
        uint256 first = _word(packed, 0);
        flags = (first >> 248) & 0xe0;
        xHigh = (first >> 128) & (type(uint128).max >> 3);
        assembly ("memory-safe") {
            xLow := mload(add(packed, 48))
        }
    }

    function _word(bytes memory data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), offset))
        }
    }
}
