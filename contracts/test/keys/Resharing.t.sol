// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Resharing} from "../../src/keys/Resharing.sol";
import {Seats} from "../../src/keys/Seats.sol";
import {IResharing} from "../../src/keys/interfaces/IResharing.sol";
import {ResharingFixture} from "./ResharingFixture.sol";
import {ResharingVectors} from "./ResharingVectors.sol";
import {Vectors} from "./Vectors.sol";

contract ResharingTest is ResharingFixture {
    function test_unanimousReadyClosesAtOnce() public {
        acceptAll(4);
        for (uint256 dealer = 0; dealer < 4; dealer++) {
            deal(dealer, dealing4(dealer));
        }
        assertPhase(IResharing.Phase.Complaints);
        vm.assertEq(resharing.qualifiedOf(CHAIN), 7);
        ready(ResharingVectors.READY_ALL, 15);
        assertPhase(IResharing.Phase.Done);
        vm.assertEq(reshared, 1);
        vm.assertEq(keysHash, bytes32(part(ResharingVectors.READY_ALL, 128, 32)));
        (uint64 chainId, uint32[] memory nodeIds) = resharing.committeeOf(ResharingVectors.GROUP, 0, 1);
        vm.assertEq(chainId, CHAIN);
        vm.assertEq(keccak256(abi.encode(nodeIds)), keccak256(abi.encode(newIds(4))));
        vm.expectRevert(abi.encodeWithSelector(IResharing.WrongPhase.selector, CHAIN, IResharing.Phase.Done));
        resharing.fail(CHAIN);
    }

    function test_anotherCommitteeSize() public {
        acceptAll(7);
        for (uint256 dealer = 0; dealer < 4; dealer++) {
            deal(dealer, ResharingVectors.dealings7()[dealer]);
        }
        vm.warp(1_000_300);
        ready(ResharingVectors.READY_SEVEN, 93);
        vm.assertEq(reshared, 1);
    }

    function test_leaverThatNeverAnswersIsNamed() public {
        acceptAll(4);
        for (uint256 dealer = 0; dealer < 3; dealer++) {
            deal(dealer, dealing4(dealer));
        }
        vm.expectRevert(abi.encodeWithSelector(IResharing.NotYet.selector, 1_000_200));
        resharing.advance(CHAIN);
        vm.warp(1_000_200);
        vm.expectEmit(address(resharing));
        emit IResharing.ShareDealerAbsent(CHAIN, 0, 1, 3, 103);
        vm.expectEmit(address(resharing));
        emit IResharing.ResharingClosed(CHAIN, 0, 1, 7, 1_000_500);
        resharing.advance(CHAIN);
        vm.prank(oldMember(3));
        vm.expectRevert(abi.encodeWithSelector(IResharing.WrongPhase.selector, CHAIN, IResharing.Phase.Complaints));
        resharing.deal(CHAIN, dealing4(3));
        // All new members hold good shares of the three: nobody is left to complain.
        ready(ResharingVectors.READY_ALL, 15);
        vm.assertEq(reshared, 1);
    }

    function test_anotherSecretConvicts() public {
        acceptAll(4);
        deal(0, dealing4(0));
        deal(1, ResharingVectors.OTHER_SECRET);
        vm.expectRevert(abi.encodeWithSelector(IResharing.NotGuilty.selector, 0));
        resharing.complainConstant(CHAIN, 0, dealing4(0), ResharingVectors.OLD_KEYS);
        bytes memory otherKeys = bytes.concat(ResharingVectors.OLD_KEYS);
        otherKeys[50] ^= 0x01;
        vm.expectRevert(IResharing.WrongKeys.selector);
        resharing.complainConstant(CHAIN, 1, ResharingVectors.OTHER_SECRET, otherKeys);
        vm.expectRevert(IResharing.WrongKeys.selector);
        resharing.complainConstant(CHAIN, 1, ResharingVectors.OTHER_SECRET, hex"");
        vm.expectEmit(address(resharing));
        emit IResharing.ShareDealerConvicted(CHAIN, 0, 1, 1, 101, IResharing.Fault.Constant);
        resharing.complainConstant(CHAIN, 1, ResharingVectors.OTHER_SECRET, ResharingVectors.OLD_KEYS);
        vm.prank(oldMember(1));
        vm.expectRevert(abi.encodeWithSelector(IResharing.AlreadyDone.selector, 1));
        resharing.deal(CHAIN, dealing4(1));
        deal(2, dealing4(2));
        deal(3, dealing4(3));
        vm.assertEq(resharing.qualifiedOf(CHAIN), 13);
        // READY over other dealers is over other shares.
        vm.expectRevert(IResharing.BadSignature.selector);
        this.ready(ResharingVectors.READY_ALL, 15);
        ready(ResharingVectors.READY_WITHOUT_DEALER_1, 15);
        vm.assertEq(reshared, 1);
    }

    function test_badShareConvictsAndReopensForTheRest() public {
        acceptAll(4);
        deal(0, dealing4(0));
        deal(1, dealing4(1));
        deal(2, ResharingVectors.BAD_SHARE);
        vm.warp(1_000_200);
        resharing.advance(CHAIN);
        vm.prank(oldMember(3));
        vm.expectRevert(abi.encodeWithSelector(IResharing.NotAMember.selector, CHAIN, oldMember(3)));
        resharing.complainShare(CHAIN, 2, ResharingVectors.BAD_SHARE, hex"", 0, 0);
        vm.expectEmit(address(resharing));
        emit IResharing.ShareDealerConvicted(CHAIN, 0, 1, 2, 102, IResharing.Fault.Share);
        vm.expectEmit(address(resharing));
        emit IResharing.ResharingReopened(CHAIN, 0, 1, 3, 1_000_400);
        complain(3, 2, ResharingVectors.BAD_SHARE);
        assertPhase(IResharing.Phase.Dealing);
        deal(3, dealing4(3));
        assertPhase(IResharing.Phase.Complaints);
        vm.assertEq(resharing.qualifiedOf(CHAIN), 11);
    }

    function test_honestDealerStandsEveryComplaint() public {
        acceptAll(4);
        deal(2, dealing4(2));
        for (uint256 index = 0; index < 6; index++) {
            vm.expectRevert(abi.encodeWithSelector(IResharing.NotGuilty.selector, 2));
            resharing.complainEncoding(CHAIN, 2, dealing4(2), index);
        }
        vm.expectRevert(abi.encodeWithSelector(IResharing.NotGuilty.selector, 2));
        resharing.complainProof(CHAIN, 2, dealing4(2));
        vm.expectRevert(abi.encodeWithSelector(IResharing.UnknownDealing.selector, 2));
        resharing.complainProof(CHAIN, 2, ResharingVectors.BAD_SHARE);
        vm.expectRevert(abi.encodeWithSelector(IResharing.UnknownDealing.selector, 1));
        resharing.complainProof(CHAIN, 1, dealing4(1));
        vm.expectRevert(abi.encodeWithSelector(IResharing.UnknownDealing.selector, 4));
        resharing.complainProof(CHAIN, 4, dealing4(1));
        // A true S and proof, made for another dealing of the same nonce.
        vm.expectRevert(abi.encodeWithSelector(IResharing.NotGuilty.selector, 2));
        this.complainFromOutside(3, 2, dealing4(2));
    }

    function complainFromOutside(uint256 seat, uint16 dealer, bytes memory dealing) external {
        bytes memory c = ResharingVectors.BAD_SHARE_COMPLAINT;
        address accuser = newMember(seat);
        vm.prank(accuser);
        resharing.complainShare(
            CHAIN, dealer, dealing, part(c, 0, 48), uint256(bytes32(part(c, 48, 32))), uint256(bytes32(part(c, 80, 32)))
        );
    }

    function test_strayPointAndCopiedNonceConvict() public {
        uint256 state;
        acceptAll(4);
        state = vm.snapshotState();
        deal(3, ResharingVectors.STRAY);
        resharing.complainEncoding(CHAIN, 3, ResharingVectors.STRAY, 2);
        vm.assertEq(resharing.statusOf(CHAIN).convicted, 8);
        vm.revertToState(state);
        deal(3, ResharingVectors.COPIED_NONCE);
        resharing.complainProof(CHAIN, 3, ResharingVectors.COPIED_NONCE);
        vm.assertEq(resharing.statusOf(CHAIN).convicted, 8);
    }

    function test_endsWhenMoreThanFDealersAreConvicted() public {
        acceptAll(4);
        deal(1, ResharingVectors.OTHER_SECRET);
        resharing.complainConstant(CHAIN, 1, ResharingVectors.OTHER_SECRET, ResharingVectors.OLD_KEYS);
        deal(2, ResharingVectors.BAD_SHARE);
        complain(3, 2, ResharingVectors.BAD_SHARE);
        assertPhase(IResharing.Phase.Failed);
        vm.assertEq(failed, 1);
        // In the dealing phase those who did not deal are named with them.
        vm.assertTrue(culprits.length == 4 && culprits[1] == 101 && culprits[2] == 102);
        vm.assertEq(reshared, 0);
    }

    function test_absentNewMembersEndItEarly() public {
        begin(4);
        accept(0);
        accept(3);
        vm.expectRevert(abi.encodeWithSelector(IResharing.NotYet.selector, 1_000_100));
        resharing.advance(CHAIN);
        vm.warp(1_000_100);
        resharing.advance(CHAIN);
        assertPhase(IResharing.Phase.Failed);
        vm.assertTrue(culprits.length == 2 && culprits[0] == 101 && culprits[1] == 102);
    }

    function test_goesOnWithoutOneAbsentNewMember() public {
        begin(4);
        for (uint256 seat = 0; seat < 3; seat++) {
            accept(seat);
        }
        vm.warp(1_000_100);
        resharing.advance(CHAIN);
        assertPhase(IResharing.Phase.Dealing);
        vm.prank(newMember(3));
        vm.expectRevert(abi.encodeWithSelector(IResharing.WrongPhase.selector, CHAIN, IResharing.Phase.Dealing));
        resharing.acceptSeat(CHAIN, ResharingVectors.keys4()[3], ResharingVectors.proofs4()[3]);
    }

    function test_readyIsByAQuorumOverTheSameGroupKey() public {
        acceptAll(4);
        for (uint256 dealer = 0; dealer < 4; dealer++) {
            deal(dealer, dealing4(dealer));
        }
        vm.expectRevert(abi.encodeWithSelector(IResharing.NotYet.selector, 1_000_300));
        this.ready(ResharingVectors.READY_THREE, 11);
        vm.warp(1_000_300);
        vm.expectRevert(abi.encodeWithSelector(IResharing.TooFewSigners.selector, 2, 3));
        this.ready(ResharingVectors.READY_ALL, 3);
        vm.expectRevert(IResharing.BadSignature.selector);
        this.ready(ResharingVectors.READY_ALL, 31);
        vm.expectRevert(IResharing.BadSignature.selector);
        this.ready(ResharingVectors.READY_THREE, 7);
        bytes memory otherKey =
            bytes.concat(part(Vectors.READY_ALL, 0, 128), part(ResharingVectors.READY_ALL, 128, 544));
        vm.expectRevert(IResharing.WrongGroupKey.selector);
        this.ready(otherKey, 15);
        // The aggregate in the place of the threshold signature.
        bytes memory swapped =
            bytes.concat(part(ResharingVectors.READY_ALL, 0, 416), part(ResharingVectors.READY_ALL, 160, 256));
        vm.expectRevert(IResharing.BadSignature.selector);
        this.ready(swapped, 15);
        ready(ResharingVectors.READY_THREE, 11);
    }

    function test_onlyMembersOfTheRightCommitteeAct() public {
        begin(4);
        vm.prank(oldMember(3));
        vm.expectRevert(abi.encodeWithSelector(IResharing.NotAMember.selector, CHAIN, oldMember(3)));
        resharing.acceptSeat(CHAIN, ResharingVectors.keys4()[3], ResharingVectors.proofs4()[3]);
        for (uint256 seat = 0; seat < 4; seat++) {
            accept(seat);
        }
        vm.prank(newMember(3));
        vm.expectRevert(abi.encodeWithSelector(IResharing.NotAMember.selector, CHAIN, newMember(3)));
        resharing.deal(CHAIN, dealing4(3));
        vm.prank(oldMember(0));
        vm.expectRevert(IResharing.BadDealing.selector);
        resharing.deal(CHAIN, ResharingVectors.dealings7()[0]);
    }

    function test_onlyTheHostBeginsAndCancels() public {
        vm.startPrank(address(0xBAD));
        vm.expectRevert(abi.encodeWithSelector(IResharing.OnlyHost.selector, address(0xBAD)));
        resharing.begin(CHAIN, terms(4));
        vm.expectRevert(abi.encodeWithSelector(IResharing.OnlyHost.selector, address(0xBAD)));
        resharing.cancel(CHAIN);
        vm.stopPrank();
        begin(4);
        IResharing.Terms memory again = terms(4);
        again.epoch = 2;
        vm.expectRevert(abi.encodeWithSelector(IResharing.AlreadyRunning.selector, CHAIN));
        resharing.begin(CHAIN, again);
        resharing.cancel(CHAIN);
        vm.assertEq(failed, 0);
        // The same slot again would have nodes use one secret twice.
        vm.expectRevert(abi.encodeWithSelector(IResharing.SlotUsed.selector, ResharingVectors.GROUP, 0, 1));
        resharing.begin(CHAIN, terms(4));
        resharing.begin(CHAIN, again);
        assertPhase(IResharing.Phase.Accepting);
        resharing.cancel(CHAIN);
        again.fromEpoch = 2;
        vm.expectRevert(abi.encodeWithSelector(IResharing.BadEpoch.selector, 2, 2));
        resharing.begin(CHAIN, again);
        again.fromEpoch = 2;
        again.epoch = 3;
        again.nodeIds[2] = again.nodeIds[1];
        vm.expectRevert(abi.encodeWithSelector(IResharing.BadCommittee.selector, 4));
        resharing.begin(CHAIN, again);
        again.nodeIds = new uint32[](65);
        vm.expectRevert(abi.encodeWithSelector(IResharing.BadCommittee.selector, 65));
        resharing.begin(CHAIN, again);
    }

    function test_endsAfterTheTotalWindow() public {
        acceptAll(4);
        deal(0, dealing4(0));
        vm.warp(1_000_200);
        vm.expectRevert(abi.encodeWithSelector(IResharing.TooFewSigners.selector, 1, 3));
        resharing.advance(CHAIN);
        vm.warp(1_001_000);
        resharing.fail(CHAIN);
        vm.assertTrue(culprits.length == 3 && culprits[0] == 101);
        vm.expectRevert(IResharing.BadWindows.selector);
        new Resharing(address(this), this, IResharing.Windows(100, 200, 300, 599));
    }

    function testFuzz_lowestSeats(uint64 bitmap, uint8 seats) public pure {
        uint64 chosen = Seats.lowest(bitmap, seats);
        vm.assertEq(chosen & ~bitmap, 0);
        uint256 count = Seats.count(bitmap);
        vm.assertEq(Seats.count(chosen), count < seats ? count : seats);
        // What is left out lies above all that is chosen.
        uint64 rest = bitmap & ~chosen;
        if (rest != 0) vm.assertGt(rest & (~rest + 1), chosen);
    }

    function testFuzz_quorumsOfTwoMeetInAnHonestMember(uint8 seed) public pure {
        uint256 members = bound(seed, 1, Seats.MOST);
        uint256 quorum = Seats.quorum(members);
        vm.assertGt(2 * quorum, members + (members - 1) / 3);
        vm.assertEq(Seats.count(Seats.all(members)), members);
    }
}
