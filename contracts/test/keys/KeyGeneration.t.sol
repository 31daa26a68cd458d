// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {KeyGeneration} from "../../src/keys/KeyGeneration.sol";
import {IKeyGeneration} from "../../src/keys/interfaces/IKeyGeneration.sol";
import {KeyGenerationFixture} from "./KeyGenerationFixture.sol";
import {Vectors} from "./Vectors.sol";

contract KeyGenerationTest is KeyGenerationFixture {
    function test_unanimousReadyClosesAtOnce() public {
        acceptAll();
        dealHonestly(4);
        assertPhase(IKeyGeneration.Phase.Complaints);
        ready(Vectors.READY_ALL, 15);
        assertPhase(IKeyGeneration.Phase.Done);
        vm.assertEq(generated, 1);
        vm.assertEq(keysHash, bytes32(part(Vectors.READY_ALL, 128, 32)));
        (,, bytes memory key, bytes32 hash, bytes32 committee) = keys.keyOf(CHAIN);
        vm.assertEq(key, groupKey);
        vm.assertEq(hash, keysHash);
        vm.assertEq(committee, Vectors.COMMITTEE_ALL);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.WrongPhase.selector, CHAIN, IKeyGeneration.Phase.Done));
        keys.fail(CHAIN);
    }

    function test_silentDealerIsNamedAndLeftOut() public {
        acceptAll();
        dealHonestly(3);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotYet.selector, 1_000_200));
        keys.advance(CHAIN);
        vm.warp(1_000_200);
        vm.expectEmit(address(keys));
        emit IKeyGeneration.DealerAbsent(CHAIN, 0, 0, 3, 103);
        vm.expectEmit(address(keys));
        emit IKeyGeneration.DealingClosed(CHAIN, 0, 0, 7, 1_000_500);
        keys.advance(CHAIN);
        vm.expectRevert(
            abi.encodeWithSelector(IKeyGeneration.WrongPhase.selector, CHAIN, IKeyGeneration.Phase.Complaints)
        );
        deal(3, Vectors.dealings4()[3]);
        this.expectNotYet(Vectors.READY_THREE, 7, 1_000_500);
        vm.warp(1_000_500);
        ready(Vectors.READY_THREE, 7);
        vm.assertEq(generated, 1);
    }

    function expectNotYet(bytes memory call, uint64 signers, uint64 until) external {
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotYet.selector, until));
        this.readyFromOutside(call, signers);
    }

    function readyFromOutside(bytes memory call, uint64 signers) external {
        ready(call, signers);
    }

    function test_convictedDealerIsLeftOut() public {
        acceptAll();
        dealHonestly(3);
        deal(3, Vectors.BAD_SHARE);
        complain(0, 3, Vectors.BAD_SHARE, Vectors.BAD_SHARE_COMPLAINT);
        vm.warp(1_000_300);
        // A key made with the convicted dealer's part is not signed over these dealers.
        vm.expectRevert(IKeyGeneration.BadSignature.selector);
        this.readyFromOutside(Vectors.READY_ALL, 15);
        ready(Vectors.READY_THREE, 7);
        vm.assertEq(generated, 1);
    }

    function test_readyNeedsQuorumMembersAndSignatures() public {
        acceptAll();
        dealHonestly(4);
        vm.warp(1_000_300);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.TooFewSigners.selector, 2, 3));
        this.readyFromOutside(Vectors.READY_ALL, 3);
        vm.expectRevert(IKeyGeneration.BadSignature.selector);
        this.readyFromOutside(Vectors.READY_ALL, 31);
        // The aggregate is by all four.
        vm.expectRevert(IKeyGeneration.BadSignature.selector);
        this.readyFromOutside(Vectors.READY_ALL, 7);
        bytes memory changed = bytes.concat(Vectors.READY_ALL);
        changed[150] ^= 0x01;
        vm.expectRevert(IKeyGeneration.BadSignature.selector);
        this.readyFromOutside(changed, 15);
        // The aggregate in the place of the threshold signature.
        bytes memory swapped = bytes.concat(part(Vectors.READY_ALL, 0, 416), part(Vectors.READY_ALL, 160, 256));
        vm.expectRevert(IKeyGeneration.BadSignature.selector);
        this.readyFromOutside(swapped, 15);
        ready(Vectors.READY_ALL, 15);
    }

    function test_reopensForTheRestBelowQuorum() public {
        acceptAll();
        for (uint256 seat = 0; seat < 2; seat++) {
            deal(seat, Vectors.dealings4()[seat]);
        }
        deal(3, Vectors.BAD_SHARE);
        vm.warp(1_000_200);
        keys.advance(CHAIN);
        vm.expectEmit(address(keys));
        emit IKeyGeneration.DealingReopened(CHAIN, 0, 0, 3, 1_000_400);
        complain(0, 3, Vectors.BAD_SHARE, Vectors.BAD_SHARE_COMPLAINT);
        assertPhase(IKeyGeneration.Phase.Dealing);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.AlreadyDone.selector, 3));
        deal(3, Vectors.dealings4()[3]);
        vm.warp(1_000_400);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.TooFewSigners.selector, 2, 3));
        keys.advance(CHAIN);
        deal(2, Vectors.dealings4()[2]);
        assertPhase(IKeyGeneration.Phase.Complaints);
        vm.warp(1_000_700);
        ready(Vectors.READY_THREE, 7);
        vm.assertEq(generated, 1);
    }

    function test_failsWhenTooFewAreLeft() public {
        begin4();
        for (uint256 seat = 0; seat < 4; seat++) {
            if (seat != 1) accept(seat);
        }
        vm.warp(1_000_100);
        keys.advance(CHAIN);
        deal(3, Vectors.BAD_SHARE);
        complain(0, 3, Vectors.BAD_SHARE, Vectors.BAD_SHARE_COMPLAINT);
        assertPhase(IKeyGeneration.Phase.Failed);
        vm.assertEq(failed, 1);
        vm.assertTrue(culprits.length == 2 && culprits[0] == 101 && culprits[1] == 103);
    }

    function test_failsAfterTheTotalWindow() public {
        begin4();
        accept(2);
        vm.warp(1_000_100);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.TooFewSigners.selector, 1, 3));
        keys.advance(CHAIN);
        vm.warp(1_000_999);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotYet.selector, 1_001_000));
        keys.fail(CHAIN);
        vm.warp(1_001_000);
        keys.fail(CHAIN);
        vm.assertEq(failed, 1);
        vm.assertTrue(culprits.length == 3 && culprits[0] == 100 && culprits[1] == 101 && culprits[2] == 103);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.WrongPhase.selector, CHAIN, IKeyGeneration.Phase.Failed));
        keys.fail(CHAIN);
    }

    function test_dealersAbsentAtTheEndAreNamed() public {
        acceptAll();
        dealHonestly(2);
        vm.warp(1_001_000);
        keys.fail(CHAIN);
        vm.assertTrue(culprits.length == 2 && culprits[0] == 102 && culprits[1] == 103);
    }

    function test_seatsAreTakenWithProof() public {
        begin4();
        vm.prank(member(1));
        vm.expectRevert(IKeyGeneration.BadProof.selector);
        keys.acceptSeat(CHAIN, Vectors.keys4()[2], Vectors.proofs4()[2]);
        vm.prank(member(1));
        vm.expectRevert(IKeyGeneration.BadProof.selector);
        keys.acceptSeat(CHAIN, Vectors.keys4()[1], hex"00");
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotAMember.selector, CHAIN, address(this)));
        keys.acceptSeat(CHAIN, Vectors.keys4()[1], Vectors.proofs4()[1]);
        accept(1);
        vm.assertEq(keys.encryptionKeyOf(CHAIN, 1), Vectors.keys4()[1]);
        vm.prank(member(1));
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.AlreadyDone.selector, 1));
        keys.acceptSeat(CHAIN, Vectors.keys4()[1], Vectors.proofs4()[1]);
    }

    function test_dealingsAreRefusedAtTheDoor() public {
        acceptAll();
        bytes memory good = Vectors.dealings4()[0];
        bytes[5] memory bad = [bytes(""), bytes.concat(good, hex"00"), part(good, 0, good.length - 1), good, good];
        bad[3] = bytes.concat(good);
        bad[3][0] |= 0x40;
        bad[4] = bytes.concat(part(good, 0, good.length - 32), bytes32(type(uint256).max));
        for (uint256 i = 0; i < 5; i++) {
            vm.prank(member(0));
            vm.expectRevert(IKeyGeneration.BadDealing.selector);
            keys.deal(CHAIN, bad[i]);
        }
        deal(0, good);
        vm.assertEq(keys.dealingHashOf(CHAIN, 0), keccak256(good));
        vm.prank(member(0));
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.AlreadyDone.selector, 0));
        keys.deal(CHAIN, good);
    }

    function test_complaintsEndWithTheirWindow() public {
        acceptAll();
        dealHonestly(3);
        deal(3, Vectors.BAD_SHARE);
        vm.warp(1_000_300);
        (bytes memory shared, uint256 c, uint256 z) = split(Vectors.BAD_SHARE_COMPLAINT);
        vm.prank(member(0));
        vm.expectRevert(
            abi.encodeWithSelector(IKeyGeneration.WrongPhase.selector, CHAIN, IKeyGeneration.Phase.Complaints)
        );
        keys.complainShare(CHAIN, 3, Vectors.BAD_SHARE, shared, c, z);
    }

    function test_onlyTheHostBeginsAndCancels() public {
        vm.startPrank(address(0xBAD));
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.OnlyHost.selector, address(0xBAD)));
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 0, ids(4));
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.OnlyHost.selector, address(0xBAD)));
        keys.cancel(CHAIN);
        vm.stopPrank();
        begin4();
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.AlreadyRunning.selector, CHAIN));
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 1, ids(4));
        keys.cancel(CHAIN);
        assertPhase(IKeyGeneration.Phase.Failed);
        vm.assertEq(failed, 0);
        // The same slot again would have nodes use one secret twice.
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.SlotUsed.selector, Vectors.FOUR_GROUP, 0, 0));
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 0, ids(4));
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 1, ids(4));
        assertPhase(IKeyGeneration.Phase.Accepting);
    }

    function test_committeesAreSane() public {
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.BadCommittee.selector, 0));
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 0, ids(0));
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.BadCommittee.selector, 65));
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 0, ids(65));
        uint32[] memory twice = ids(4);
        twice[3] = twice[0];
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.BadCommittee.selector, 4));
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 0, twice);
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 0, ids(64));
        vm.expectRevert(KeyGeneration.BadWindows.selector);
        new KeyGeneration(
            address(this), address(0xEC0), address(0xE7A), this, IKeyGeneration.Windows(100, 200, 300, 599)
        );
    }
}
