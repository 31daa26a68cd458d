// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Forks} from "../../src/manager/Forks.sol";
import {IChains} from "../../src/manager/interfaces/IChains.sol";
import {IForks} from "../../src/manager/interfaces/IForks.sol";
import {ManagerTest} from "./ManagerTest.sol";

interface IAccessErrors {
    error AccessManagedUnauthorized(address caller);
}

contract ForksTest is ManagerTest {
    uint32 private constant NOTICE = 7 days;

    Forks private _forks;
    uint64 private _chain;
    bytes32 private _group;

    function setUp() public override {
        super.setUp();
        _forks = new Forks(address(access), IChains(address(chains)), NOTICE);
        addNodes(4);
        _chain = createRunning("running", 4);
        _group = chains.chainOf(_chain).group;
    }

    function test_theOwnerAnnouncesRulesAheadOfTime() external {
        uint64 time = _soon();
        vm.expectEmit(address(_forks));
        emit IForks.ForkScheduled(_chain, _group, 2, time);
        _forks.schedule(_chain, 2, time);
        _forks.schedule(_chain, 5, time + 1);
        IForks.Fork[] memory list = _forks.forksOf(_chain);
        vm.assertEq(list.length, 2);
        vm.assertEq(list[0].rules, 2);
        vm.assertEq(list[0].time, time);
        vm.assertFalse(list[0].cancelled);
        vm.assertEq(list[1].rules, 5);
        vm.assertEq(_forks.notice(), NOTICE);
    }

    function test_governanceMayByRoleAndNobodyElse() external {
        uint64 time = _soon();
        vm.expectRevert(abi.encodeWithSelector(IAccessErrors.AccessManagedUnauthorized.selector, account(9)));
        vm.prank(account(9));
        _forks.schedule(_chain, 2, time);
        grant(address(_forks), Forks.schedule.selector, access.PARAMETERS());
        access.grantRole(access.PARAMETERS(), account(9), 0);
        vm.prank(account(9));
        _forks.schedule(_chain, 2, time);
        // Each call has a role of its own.
        vm.expectRevert(abi.encodeWithSelector(IAccessErrors.AccessManagedUnauthorized.selector, account(9)));
        vm.prank(account(9));
        _forks.cancel(_chain);
    }

    function test_noShorterNoticeAndNoFartherThanTenYears() external {
        uint256 earliest = _soon();
        uint256 latest = vm.getBlockTimestamp() + 3650 days;
        vm.expectRevert(abi.encodeWithSelector(IForks.TimeOutOfBounds.selector, earliest - 1, earliest, latest));
        _forks.schedule(_chain, 2, uint64(earliest - 1));
        vm.expectRevert(abi.encodeWithSelector(IForks.TimeOutOfBounds.selector, latest + 1, earliest, latest));
        _forks.schedule(_chain, 2, uint64(latest + 1));
        _forks.schedule(_chain, 2, uint64(latest - 1));
        vm.expectRevert(abi.encodeWithSelector(IForks.TimeOutOfBounds.selector, latest - 1, latest, latest));
        _forks.schedule(_chain, 3, uint64(latest - 1));
    }

    function test_rulesGoUpOnly() external {
        vm.expectRevert(abi.encodeWithSelector(IForks.RulesOutOfOrder.selector, _chain, 1, 1));
        _forks.schedule(_chain, 1, _soon());
        _forks.schedule(_chain, 3, _soon());
        vm.expectRevert(abi.encodeWithSelector(IForks.RulesOutOfOrder.selector, _chain, 2, 3));
        _forks.schedule(_chain, 2, _soon() + 1);
    }

    function test_theLastEntryCanBeTakenBackWhileHalfOfTheNoticeIsAhead() external {
        uint64 time = _soon();
        _forks.schedule(_chain, 2, time);
        _forks.schedule(_chain, 3, time + 1);
        vm.expectEmit(address(_forks));
        emit IForks.ForkCancelled(_chain, _group, 3);
        _forks.cancel(_chain);
        // What was taken back may be announced anew, and stands in the list for ever.
        _forks.schedule(_chain, 3, time + 2);
        vm.assertEq(_forks.forksOf(_chain).length, 3);
        _forks.cancel(_chain);
        vm.warp(time - NOTICE / 2);
        uint256 snapshot = vm.getBlockTimestamp();
        vm.warp(snapshot + 1);
        vm.expectRevert(abi.encodeWithSelector(IForks.TooLate.selector, _chain, snapshot));
        _forks.cancel(_chain);
        vm.warp(snapshot);
        _forks.cancel(_chain);
        vm.expectRevert(abi.encodeWithSelector(IForks.NothingScheduled.selector, _chain));
        _forks.cancel(_chain);
    }

    function test_aChainThatEndedOrNeverWasHasNone() external {
        chains.deleteChain(_chain);
        uint64 time = _soon();
        vm.expectRevert(abi.encodeWithSelector(IForks.ChainEnded.selector, _chain));
        _forks.schedule(_chain, 2, time);
        vm.expectRevert(abi.encodeWithSelector(IChains.UnknownChain.selector, uint64(7)));
        _forks.schedule(7, 2, time);
    }

    function test_whatMembersMustKeepIsBounded() external {
        uint256 most = _forks.MOST_ENTRIES();
        uint64 time = _soon();
        for (uint256 i = 0; i < most; i++) {
            _forks.schedule(_chain, 2, time);
            _forks.cancel(_chain);
        }
        vm.expectRevert(abi.encodeWithSelector(IForks.TooManyForks.selector, _chain));
        _forks.schedule(_chain, 2, time);
    }

    function test_aNoticeOfNothingIsRefused() external {
        vm.expectRevert(abi.encodeWithSelector(IForks.NoticeOutOfBounds.selector, uint32(0)));
        new Forks(address(access), IChains(address(chains)), 0);
    }

    function _soon() private view returns (uint64) {
        return uint64(vm.getBlockTimestamp()) + NOTICE;
    }
}
