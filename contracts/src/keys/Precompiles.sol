// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Calls of precompiled contracts that cannot be mistaken: on a chain without the precompile a call succeeds
/// with empty output, so the size of the output is checked too.
library Precompiles {
    error PrecompileFailed(address precompile);

    address internal constant MODEXP = address(0x05);
    address internal constant G1_ADD = address(0x0b);
    address internal constant G1_MSM = address(0x0c);
    address internal constant G2_ADD = address(0x0d);
    address internal constant PAIRING = address(0x0f);
    address internal constant MAP_FP2_TO_G2 = address(0x11);

    function mustCall(address precompile, bytes memory input, uint256 outputSize) internal view returns (bytes memory) {
        (bool done, bytes memory output) = precompile.staticcall(input);
        if (!done || output.length != outputSize) revert PrecompileFailed(precompile);
        return output;
    }

    /// @notice False where the precompile refused the input (or had no gas); reverts where it does not exist.
    function tryCall(address precompile, bytes memory input, uint256 outputSize)
        internal
        view
        returns (bool done, bytes memory output)
    {
        (done, output) = precompile.staticcall(input);
        if (done && output.length != outputSize) revert PrecompileFailed(precompile);
    }

    /// @return base^exponent mod modulus, as long as the modulus.
    function modexp(bytes memory base, bytes memory exponent, bytes memory modulus)
        internal
        view
        returns (bytes memory)
    {
        bytes memory lengths = abi.encodePacked(base.length, exponent.length, modulus.length);
        return mustCall(MODEXP, abi.encodePacked(lengths, base, exponent, modulus), modulus.length);
    }
}
