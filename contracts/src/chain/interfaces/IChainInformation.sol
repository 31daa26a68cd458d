// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a chain is, at a fixed address of every chain.
interface IChainInformation {
    error NotTheProtocol(address caller);

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

    /// @notice In which this block was ordered: of the group's key, as the mainchain counts them. 0 before the first
    /// block.
    function era() external view returns (uint64);

    /// @notice In which this block was ordered: of the committee, as the mainchain counts them in each era. 0 before the
    /// first block.
    function epoch() external view returns (uint64);

    /// @notice Seats of the committee that ordered this block. 0 before the first block.
    function members() external view returns (uint16);

    /// @notice How many of these make a block final. 0 before the first block.
    function quorum() external view returns (uint16);

    /// @notice Hash of that committee's members and share keys, as the container's header names it. 0 before the first
    /// block.
    function committee() external view returns (bytes32);

    /// @notice What the protocol itself says at the beginning of the first block of each term. Reverts for others.
    function beginTerm(uint64 newEra, uint64 newEpoch, uint16 newMembers, bytes32 newCommittee) external;
}
