// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What the contract that ordered a key generation is told of its end. Exactly one of the two comes, once.
interface IKeyGenerationHost {
    /// @param groupKey Group public key, compressed G1, 48 bytes.
    /// @param keysHash keccak256(u16 N ‖ Y_0 ‖ .. ‖ Y_{N-1}): the public keys of the shares, 48 bytes each.
    function keyGenerated(uint64 chainId, uint32 era, uint32 epoch, bytes calldata groupKey, bytes32 keysHash) external;

    /// @param culprits Node ids that did not accept their seat, did not deal, or were convicted. May be empty.
    function keyGenerationFailed(uint64 chainId, uint32[] calldata culprits) external;
}
