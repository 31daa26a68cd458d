// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls} from "../../src/keys/Bls.sol";
import {G1} from "../../src/keys/G1.sol";
import {Precompiles} from "../../src/keys/Precompiles.sol";

/// Real BLS keys and signatures for tests, by the same precompiles that verify them.
library BlsSigner {
    address private constant G1_MSM = address(0x0c);
    address private constant G2_MSM = address(0x0e);

    function publicKey(uint256 secret) internal view returns (bytes memory) {
        return Precompiles.mustCall(G1_MSM, abi.encodePacked(G1.GENERATOR, secret), 128);
    }

    function sign(uint256 secret, bytes32 digest) internal view returns (bytes memory) {
        return Precompiles.mustCall(G2_MSM, abi.encodePacked(Bls.hashToG2(digest), secret), 256);
    }
}
