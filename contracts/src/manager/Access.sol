// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice Who may do what in the manager's contracts. Roles: 0 admin (grants the others), 1 mints tokens, 2 sets
/// parameters, 3 reports chains as paused or resumed, 4 pays out of the rent pool, 5 opens Recoveries at once.
contract Access is AccessManager {
    uint64 public constant MINTER = 1;
    uint64 public constant PARAMETERS = 2;
    uint64 public constant REPORTER = 3;
    uint64 public constant TREASURER = 4;
    uint64 public constant RECOVERER = 5;

    constructor(address admin) AccessManager(admin) {}
}
