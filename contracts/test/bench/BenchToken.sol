// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// What most tokens are: OpenZeppelin's ERC20 and nothing else.
contract BenchToken is ERC20 {
    constructor() ERC20("Bench", "BENCH") {
        _mint(msg.sender, type(uint128).max);
    }
}
