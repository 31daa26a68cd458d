// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IChains} from "../../src/manager/interfaces/IChains.sol";
import {ICommittees} from "../../src/manager/interfaces/ICommittees.sol";
import {IRotations} from "../../src/manager/interfaces/IRotations.sol";
import {Shrinking} from "../../src/manager/libraries/Shrinking.sol";
import {IResharing} from "../../src/keys/interfaces/IResharing.sol";
import {ManagerTest} from "./ManagerTest.sol";

contract ResizesTest is ManagerTest {
    uint64 private _chain;

    function setUp() public override {
        super.setUp();
        addNodes(10);
        _chain = createRunning("running", 4);
    }

    function test_aCommitteeGrowsAndShrinksUnderTheSameKey() external {
        uint32[] memory before = committees.committeeOf(_chain);
        uint32[] memory seven = _resize(7);
        vm.assertEq(seven.length, 7);
        for (uint256 seat = 0; seat < 7; seat++) {
            if (seat < 4) vm.assertEq(seven[seat], before[seat], "a member moved");
            for (uint256 other = 0; other < seat; other++) {
                vm.assertTrue(seven[seat] != seven[other], "a node twice");
            }
        }
        // Until READY nothing changes.
        vm.assertEq(chains.chainOf(_chain).members, 4);
        vm.assertEq(committees.committeeOf(_chain).length, 4);
        IResharing.Terms memory terms = resharing.termsOf(_chain);
        vm.assertTrue(terms.oldNodeIds.length == 4 && terms.fromEpoch == 1 && terms.epoch == 2);
        resharing.finish(_chain, true);
        _assertSeats(7, 7);
        vm.assertEq(chains.chainOf(_chain).epoch, 2);
        vm.warp(vm.getBlockTimestamp() + LINGER);

        uint32[] memory four = _resize(4);
        vm.assertEq(keccak256(abi.encode(four)), keccak256(abi.encode(before)), "who came last goes first");
        resharing.finish(_chain, true);
        // Those who left run on for a while.
        _assertSeats(4, 7);
        vm.warp(vm.getBlockTimestamp() + LINGER);
        rotations.releaseLeavers(_chain);
        _assertSeats(4, 4);
    }

    function test_addedSeatsArePaidFromTheMonthThatHasBegun() external {
        vm.warp(vm.getBlockTimestamp() + 2 * MONTH + 1 days);
        uint256 before = chains.chainOf(_chain).escrow;
        vm.assertEq(before, 6 * 4 * PRICE, "nothing collected yet");
        // Four months are left, and the price of the day counts.
        _setPrice(3 * PRICE);
        uint256 deposit = 4 * 3 * 3 * PRICE;
        vm.assertEq(chains.resizePrice(_chain, 7), deposit);
        vm.assertEq(chains.resizePrice(_chain, 2), 0);
        _fund(deposit);
        vm.expectRevert(abi.encodeWithSelector(IChains.RentTooHigh.selector, deposit, deposit - 1));
        chains.resizeChain(_chain, 7, deposit - 1);
        vm.expectEmit(address(chains));
        emit IChains.ChainResizeRequested(_chain, 4, 7, deposit);
        chains.resizeChain(_chain, 7, deposit);
        (uint8 members, uint256 held) = chains.resizeOf(_chain);
        vm.assertTrue(members == 7 && held == deposit);
        vm.assertEq(chains.chainOf(_chain).escrow, 4 * 4 * PRICE + deposit);
        _draw();
        // A month passes before READY: its seats were not there, and what was held for them comes back.
        vm.warp(vm.getBlockTimestamp() + MONTH);
        resharing.finish(_chain, true);
        vm.assertEq(token.balanceOf(address(this)), deposit / 4);
        vm.assertEq(chains.chainOf(_chain).escrow, 3 * (4 + 9) * PRICE);
        vm.assertEq(chains.totalEscrow(), 3 * 13 * PRICE);
        vm.warp(vm.getBlockTimestamp() + MONTH);
        vm.assertEq(chains.collect(_chain), 13 * PRICE);
    }

    function test_releasedSeatsGiveBackWhatHasNotBegun() external {
        vm.warp(vm.getBlockTimestamp() + MONTH + 1 days);
        _resize(3);
        resharing.finish(_chain, true);
        // Of five months four have not begun; a fourth of each comes back.
        vm.assertEq(token.balanceOf(address(this)), 4 * PRICE);
        vm.assertEq(chains.chainOf(_chain).escrow, (4 + 4 * 3) * PRICE);
        vm.warp(vm.getBlockTimestamp() + MONTH);
        vm.assertEq(chains.collect(_chain), 4 * PRICE, "the month that had begun");
        vm.warp(vm.getBlockTimestamp() + MONTH);
        vm.assertEq(chains.collect(_chain), 3 * PRICE);
        vm.assertEq(chains.price(IChains.Size.Small, chains.chainOf(_chain).members, 1), 3 * PRICE);
    }

    function test_monthsBoughtMeanwhileCountForTheAddedSeats() external {
        _request(7);
        uint256 deposit = 6 * 3 * PRICE;
        _fund(2 * 7 * PRICE);
        chains.extend(_chain, 2, 2 * 7 * PRICE);
        (, uint256 held) = chains.resizeOf(_chain);
        vm.assertEq(held, deposit + 2 * 3 * PRICE);
        _draw();
        resharing.finish(_chain, true);
        vm.assertEq(chains.chainOf(_chain).escrow, 8 * 7 * PRICE);
        vm.assertEq(token.balanceOf(address(this)), 0);
    }

    function test_whatComesToNothingCostsNothing() external {
        uint256 escrow = chains.chainOf(_chain).escrow;
        // The resharing fails.
        _resize(7);
        resharing.finish(_chain, false);
        vm.assertEq(token.balanceOf(address(this)), 6 * 3 * PRICE);
        vm.assertEq(chains.chainOf(_chain).escrow, escrow);
        _assertSeats(4, 4);
        vm.warp(vm.getBlockTimestamp() + LINGER);
        // The nodes that were there when it was asked for are gone when the line comes to it.
        _request(10);
        for (uint64 i = 0; i < 10; i++) {
            if (!_holds(committees.committeeOf(_chain), uint32(i + 1))) {
                vm.prank(account(i));
                nodes.exit(uint32(i + 1));
            }
        }
        // They leave behind the request, so it is still served.
        _draw();
        resharing.finish(_chain, true);
        vm.assertEq(chains.chainOf(_chain).members, 10);
    }

    function test_aValidatorsCapCanLeaveNoneToDraw() external {
        chains.deleteChain(_chain);
        for (uint32 node = 1; node <= 10; node++) {
            vm.prank(account(node - 1));
            nodes.exit(node);
        }
        for (uint256 i = 20; i < 24; i++) {
            addValidator(i, 3);
            for (uint256 k = 0; k < 3; k++) {
                addNode(i, 3 * i + k);
            }
        }
        uint64 id = createRunning("capped", 4);
        token.transfer(address(0xdead), token.balanceOf(address(this)));
        uint256 escrow = chains.chainOf(id).escrow;
        // One seat a validator: there are four, and five are asked for.
        _fund(6 * PRICE);
        chains.resizeChain(id, 5, 6 * PRICE);
        vm.expectEmit(address(chains));
        emit IChains.ChainResizeFailed(id, 5, 6 * PRICE);
        committees.select(id, passSeedBlock("the seed"));
        vm.assertEq(token.balanceOf(address(this)), 6 * PRICE);
        vm.assertEq(chains.chainOf(id).escrow, escrow);
        vm.assertEq(uint256(rotations.rotationOf(id).stage), uint256(IRotations.Stage.Idle));
        // Ten seats have three of a validator, so that five of them can not be had, and four or seven can.
        vm.warp(vm.getBlockTimestamp() + LINGER);
        _fund(36 * PRICE);
        chains.resizeChain(id, 10, 36 * PRICE);
        committees.select(id, passSeedBlock("the seed"));
        resharing.finish(id, true);
        vm.warp(vm.getBlockTimestamp() + LINGER);
        vm.expectRevert(abi.encodeWithSelector(Shrinking.TooFewValidators.selector, 5, 1));
        chains.resizeChain(id, 5, 0);
        chains.resizeChain(id, 4, 0);
        committees.select(id, passSeedBlock("the seed"));
        uint32[] memory next = resharing.termsOf(id).nodeIds;
        for (uint256 i = 0; i < 4; i++) {
            for (uint256 k = 0; k < i; k++) {
                vm.assertTrue(nodes.validatorOf(next[i]) != nodes.validatorOf(next[k]), "two of one validator");
            }
        }
    }

    function test_nodesThatAreExitingLeaveFirst() external {
        _resize(7);
        resharing.finish(_chain, true);
        vm.warp(vm.getBlockTimestamp() + LINGER);
        uint32[] memory members = committees.committeeOf(_chain);
        vm.prank(validators.ownerOf(nodes.validatorOf(members[1])));
        nodes.exit(members[1]);
        uint32[] memory next = _resize(5);
        vm.assertEq(next.length, 5);
        uint32[5] memory expected = [members[0], members[2], members[3], members[4], members[5]];
        for (uint256 seat = 0; seat < 5; seat++) {
            vm.assertEq(next[seat], expected[seat]);
        }
        resharing.finish(_chain, true);
        vm.warp(vm.getBlockTimestamp() + LINGER);
        rotations.releaseLeavers(_chain);
        vm.assertTrue(committees.isIdle(members[1]));
    }

    function test_requestsAreChecked() external {
        vm.prank(address(0xBAD));
        vm.expectRevert(abi.encodeWithSelector(IChains.NotOwner.selector, _chain, address(0xBAD)));
        chains.resizeChain(_chain, 7, 0);
        vm.expectRevert(abi.encodeWithSelector(IChains.SameMembers.selector, _chain, 4));
        chains.resizeChain(_chain, 4, 0);
        vm.expectRevert(abi.encodeWithSelector(IChains.BadMembers.selector, 0, 1, 64));
        chains.resizeChain(_chain, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IChains.BadMembers.selector, 65, 1, 64));
        chains.resizeChain(_chain, 65, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.NotEnoughNodes.selector, 6, 7));
        chains.resizeChain(_chain, 11, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IRotations.OnlyChains.selector, address(this)));
        rotations.requestResize(_chain, 5);
        vm.expectRevert(abi.encodeWithSelector(IChains.OnlyRotations.selector, address(this)));
        chains.resized(_chain);
        vm.expectRevert(abi.encodeWithSelector(IChains.OnlyRotations.selector, address(this)));
        chains.resizeFailed(_chain);
        uint64 other = create("other", 4);
        vm.expectRevert(abi.encodeWithSelector(IChains.WrongState.selector, other, IChains.State.Requested));
        chains.resizeChain(other, 7, 0);
        committees.select(other, passSeedBlock("the seed"));
        // One change at a time, of whatever kind.
        _request(5);
        bytes memory busy = abi.encodeWithSelector(IRotations.WrongStage.selector, _chain, IRotations.Stage.Selecting);
        vm.expectRevert(busy);
        chains.resizeChain(_chain, 3, 0);
        vm.expectRevert(busy);
        rotations.requestScheduled(_chain);
        uint64 end = chains.chainOf(_chain).end;
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IChains.PaidTimeOver.selector, _chain, end));
        chains.resizeChain(_chain, 3, 0);
    }

    /// In every stage the end of the chain frees every slot and gives the deposit back, once.
    function test_theEndOfTheChainFreesAll() external {
        for (uint256 stage = 0; stage < 6; stage++) {
            uint256 state = vm.snapshotState();
            _request(stage < 3 ? 7 : 2);
            if (stage % 3 >= 1) _draw();
            if (stage % 3 == 2) resharing.finish(_chain, true);
            bool expires = stage % 2 == 1;
            if (expires) vm.warp(chains.chainOf(_chain).end + GRACE + 1);
            if (expires) chains.expire(_chain);
            else chains.deleteChain(_chain);
            if (stage % 3 == 0) committees.select(_chain, passSeedBlock("the seed"));
            committees.settle(10);
            _assertSeats(0, 0);
            vm.assertEq(chains.totalEscrow(), 0);
            vm.assertEq(token.balanceOf(address(chains)), 0);
            vm.revertToState(state);
        }
    }

    function _setPrice(uint256 price) private {
        IChains.Parameters memory value = chains.parameters();
        value.price = price;
        chains.setParameters(value);
    }

    function _fund(uint256 amount) private {
        uint256 held = token.balanceOf(address(this));
        if (held < amount) token.mint(address(this), amount - held);
        token.approve(address(chains), amount);
    }

    function _request(uint8 members) private {
        uint256 deposit = chains.resizePrice(_chain, members);
        _fund(deposit);
        chains.resizeChain(_chain, members, deposit);
    }

    function _draw() private returns (uint32[] memory) {
        committees.select(_chain, passSeedBlock(keccak256(abi.encode(vm.getBlockNumber()))));
        vm.assertTrue(resharing.running(_chain));
        return resharing.termsOf(_chain).nodeIds;
    }

    function _resize(uint8 members) private returns (uint32[] memory) {
        _request(members);
        return _draw();
    }

    /// Members of the chain, and nodes whose slots it holds.
    function _assertSeats(uint256 members, uint256 holding) private view {
        vm.assertEq(committees.committeeOf(_chain).length, members);
        if (members > 0) vm.assertEq(chains.chainOf(_chain).members, members);
        uint256 used;
        for (uint32 id = 1; id <= 10; id++) {
            (, uint256 slots,) = committees.slotsOf(id);
            used += slots;
        }
        vm.assertEq(used, holding);
    }

    function _holds(uint32[] memory members, uint32 nodeId) private pure returns (bool) {
        for (uint256 i = 0; i < members.length; i++) {
            if (members[i] == nodeId) return true;
        }
        return false;
    }
}
