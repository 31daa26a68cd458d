// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What key generation reads of the registry of nodes.
interface INodeKeys {
    /// @notice The account of the node: the address of its secp256k1 node key, from which it sends.
    function accountOf(uint32 nodeId) external view returns (address);

    /// @notice The registered BLS key (its proof of possession was checked), 128 bytes as EIP-2537 takes it.
    function blsKeyOf(uint32 nodeId) external view returns (bytes memory);
}
