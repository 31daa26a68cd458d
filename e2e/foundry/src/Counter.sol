// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

contract Counter {
    uint256 public number;

    event Changed(address indexed by, uint256 number);

    error TooLarge(uint256 number);

    constructor(uint256 start) {
        number = start;
    }

    function add(uint256 amount) external {
        if (amount > 1000) revert TooLarge(amount);
        number += amount;
        emit Changed(msg.sender, number);
    }

    function fail() external pure {
        revert("user error");
    }
}
