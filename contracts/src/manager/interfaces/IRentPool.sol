// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Holds earned rent until it is paid to those who earned it.
interface IRentPool {
    event RentPaid(address indexed to, uint256 amount);

    /// @notice By role.
    function pay(address to, uint256 amount) external;
}
