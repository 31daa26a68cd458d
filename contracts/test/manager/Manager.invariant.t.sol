// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "../lib/Test.sol";
import {ManagerActions} from "./ManagerActions.sol";

contract ManagerInvariantTest is Test {
    ManagerActions private _actions;

    function setUp() external {
        _actions = new ManagerActions();
        targetContract(address(_actions));
        bytes4[] memory selectors = new bytes4[](15);
        selectors[0] = ManagerActions.register.selector;
        selectors[1] = ManagerActions.depart.selector;
        selectors[2] = ManagerActions.order.selector;
        selectors[3] = ManagerActions.selectNext.selector;
        selectors[4] = ManagerActions.finishKey.selector;
        selectors[5] = ManagerActions.pause.selector;
        selectors[6] = ManagerActions.end.selector;
        selectors[7] = ManagerActions.extend.selector;
        selectors[8] = ManagerActions.reprice.selector;
        selectors[9] = ManagerActions.collect.selector;
        selectors[10] = ManagerActions.settle.selector;
        selectors[11] = ManagerActions.rotate.selector;
        selectors[12] = ManagerActions.finishRotation.selector;
        selectors[13] = ManagerActions.releaseLeavers.selector;
        selectors[14] = ManagerActions.resize.selector;
        targetSelector(address(_actions), selectors);
    }

    function invariant_escrowEqualsUnearnedRents() external view {
        _actions.checkEscrow();
    }

    function invariant_slotsAreNeverOversold() external view {
        _actions.checkSlots();
    }

    function invariant_oneCommitteeAChain() external view {
        _actions.checkCommittees();
    }

    /// The actions reach what the invariants speak of: a fixed walk through every state.
    function test_theActionsReachSelectionsAndEnds() external {
        for (uint256 i = 0; i < 40; i++) {
            uint256 seed = uint256(keccak256(abi.encode("walk", i)));
            _actions.order(seed);
            if (i % 3 > 0) _actions.selectNext(bytes32(seed), i % 7 == 0);
            _actions.finishKey(seed >> 3, i % 5 > 0);
            _actions.register(seed);
            _actions.depart(seed >> 5);
            _actions.extend(seed >> 7, uint8(seed));
            _actions.end(seed >> 9);
            for (uint256 k = 0; k < 4; k++) {
                _actions.rotate(seed >> (13 + k));
            }
            for (uint256 k = 0; k < 8; k++) {
                _actions.resize((seed >> 15) + k, uint8(seed >> (17 + k)));
            }
            for (uint256 k = 0; k < 3; k++) {
                if (i % 3 == 1) _actions.selectNext(bytes32(seed >> k), false);
            }
            for (uint256 k = 0; k < 40; k++) {
                _actions.finishRotation(i + k, i % 4 > 0);
            }
            if (i % 2 == 0) _actions.releaseLeavers(seed >> 13);
            _actions.collect(seed >> 11, uint32(seed));
            _actions.checkEscrow();
            _actions.checkSlots();
            _actions.checkCommittees();
        }
        vm.assertGt(_actions.selections(), 15);
        vm.assertGt(_actions.nodesAdded(), 8);
        vm.assertGt(_actions.rotated(), 3);
        vm.assertGt(_actions.resized(), 0);
    }
}
