// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls} from "../../src/keys/Bls.sol";
import {G1} from "../../src/keys/G1.sol";
import {Precompiles} from "../../src/keys/Precompiles.sol";
import {Test} from "../lib/Test.sol";
import {Vectors} from "./Vectors.sol";

contract BlsTest is Test {
    function compress(bytes memory point) external pure returns (bytes memory) {
        return G1.compress(point);
    }

    function expand(bytes memory packed) external view returns (bytes memory) {
        return G1.expand(packed);
    }

    function mustCall(address precompile) external view {
        Precompiles.mustCall(precompile, new bytes(256), 128);
    }

    function test_signature() public view {
        vm.assertTrue(Bls.verify(Vectors.PUBLIC_KEY_128, Vectors.DIGEST, Vectors.SIGNATURE_256));
        vm.assertFalse(Bls.verify(Vectors.PUBLIC_KEY_128, Vectors.DIGEST, Vectors.OTHER_SIGNATURE_256));
        vm.assertFalse(Bls.verify(Vectors.PUBLIC_KEY_128, ~Vectors.DIGEST, Vectors.SIGNATURE_256));
        vm.assertFalse(Bls.verify(G1.GENERATOR, Vectors.DIGEST, Vectors.SIGNATURE_256));
    }

    function test_malformedIsRefusedWithoutReverting() public view {
        // Infinity as key and signature satisfies the pairing equation for every digest.
        vm.assertFalse(Bls.verify(new bytes(128), Vectors.DIGEST, new bytes(256)));
        vm.assertFalse(Bls.verify(new bytes(128), Vectors.DIGEST, Vectors.SIGNATURE_256));
        vm.assertFalse(Bls.verify(Vectors.PUBLIC_KEY_128, Vectors.DIGEST, new bytes(256)));
        vm.assertFalse(Bls.verify(Vectors.PUBLIC_KEY, Vectors.DIGEST, Vectors.SIGNATURE_256));
        vm.assertFalse(Bls.verify(Vectors.PUBLIC_KEY_128, Vectors.DIGEST, Vectors.PUBLIC_KEY_128));
        bytes memory broken = bytes.concat(Vectors.SIGNATURE_256);
        broken[255] ^= 0x01;
        (bool done, bytes memory answer) = address(this).staticcall{gas: 1_000_000}(
            abi.encodeCall(this.verify, (Vectors.PUBLIC_KEY_128, Vectors.DIGEST, broken))
        );
        vm.assertTrue(done && !abi.decode(answer, (bool)));
        bytes memory stray = G1.expand(Vectors.STRAY_ON_CURVE);
        (done, answer) = address(this).staticcall{gas: 1_000_000}(
            abi.encodeCall(this.verify, (stray, Vectors.DIGEST, Vectors.SIGNATURE_256))
        );
        vm.assertTrue(done && !abi.decode(answer, (bool)));
    }

    function verify(bytes memory key, bytes32 digest, bytes memory signature) external view returns (bool) {
        return Bls.verify(key, digest, signature);
    }

    function test_possessionIsBoundToTheAccount() public view {
        vm.assertTrue(Bls.verifyPossession(address(0xC0FFEE00), Vectors.PUBLIC_KEY_128, Vectors.POSSESSION_256));
        vm.assertFalse(Bls.verifyPossession(address(0xC0FFEE01), Vectors.PUBLIC_KEY_128, Vectors.POSSESSION_256));
        vm.assertFalse(Bls.verifyPossession(address(0xC0FFEE00), Vectors.PUBLIC_KEY, Vectors.POSSESSION_256));
    }

    function test_compression() public view {
        vm.assertEq(G1.compress(Vectors.PUBLIC_KEY_128), Vectors.PUBLIC_KEY);
        vm.assertEq(G1.expand(Vectors.PUBLIC_KEY), Vectors.PUBLIC_KEY_128);
        bytes[] memory keys = Vectors.keys16();
        for (uint256 i = 0; i < keys.length; i++) {
            vm.assertEq(G1.compress(G1.expand(keys[i])), keys[i]);
        }
        bytes memory negated = G1.compress(G1.NEGATED_GENERATOR);
        vm.assertEq(G1.expand(negated), G1.NEGATED_GENERATOR);
        vm.assertTrue(G1.isInfinity(G1.add(G1.GENERATOR, G1.NEGATED_GENERATOR)));
        bytes memory infinity = G1.compress(new bytes(128));
        vm.assertTrue(infinity.length == 48 && infinity[0] == 0xc0);
    }

    function testFuzz_compressionOfMultiples(uint256 scalar) public view {
        scalar = bound(scalar, 1, G1.ORDER - 1);
        bytes memory point = G1.multiply(abi.encodePacked(G1.GENERATOR, scalar));
        vm.assertEq(G1.expand(G1.compress(point)), point);
    }

    function test_pointsOffTheCurve() public {
        (bool onCurve,) = G1.decompress(Vectors.STRAY_OFF_CURVE);
        vm.assertFalse(onCurve);
        (onCurve,) = G1.decompress(Vectors.STRAY_ON_CURVE);
        vm.assertTrue(onCurve);
        vm.expectRevert(G1.MalformedPoint.selector);
        this.expand(Vectors.STRAY_OFF_CURVE);
    }

    function test_onlyCanonicalBytes() public {
        bytes memory packed = bytes.concat(Vectors.PUBLIC_KEY);
        vm.assertTrue(G1.canonical(packed));
        packed[0] &= 0x7f;
        vm.assertFalse(G1.canonical(packed));
        packed[0] |= 0xc0;
        vm.assertFalse(G1.canonical(packed));
        // x = p and x = p - 1.
        bytes memory p =
            hex"9a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
        vm.assertFalse(G1.canonical(p));
        p[47] = 0xaa;
        vm.assertTrue(G1.canonical(p));
        vm.assertFalse(G1.canonical(Vectors.PUBLIC_KEY_128));
        vm.expectRevert(G1.MalformedPoint.selector);
        this.compress(Vectors.PUBLIC_KEY);
        vm.expectRevert(G1.MalformedPoint.selector);
        this.compress(bytes.concat(bytes32(type(uint256).max), new bytes(96)));
    }

    /// Where there is no precompile a call succeeds with nothing: 0x12 stands for a chain before EIP-2537.
    function test_absentPrecompileIsNoAnswer() public {
        vm.expectRevert(abi.encodeWithSelector(Precompiles.PrecompileFailed.selector, address(0x12)));
        this.mustCall(address(0x12));
    }
}
