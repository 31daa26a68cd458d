// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRecovery} from "../../src/manager/interfaces/IRecovery.sol";
import {RecoveryTest} from "./RecoveryTest.sol";

/// What members pay in a Recovery.
contract RecoveryGasTest is RecoveryTest {
    bytes private _key;
    bytes private _header;
    bytes private _final;
    IRecovery.Order private _order;
    bytes private _ordered;
    bytes private _cancel;
    address private _member;

    function setUp() public override {
        super.setUp();
        open();
        standFirst(1);
        _key = keyOf(1);
        _header = container(40, "segments");
        _final = sign(1, finalOf(_header, 1, 40));
        bytes memory content = orderContent(orderOf(41));
        _order = IRecovery.Order(1, 42, content);
        _ordered = sign(1, orderDigest(1, 42, content));
        _cancel = sign(1, recovery.cancelDigest(chain));
        _member = nodes.accountOf(committees.committeeOf(chain)[5]);
    }

    function test_gasOfClaimingAFinalContainer() external {
        recovery.claimFinal(chain, _header, _key, _final);
    }

    function test_gasOfClaimingAnOrder() external {
        recovery.claimOrder(chain, _order, _key, _ordered);
    }

    function test_gasOfCancelling() external {
        recovery.cancel(chain, _key, _cancel);
    }

    function test_gasOfStanding() external {
        vm.prank(_member);
        recovery.stand(chain);
    }
}
