// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IRentPool} from "./interfaces/IRentPool.sol";

/// @notice Earned rent until it is paid out. See IRentPool.
contract RentPool is IRentPool, AccessManaged {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;

    constructor(address authority, IERC20 token_) AccessManaged(authority) {
        token = token_;
    }

    /// @inheritdoc IRentPool
    function pay(address to, uint256 amount) external restricted {
        token.safeTransfer(to, amount);
        emit RentPaid(to, amount);
    }
}
