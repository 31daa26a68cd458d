// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {G1} from "./G1.sol";
import {Precompiles} from "./Precompiles.sol";

/// @notice BLS signatures over 32-byte digests by the EIP-2537 precompiles: public keys in G1, signatures in G2, the
/// ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_. Points are uncompressed as EIP-2537 takes them (128 and 256 bytes).
library Bls {
    bytes32 internal constant POSSESSION_TAG = keccak256("tributary/v1/pop");

    /// The ciphersuite's name and its length (43): the domain separation of RFC 9380.
    bytes private constant DOMAIN = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_\x2b";
    bytes private constant P =
        hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    /// @notice Whether the signature is the key's over the digest. Never reverts on malformed input; infinity is refused
    /// for both, and the pairing refuses points off the curve or outside the subgroup. About 200 000 gas when it
    /// is well formed; a malformed point burns the gas of the call (EIP-2537).
    function verify(bytes memory publicKey128, bytes32 digest, bytes memory signature256) internal view returns (bool) {
        return verifyHashed(publicKey128, hashToG2(digest), signature256);
    }

    /// @notice As `verify`, with the digest hashed to the curve before (saves 50 000 gas from the second signature on).
    function verifyHashed(bytes memory publicKey128, bytes memory hashed, bytes memory signature256)
        internal
        view
        returns (bool)
    {
        if (publicKey128.length != 128 || signature256.length != 256) return false;
        if (_isZero(publicKey128) || _isZero(signature256)) return false;
        (bool done, bytes memory output) = Precompiles.tryCall(
            Precompiles.PAIRING, abi.encodePacked(publicKey128, hashed, G1.NEGATED_GENERATOR, signature256), 32
        );
        return done && abi.decode(output, (uint256)) == 1;
    }

    /// @notice What a proof of possession signs: bound to the account, so that nobody registers another's key as his.
    function possessionDigest(address account, bytes memory publicKey48) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(POSSESSION_TAG, account, publicKey48));
    }

    /// @notice Whether `account` holds the secret of the public key.
    function verifyPossession(address account, bytes memory publicKey128, bytes memory signature256)
        internal
        view
        returns (bool)
    {
        if (publicKey128.length != 128) return false;
        return verify(publicKey128, possessionDigest(account, G1.compress(publicKey128)), signature256);
    }

    /// @notice The 48 bytes of a point of 128; reverts where a coordinate is not below p.
    function compressG1(bytes memory point128) internal pure returns (bytes memory) {
        return G1.compress(point128);
    }

    /// @notice hash_to_curve of RFC 9380 for G2.
    function hashToG2(bytes32 digest) internal view returns (bytes memory) {
        bytes memory uniform = _expand(digest);
        return
            Precompiles.mustCall(Precompiles.G2_ADD, abi.encodePacked(_mapped(uniform, 0), _mapped(uniform, 128)), 256);
    }

    /// One field element of Fp2 from 128 uniform bytes, mapped to G2 with its cofactor cleared.
    function _mapped(bytes memory uniform, uint256 offset) private view returns (bytes memory) {
        bytes memory element =
            abi.encodePacked(bytes16(0), _reduced(uniform, offset), bytes16(0), _reduced(uniform, offset + 64));
        return Precompiles.mustCall(Precompiles.MAP_FP2_TO_G2, element, 256);
    }

    /// 64 bytes modulo p.
    function _reduced(bytes memory uniform, uint256 offset) private view returns (bytes memory) {
        bytes32 high;
        bytes32 low;
        assembly ("memory-safe") {
            high := mload(add(add(uniform, 32), offset))
            low := mload(add(add(uniform, 64), offset))
        }
        return Precompiles.modexp(abi.encodePacked(high, low), hex"01", P);
    }

    /// expand_message_xmd with SHA-256 to 256 bytes.
    function _expand(bytes32 digest) private pure returns (bytes memory uniform) {
        bytes32 first = sha256(abi.encodePacked(bytes32(0), bytes32(0), digest, uint16(256), uint8(0), DOMAIN));
        bytes32 block_ = sha256(abi.encodePacked(first, uint8(1), DOMAIN));
        uniform = abi.encodePacked(block_);
        for (uint8 i = 2; i <= 8; i++) {
            block_ = sha256(abi.encodePacked(first ^ block_, i, DOMAIN));
            uniform = abi.encodePacked(uniform, block_);
        }
    }

    function _isZero(bytes memory data) private pure returns (bool) {
        uint256 any;
        for (uint256 offset = 32; offset <= data.length; offset += 32) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(data, offset))
            }
            any |= word;
        }
        return any == 0;
    }
}
