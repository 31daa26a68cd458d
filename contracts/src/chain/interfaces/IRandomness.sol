// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Random values from the beacons of the chain's own blocks, at a fixed address of every chain. A block's beacon
/// is the hash of a threshold signature over its order: there is one only, and nobody knows it while it can still be
/// chosen what stands in the block. Values for other callers, tags, blocks or chains tell nothing about one another.
///
/// Whoever calls knows the value in the same transaction, and can revert where it is not to its liking. So let what is at
/// stake be fixed in one block, and draw from a later one by the functions that name it: whoever sends that transaction,
/// and when, changes nothing.
interface IRandomness {
    error NoBeacon(uint256 blockNumber);
    error NothingBelow();

    /// @notice Of this block, for the caller and a tag of its own.
    function random(bytes32 tag) external view returns (bytes32);

    /// @notice A number of this block from 0 to below `bound`, each as likely as the others.
    function randomBelow(uint256 bound, bytes32 tag) external view returns (uint256);

    /// @notice Of one of the last 8191 blocks before this one; another value than its `random` was.
    function randomAt(uint256 blockNumber, bytes32 tag) external view returns (bytes32);

    /// @notice A number of one of the last 8191 blocks before this one.
    function randomBelowAt(uint256 blockNumber, uint256 bound, bytes32 tag) external view returns (uint256);
}
