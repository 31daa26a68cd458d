// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {G1} from "./G1.sol";

/// @notice The bytes of a dealing: R (48) ‖ c ‖ z ‖ A_0..A_{q-1} (48 each) ‖ ct_0..ct_{N-1} (32 each).
library Dealings {
    uint256 private constant COMMITMENTS = 112;

    /// @notice Exact length, scalars below r, points with canonical bytes. What can be refused at the door needs no court.
    function wellFormed(bytes calldata dealing, uint256 members, uint256 quorum) internal pure returns (bool) {
        if (dealing.length != COMMITMENTS + 48 * quorum + 32 * members) return false;
        if (challenge(dealing) >= G1.ORDER || response(dealing) >= G1.ORDER) return false;
        for (uint256 i = 0; i <= quorum; i++) {
            if (!G1.canonical(point(dealing, i))) return false;
        }
        for (uint256 j = 0; j < members; j++) {
            if (ciphertext(dealing, quorum, j) >= G1.ORDER) return false;
        }
        return true;
    }

    /// @notice R for index 0, A_k for k + 1.
    function point(bytes calldata dealing, uint256 index) internal pure returns (bytes calldata) {
        uint256 start = index == 0 ? 0 : COMMITMENTS + 48 * (index - 1);
        return dealing[start:start + 48];
    }

    function nonce(bytes calldata dealing) internal pure returns (bytes calldata) {
        return dealing[:48];
    }

    function challenge(bytes calldata dealing) internal pure returns (uint256) {
        return uint256(bytes32(dealing[48:80]));
    }

    function response(bytes calldata dealing) internal pure returns (uint256) {
        return uint256(bytes32(dealing[80:112]));
    }

    /// @notice A_0 ‖ .. ‖ A_{q-1}.
    function commitments(bytes calldata dealing, uint256 quorum) internal pure returns (bytes calldata) {
        return dealing[COMMITMENTS:COMMITMENTS + 48 * quorum];
    }

    function ciphertext(bytes calldata dealing, uint256 quorum, uint256 seat) internal pure returns (uint256) {
        uint256 start = COMMITMENTS + 48 * quorum + 32 * seat;
        return uint256(bytes32(dealing[start:start + 32]));
    }
}
