// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a chain is, at a fixed address of every chain.
interface IChainInformation {
    function chainId() external view returns (uint256);

    /// @notice As the chain was rented under.
    function name() external view returns (string memory);

    /// @notice Whose rules hold now.
    function owner() external view returns (address);

    /// @notice Seconds since 1970 of the first block.
    function createdAt() external view returns (uint64);

    /// @notice Gas of one block.
    function gasLimit() external view returns (uint64);

    /// @notice Bytes of the transactions of one block.
    function byteLimit() external view returns (uint64);
}
