// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

contract Manager is AccessManager {
    constructor(address admin) AccessManager(admin) {}
}

contract Ledger is AccessManaged {
    uint256 public entry;

    constructor(address manager) AccessManaged(manager) {}

    function write(uint256 value) external restricted {
        entry = value;
    }
}
