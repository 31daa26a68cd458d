// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What the contract that ordered a resharing is told of its end. Exactly one of the two comes, once.
interface IResharingHost {
    /// @param keysHash keccak256(u16 N ‖ Y'_0 ‖ .. ‖ Y'_{N-1}) of the new committee; the group key stays.
    function keyReshared(uint64 chainId, uint32 era, uint32 epoch, bytes32 keysHash) external;

    /// @param culprits Node ids that did not accept their seat, did not deal, or were convicted. May be empty.
    function resharingFailed(uint64 chainId, uint32[] calldata culprits) external;
}
