// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Validators and their stake. A validator is an account with a stake; each of its nodes binds `minimumStake`.
interface IValidators {
    event ValidatorRegistered(uint32 indexed validatorId, address indexed owner);
    event StakeDeposited(uint32 indexed validatorId, address indexed from, uint256 amount, uint256 stake);
    event StakeWithdrawn(uint32 indexed validatorId, address indexed to, uint256 amount, uint256 stake);
    event MinimumStakeChanged(uint256 minimumStake);

    error AlreadyRegistered(address owner, uint32 validatorId);
    error UnknownValidator(uint32 validatorId);
    error NotOwner(uint32 validatorId, address caller);
    error StakeTooLow(uint32 validatorId, uint256 stake, uint256 required);
    error AmountZero();
    error MinimumStakeOutOfBounds(uint256 value, uint256 highest);
    error OnlyNodes(address caller);

    /// @notice Registers the caller. One validator an account.
    function register() external returns (uint32 validatorId);

    /// @notice Adds to a validator's stake from the caller's tokens (approved to this contract before).
    function deposit(uint32 validatorId, uint256 amount) external;

    /// @notice Pays stake that no node needs back to the owner.
    function withdraw(uint32 validatorId, uint256 amount) external;

    /// @notice Called by the node registry: binds the minimum stake for one more node, or frees it.
    function bindNode(uint32 validatorId) external;
    function freeNode(uint32 validatorId) external;

    /// @notice Tokens that one node binds. A raise holds for the next node and for withdrawals, and ends no node.
    function minimumStake() external view returns (uint256);
    function setMinimumStake(uint256 value) external;

    function validatorCount() external view returns (uint32);
    /// @notice Zero where the account is no validator.
    function validatorOf(address owner) external view returns (uint32 validatorId);
    /// @notice Zero address where there is none.
    function ownerOf(uint32 validatorId) external view returns (address);
    function stakeOf(uint32 validatorId) external view returns (uint256 stake, uint32 nodes, uint256 withdrawable);
}
