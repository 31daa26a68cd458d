// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ledger} from "./Ledger.sol";

/// Sums up what two owe each other.
contract Reader {
    Ledger public immutable ledger;

    constructor(Ledger ledger_) {
        ledger = ledger_;
    }

    function balance(address one, address other) external view returns (int256) {
        return int256(ledger.owed(other, one)) - int256(ledger.owed(one, other));
    }
}
