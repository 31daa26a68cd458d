// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {BenchToken} from "./BenchToken.sol";

/// Makes accounts that hold a wei and tokens, at addresses that lie all over the state.
contract BenchFiller {
    BenchToken public immutable token = new BenchToken();

    constructor() payable {}

    /// Accounts of these numbers.
    function fill(uint256 first, uint256 count) external {
        for (uint256 i = first; i < first + count; i++) {
            _give(address(uint160(uint256(keccak256(abi.encode(i))))));
        }
    }

    /// Accounts whose keys the caller knows.
    function fillThese(address[] calldata accounts) external {
        for (uint256 i = 0; i < accounts.length; i++) {
            _give(accounts[i]);
        }
    }

    function _give(address account) private {
        token.transfer(account, 1e18);
        Address.sendValue(payable(account), 1);
    }
}
