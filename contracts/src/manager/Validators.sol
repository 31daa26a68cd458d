// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IValidators} from "./interfaces/IValidators.sol";

/// @notice Validators and their stake. See IValidators.
contract Validators is IValidators, AccessManaged {
    using SafeERC20 for IERC20;

    /// Keeps stake * nodes far from overflow.
    uint256 public constant HIGHEST_MINIMUM_STAKE = 1e30;

    struct Validator {
        address owner;
        uint32 nodes;
        uint256 stake;
    }

    IERC20 public immutable token;
    address public immutable nodes;

    uint256 public minimumStake;
    uint32 public validatorCount;
    mapping(address owner => uint32 validatorId) public validatorOf;
    mapping(uint32 validatorId => Validator) private _validators;

    modifier onlyNodes() {
        if (msg.sender != nodes) revert OnlyNodes(msg.sender);
        _;
    }

    constructor(address authority, IERC20 token_, address nodes_, uint256 minimumStake_) AccessManaged(authority) {
        token = token_;
        nodes = nodes_;
        _setMinimumStake(minimumStake_);
    }

    /// @inheritdoc IValidators
    function register() external returns (uint32 validatorId) {
        if (validatorOf[msg.sender] != 0) revert AlreadyRegistered(msg.sender, validatorOf[msg.sender]);
        validatorId = ++validatorCount;
        validatorOf[msg.sender] = validatorId;
        _validators[validatorId].owner = msg.sender;
        emit ValidatorRegistered(validatorId, msg.sender);
    }

    /// @inheritdoc IValidators
    function deposit(uint32 validatorId, uint256 amount) external {
        Validator storage validator = _validator(validatorId);
        if (amount == 0) revert AmountZero();
        validator.stake += amount;
        token.safeTransferFrom(msg.sender, address(this), amount);
        emit StakeDeposited(validatorId, msg.sender, amount, validator.stake);
    }

    /// @inheritdoc IValidators
    function withdraw(uint32 validatorId, uint256 amount) external {
        Validator storage validator = _validator(validatorId);
        if (msg.sender != validator.owner) revert NotOwner(validatorId, msg.sender);
        if (amount == 0) revert AmountZero();
        uint256 required = validator.nodes * minimumStake;
        if (validator.stake < amount || validator.stake - amount < required) {
            revert StakeTooLow(validatorId, validator.stake, required + amount);
        }
        validator.stake -= amount;
        token.safeTransfer(validator.owner, amount);
        emit StakeWithdrawn(validatorId, validator.owner, amount, validator.stake);
    }

    /// @inheritdoc IValidators
    function bindNode(uint32 validatorId) external onlyNodes {
        Validator storage validator = _validator(validatorId);
        uint256 required = ++validator.nodes * minimumStake;
        if (validator.stake < required) revert StakeTooLow(validatorId, validator.stake, required);
    }

    /// @inheritdoc IValidators
    function freeNode(uint32 validatorId) external onlyNodes {
        _validator(validatorId).nodes--;
    }

    /// @inheritdoc IValidators
    function setMinimumStake(uint256 value) external restricted {
        _setMinimumStake(value);
    }

    /// @inheritdoc IValidators
    function ownerOf(uint32 validatorId) external view returns (address) {
        return _validators[validatorId].owner;
    }

    /// @inheritdoc IValidators
    function stakeOf(uint32 validatorId) external view returns (uint256 stake, uint32 nodes_, uint256 withdrawable) {
        Validator storage validator = _validator(validatorId);
        stake = validator.stake;
        nodes_ = validator.nodes;
        uint256 required = nodes_ * minimumStake;
        withdrawable = stake > required ? stake - required : 0;
    }

    function _setMinimumStake(uint256 value) private {
        if (value > HIGHEST_MINIMUM_STAKE) revert MinimumStakeOutOfBounds(value, HIGHEST_MINIMUM_STAKE);
        minimumStake = value;
        emit MinimumStakeChanged(value);
    }

    function _validator(uint32 validatorId) private view returns (Validator storage validator) {
        validator = _validators[validatorId];
        if (validator.owner == address(0)) revert UnknownValidator(validatorId);
    }
}
