// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IEras} from "../../src/manager/interfaces/IEras.sol";
import {IRecovery} from "../../src/manager/interfaces/IRecovery.sol";
import {IRotations} from "../../src/manager/interfaces/IRotations.sol";
import {RecoveryTest} from "./RecoveryTest.sol";

/// From the close to the next era's key.
contract RecoveredErasTest is RecoveryTest {
    function test_thoseWhoStandStayAndOthersAreDrawn() external {
        for (uint256 i = 10; i < 14; i++) {
            addValidator(i, 1);
            addNode(i, i);
        }
        uint32[] memory members = committees.committeeOf(chain);
        open();
        bytes32 digest = claimFinal(40, 1);
        bytes32 order = claimOrder(42, 1);
        stand(members[2]);
        stand(members[6]);
        close();
        uint32[] memory next = draw("fresh");
        vm.assertEq(next.length, 7);
        for (uint256 seat = 0; seat < 7; seat++) {
            vm.assertEq(next[seat] == members[seat], seat == 2 || seat == 6);
        }
        // The old committee is the committee until there is a key.
        vm.assertEq(keccak256(abi.encode(committees.committeeOf(chain))), keccak256(abi.encode(members)));
        vm.assertEq(chains.chainOf(chain).era, 1);
        generate(2, 1);
        assertState(IRecovery.State.Done);
        vm.assertEq(keccak256(abi.encode(committees.committeeOf(chain))), keccak256(abi.encode(next)));
        vm.assertEq(chains.chainOf(chain).era, 2);
        vm.assertEq(chains.chainOf(chain).epoch, 1);
        IRecovery.Beginning memory beginning = recovery.beginningOf(chain, 2);
        vm.assertEq(beginning.finalHeight, 40);
        vm.assertEq(beginning.finalDigest, digest);
        vm.assertEq(beginning.orderHeight, 42);
        vm.assertEq(beginning.orderDigest, order);
        IEras.Era[] memory list = eras.erasOf(chain);
        vm.assertEq(list.length, 2);
        vm.assertEq(list[0].lastHeight, 40);
        vm.assertEq(list[1].firstHeight, 41);
        vm.assertEq(list[1].lastHeight, 0);
        vm.assertEq(eras.eraAt(chain, 40).era, 1);
        vm.assertEq(eras.eraAt(chain, 41).era, 2);
        // Who left gives its slots back after a while.
        vm.assertEq(usedSlots(), 12);
        vm.warp(rotations.rotationOf(chain).quietUntil);
        rotations.releaseLeavers(chain);
        vm.assertEq(usedSlots(), 7);
    }

    function test_theNextEraRotates() external {
        recover(1, 10);
        IRotations.Rotation memory rotation = rotations.rotationOf(chain);
        vm.assertEq(rotation.era, 2);
        vm.assertEq(rotation.epoch, 1);
        vm.assertEq(rotation.keysHash, keccak256("fresh keys"));
        vm.assertEq(rotation.since, vm.getBlockTimestamp());
        vm.warp(rotation.since + PERIOD);
        rotations.requestScheduled(chain);
        committees.select(chain, passSeedBlock("scheduled"));
        vm.assertEq(resharing.termsOf(chain).era, 2);
        vm.assertEq(resharing.termsOf(chain).keysHash, keccak256("fresh keys"));
        resharing.finish(chain, true);
        vm.assertEq(chains.chainOf(chain).epoch, 2);
    }

    /// Seven of ten are members, so that there is nobody to take the seats of five.
    function test_tooFewNodesForTheOthers() external {
        open();
        claimFinal(5, 1);
        standFirst(2);
        close();
        recovery.start(chain);
        committees.select(chain, passSeedBlock("too few"));
        uint64 until = recovery.progressOf(chain).retryAt;
        vm.assertEq(until, vm.getBlockTimestamp() + SILENCE);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotYet.selector, until));
        recovery.start(chain);
        vm.warp(until);
        // Others come back: a quorum goes on without anybody for the seats that are left.
        uint32[] memory members = committees.committeeOf(chain);
        for (uint32 id = 1; id <= 10; id++) {
            if (!holds(members, id)) _exit(id);
        }
        for (uint256 seat = 2; seat < 5; seat++) {
            stand(members[seat]);
        }
        recovery.start(chain);
        address late = nodes.accountOf(members[6]);
        vm.prank(late);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.WrongStep.selector, chain, IRecovery.Step.Selecting));
        recovery.stand(chain);
        committees.select(chain, passSeedBlock("still too few"));
        recovery.start(chain);
        vm.assertEq(keccak256(abi.encode(recovery.progressOf(chain).nodeIds)), keccak256(abi.encode(members)));
        generate(2, 1);
        vm.assertEq(keccak256(abi.encode(committees.committeeOf(chain))), keccak256(abi.encode(members)));
        vm.assertEq(usedSlots(), 7);
    }

    function test_aFailedKeyIsTriedAnewWithoutTheCulprits() external {
        uint32[] memory members = committees.committeeOf(chain);
        open();
        claimFinal(5, 1);
        standFirst(6);
        close();
        uint32[] memory first = draw("first");
        uint32[] memory culprits = new uint32[](2);
        (culprits[0], culprits[1]) = (members[1], first[6]);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.WrongStep.selector, chain, IRecovery.Step.Keygen));
        recovery.start(chain);
        vm.prank(address(keyGeneration));
        recovery.keyGenerationFailed(chain, culprits);
        vm.assertEq(usedSlots(), 7);
        vm.assertEq(recovery.progressOf(chain).standing, 0x3d);
        uint32[] memory second = draw("second");
        vm.assertEq(recovery.progressOf(chain).attempt, 2);
        vm.assertTrue(second[0] == members[0] && second[1] != members[1] && second[5] == members[5]);
        vm.assertFalse(holds(second, members[6]));
        vm.prank(address(keyGeneration));
        vm.expectRevert(abi.encodeWithSelector(IRecovery.WrongEpoch.selector, chain, 2, 1));
        recovery.keyGenerated(chain, 2, 1, "", 0);
        generate(2, 2);
        vm.assertEq(chains.chainOf(chain).epoch, 2);
        vm.assertEq(keccak256(abi.encode(committees.committeeOf(chain))), keccak256(abi.encode(second)));
    }

    function test_aSecondRecoveryFollowsTheFirst() external {
        recover(1, 10);
        open();
        IRecovery.Opening memory opening = recovery.opened(chain);
        vm.assertEq(opening.era, 2);
        vm.assertEq(opening.finalHeight, 10);
        // The old key has no say any more.
        bytes memory header = container(11, "segments");
        bytes memory signature = sign(1, finalOf(header, 1, 11));
        bytes memory key = keyOf(1);
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimFinal(chain, header, key, signature);
        signature = sign(1, recovery.cancelDigest(chain));
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.cancel(chain, key, signature);
        // A height that was ordered in the old era and certified in the new one.
        claimFinal(11, 2);
        standFirst(7);
        close();
        recovery.start(chain);
        generate(3, 1);
        IEras.Era[] memory list = eras.erasOf(chain);
        vm.assertEq(list[1].firstHeight, 11);
        vm.assertEq(list[1].lastHeight, 11);
        vm.assertEq(list[2].firstHeight, 12);
    }

    /// Of an era that made nothing final no height is believed.
    function test_anEraWithoutAnyFinalHeight() external {
        recover(1, 0);
        recover(2, 0);
        IEras.Era[] memory list = eras.erasOf(chain);
        for (uint256 i = 0; i < 2; i++) {
            vm.assertEq(list[i].firstHeight, type(uint64).max);
            vm.assertEq(list[i].lastHeight, type(uint64).max);
        }
        vm.assertEq(list[2].firstHeight, 1);
        vm.assertEq(eras.eraAt(chain, 1).era, 3);
        vm.prank(address(recovery));
        vm.expectRevert(abi.encodeWithSelector(IEras.HeightOutOfOrder.selector, chain, 0, 1));
        eras.open(chain, group, 4, 0, new bytes(48));
    }

    /// In every stage the end of the chain frees every slot, once, and gives a bond back.
    function test_theEndOfTheChainFreesAll() external {
        for (uint256 stage = 0; stage < 7; stage++) {
            uint256 state = vm.snapshotState();
            bytes memory header;
            fund();
            recovery.challenge(chain);
            vm.warp(vm.getBlockTimestamp() + SILENCE);
            if (stage >= 1) recovery.open(chain);
            if (stage >= 2) standFirst(5);
            if (stage >= 2) close();
            if (stage >= 3) recovery.start(chain);
            if (stage == 3) header = passSeedBlock("the seed");
            if (stage >= 4) committees.select(chain, passSeedBlock("the seed"));
            if (stage >= 5) recovery.start(chain);
            if (stage >= 6) generate(2, 1);
            uint256 refund = chains.chainOf(chain).escrow;
            chains.deleteChain(chain);
            vm.assertLe(BOND, token.balanceOf(address(this)), "bond");
            vm.assertLe(token.balanceOf(address(this)), BOND + refund);
            vm.assertEq(token.balanceOf(address(recovery)), 0);
            if (stage == 3) committees.select(chain, header);
            committees.settle(10);
            vm.assertEq(usedSlots(), 0, "slots");
            vm.assertFalse(recovery.isUnderWay(chain));
            vm.expectRevert(abi.encodeWithSelector(IRecovery.NotRunning.selector, chain));
            recovery.openNow(chain);
            vm.revertToState(state);
        }
    }

    function test_onlyTheContractsConcernedCallBack() external {
        bytes memory stranger = abi.encodeWithSelector(IRecovery.OnlyRotations.selector, address(this));
        vm.expectRevert(stranger);
        recovery.seatsSelected(chain, new uint32[](0));
        vm.expectRevert(stranger);
        recovery.seatsUnavailable(chain);
        vm.expectRevert(stranger);
        recovery.chainEnded(chain);
        stranger = abi.encodeWithSelector(IRecovery.OnlyKeyGeneration.selector, address(this));
        vm.expectRevert(stranger);
        recovery.keyGenerated(chain, 2, 1, "", 0);
        vm.expectRevert(stranger);
        recovery.keyGenerationFailed(chain, new uint32[](0));
        stranger = abi.encodeWithSelector(IRotations.OnlyRecovery.selector, address(this));
        vm.expectRevert(stranger);
        rotations.suspend(chain);
        vm.expectRevert(stranger);
        rotations.requestRecoverySeats(chain, new uint32[](0));
        vm.expectRevert(stranger);
        rotations.dropRecoverySeats(chain);
        vm.expectRevert(stranger);
        rotations.recovered(chain, 2, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IEras.NotAllowed.selector, address(this), uint32(2)));
        eras.open(chain, group, 2, 5, new bytes(48));
        // Whoever opens first eras opens no later ones.
        vm.prank(address(chains));
        vm.expectRevert(abi.encodeWithSelector(IEras.NotAllowed.selector, address(chains), uint32(2)));
        eras.open(chain, group, 2, 5, new bytes(48));
    }

    function _exit(uint32 nodeId) private {
        vm.prank(validators.ownerOf(nodes.validatorOf(nodeId)));
        nodes.exit(nodeId);
    }
}
