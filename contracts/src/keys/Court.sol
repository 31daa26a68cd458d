// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Dealings} from "./Dealings.sol";
import {G1} from "./G1.sol";
import {Precompiles} from "./Precompiles.sol";

/// @notice Judges proofs and complaints of key generation. Each function answers true only where guilt is proven; whatever
/// runs out of gas or is malformed by the accuser reverts or answers false, so that no honest dealer is convicted.
library Court {
    using Dealings for bytes;

    /// What every hash to a scalar is bound to.
    struct Context {
        bytes32 group;
        uint32 era;
        uint32 epoch;
    }

    /// A dealer's case: the size of its committee and its seat.
    struct Case {
        Context context;
        uint16 dealer;
        uint256 quorum;
    }

    /// The evidence of a share complaint, by the member in seat `accuser` with encryption key `key`.
    struct ShareEvidence {
        uint16 accuser;
        bytes key;
        bytes shared;
        uint256 challenge;
        uint256 response;
    }

    /// @dev Too little gas to tell a refused point from a starved call.
    error NotEnoughGas();

    bytes32 private constant ENCRYPTION_KEY = keccak256("tributary/v1/enc-key");
    bytes32 private constant DEALING_PROOF = keccak256("tributary/v1/dealing-pok");
    bytes32 private constant SHARE_KEY = keccak256("tributary/v1/share-key");
    bytes32 private constant SAME_SECRET = keccak256("tributary/v1/dleq");

    /// Gas for G1MSM of one point, which costs 12 000; the rest is for repricings.
    uint256 private constant MSM_GAS = 60_000;
    /// For what happens between measuring the gas and the call.
    uint256 private constant MSM_MARGIN = 2_000;

    /// @notice Whether (c, z) proves knowledge of the secret of the encryption key; the point is checked on the way.
    function provesKey(Context memory context, uint16 seat, bytes memory key, uint256 c, uint256 z)
        internal
        view
        returns (bool)
    {
        if (c >= G1.ORDER || z >= G1.ORDER) return false;
        bytes memory t = _commitment(G1.GENERATOR, G1.expand(key), c, z);
        return c == hashToScalar(ENCRYPTION_KEY, context, abi.encodePacked(seat, key, t));
    }

    /// @notice Whether point `index` of the dealing is off the curve or outside the subgroup.
    function isBadPoint(bytes calldata dealing, uint256 index) internal view returns (bool) {
        (bool onCurve, bytes memory point) = G1.decompress(dealing.point(index));
        return !onCurve || !_inSubgroup(point);
    }

    /// @notice Whether the dealer's proof of knowledge of rho fails. Reverts where R is no point: that is another complaint.
    function isBadProof(Case memory case_, bytes calldata dealing) internal view returns (bool) {
        uint256 c = dealing.challenge();
        bytes memory t = _commitment(G1.GENERATOR, G1.expand(dealing.nonce()), c, dealing.response());
        bytes memory fields = abi.encodePacked(case_.dealer, dealing.nonce(), dealing.commitments(case_.quorum), t);
        return c != hashToScalar(DEALING_PROOF, case_.context, fields);
    }

    /// @notice Whether the accuser's share is off the dealer's polynomial; S must be proven to be the accuser's.
    function isBadShare(Case memory case_, bytes calldata dealing, ShareEvidence memory evidence)
        internal
        view
        returns (bool)
    {
        if (!_provesShared(case_, dealing, evidence)) return false;
        bytes memory fields =
            abi.encodePacked(case_.dealer, evidence.accuser, dealing.nonce(), evidence.key, evidence.shared);
        uint256 pad = hashToScalar(SHARE_KEY, case_.context, fields);
        uint256 share = addmod(dealing.ciphertext(case_.quorum, evidence.accuser), G1.ORDER - pad, G1.ORDER);
        uint256 x = uint256(evidence.accuser) + 1;
        bytes memory terms = abi.encodePacked(G1.GENERATOR, _negated(share));
        uint256 power = 1;
        for (uint256 k = 0; k < case_.quorum; k++) {
            terms = abi.encodePacked(terms, G1.expand(dealing.point(k + 1)), power);
            power = mulmod(power, x, G1.ORDER);
        }
        return !G1.isInfinity(G1.multiply(terms));
    }

    /// @notice H_r: 512 bits of keccak256 modulo r, bound to the tag and the generation.
    function hashToScalar(bytes32 tag, Context memory context, bytes memory fields) internal pure returns (uint256) {
        bytes memory d = abi.encodePacked(tag, context.group, context.era, context.epoch, fields);
        uint256 high = uint256(keccak256(abi.encodePacked(uint8(0), d)));
        uint256 low = uint256(keccak256(abi.encodePacked(uint8(1), d)));
        // 2^256 modulo r.
        uint256 shift = type(uint256).max % G1.ORDER + 1;
        return addmod(mulmod(high, shift, G1.ORDER), low, G1.ORDER);
    }

    /// The proof that log_G(E_j) = log_R(S).
    function _provesShared(Case memory case_, bytes calldata dealing, ShareEvidence memory evidence)
        private
        view
        returns (bool)
    {
        uint256 c = evidence.challenge;
        uint256 z = evidence.response;
        if (c >= G1.ORDER || z >= G1.ORDER) return false;
        bytes memory t1 = _commitment(G1.GENERATOR, G1.expand(evidence.key), c, z);
        bytes memory t2 = _commitment(G1.expand(dealing.nonce()), G1.expand(evidence.shared), c, z);
        bytes memory fields =
            abi.encodePacked(case_.dealer, evidence.accuser, dealing.nonce(), evidence.key, evidence.shared, t1, t2);
        return c == hashToScalar(SAME_SECRET, case_.context, fields);
    }

    /// z base - c point, compressed.
    function _commitment(bytes memory base, bytes memory point, uint256 c, uint256 z)
        private
        view
        returns (bytes memory)
    {
        return G1.compress(G1.multiply(abi.encodePacked(base, z, point, _negated(c))));
    }

    function _negated(uint256 scalar) private pure returns (uint256) {
        return scalar == 0 ? 0 : G1.ORDER - scalar;
    }

    /// For a point on the curve. A precompile that was starved fails like one that refused the point, so both calls
    /// get the same gas for sure, and the first, with a good point, shows that it is enough.
    function _inSubgroup(bytes memory point) private view returns (bool done) {
        (done,) = _measuredMultiply(G1.GENERATOR);
        if (!done) revert NotEnoughGas();
        (done,) = _measuredMultiply(point);
    }

    function _measuredMultiply(bytes memory point) private view returns (bool done, bytes memory output) {
        bytes memory input = abi.encodePacked(point, uint256(1));
        uint256 left = gasleft();
        // A call gets at most 63/64 of what is left, however much it asks for.
        if (left - left / 64 < MSM_GAS + MSM_MARGIN) revert NotEnoughGas();
        (done, output) = Precompiles.G1_MSM.staticcall{gas: MSM_GAS}(input);
        if (done && output.length != 128) revert Precompiles.PrecompileFailed(Precompiles.G1_MSM);
    }
}
