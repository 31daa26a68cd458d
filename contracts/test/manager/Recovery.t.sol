// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IRecovery} from "../../src/manager/interfaces/IRecovery.sol";
import {IRotations} from "../../src/manager/interfaces/IRotations.sol";
import {RecoveryTest} from "./RecoveryTest.sol";

/// Challenge, opening, claims, and the end of the era.
contract RecoveryClaimsTest is RecoveryTest {
    function test_theGroupAnswersAChallenge() external {
        fund();
        recovery.challenge(chain);
        assertState(IRecovery.State.Challenged);
        vm.assertEq(token.balanceOf(address(recovery)), BOND);
        uint64 until = recovery.opened(chain).closesAt;
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotYet.selector, until));
        recovery.open(chain);
        bytes memory wrong = sign(2, recovery.cancelDigest(chain));
        (bytes memory key, bytes memory wrongKey) = (keyOf(1), keyOf(2));
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.cancel(chain, key, wrong);
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.cancel(chain, wrongKey, wrong);
        cancel(1);
        assertState(IRecovery.State.None);
        vm.assertEq(token.balanceOf(address(pool)), BOND);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.WrongRecoveryState.selector, chain, IRecovery.State.None));
        recovery.open(chain);
    }

    function test_silenceOpens() external {
        fund();
        recovery.challenge(chain);
        vm.expectRevert(
            abi.encodeWithSelector(IRecovery.WrongRecoveryState.selector, chain, IRecovery.State.Challenged)
        );
        recovery.challenge(chain);
        bytes32 asked = recovery.opened(chain).openingId;
        vm.warp(vm.getBlockTimestamp() + SILENCE);
        vm.prank(account(77));
        recovery.open(chain);
        IRecovery.Opening memory opening = recovery.opened(chain);
        vm.assertEq(opening.closesAt, vm.getBlockTimestamp() + CLAIMS);
        vm.assertNotEq(opening.openingId, asked);
        vm.assertEq(opening.era, 1);
        vm.assertEq(token.balanceOf(address(this)), BOND);
        vm.assertTrue(recovery.isUnderWay(chain));
    }

    function test_governanceOpensAtOnce() external {
        vm.prank(account(1));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, account(1)));
        recovery.openNow(chain);
        recovery.openNow(chain);
        assertState(IRecovery.State.Open);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.WrongRecoveryState.selector, chain, IRecovery.State.Open));
        recovery.openNow(chain);
        cancel(1);
        fund();
        recovery.challenge(chain);
        recovery.openNow(chain);
        vm.assertEq(token.balanceOf(address(this)), BOND);
        assertState(IRecovery.State.Open);
    }

    function test_membersChallengeWithoutABondNowAndThen() external {
        address member = nodes.accountOf(committees.committeeOf(chain)[4]);
        vm.prank(member);
        recovery.challenge(chain);
        vm.assertEq(token.balanceOf(address(recovery)), 0);
        cancel(1);
        token.mint(member, BOND);
        vm.startPrank(member);
        token.approve(address(recovery), BOND);
        recovery.challenge(chain);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(address(recovery)), BOND);
        cancel(1);
        vm.assertEq(token.balanceOf(address(pool)), BOND);
        vm.warp(vm.getBlockTimestamp() + CLAIMS);
        vm.prank(member);
        recovery.challenge(chain);
        vm.warp(vm.getBlockTimestamp() + SILENCE);
        recovery.open(chain);
        vm.assertEq(token.balanceOf(address(recovery)), 0);
    }

    function test_onlyChainsThatRunAreRecovered() external {
        fund();
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotRunning.selector, 5));
        recovery.challenge(5);
        uint64 waiting = create("waiting", 4);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotRunning.selector, waiting));
        recovery.openNow(waiting);
        chains.setPaused(chain, true);
        recovery.openNow(chain);
    }

    function test_aQuorumThatIsBackCancels() external {
        open();
        bytes32 first = recovery.cancelDigest(chain);
        claimFinal(10, 1);
        cancel(1);
        assertState(IRecovery.State.None);
        vm.assertFalse(recovery.isUnderWay(chain));
        vm.expectRevert(abi.encodeWithSelector(IRecovery.WrongRecoveryState.selector, chain, IRecovery.State.None));
        recovery.close(chain);
        // What was claimed is gone, and what was signed ends no later one.
        open();
        vm.assertEq(recovery.opened(chain).finalHeight, 0);
        bytes memory old = sign(1, first);
        bytes memory key = keyOf(1);
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.cancel(chain, key, old);
        standFirst(1);
        close();
        bytes memory late = sign(1, recovery.cancelDigest(chain));
        vm.expectRevert(abi.encodeWithSelector(IRecovery.WrongRecoveryState.selector, chain, IRecovery.State.Closed));
        recovery.cancel(chain, key, late);
    }

    function test_theHighestClaimsWin() external {
        open();
        claimFinal(10, 1);
        IRecovery.Opening memory opening = recovery.opened(chain);
        // What is final was ordered.
        vm.assertEq(opening.orderHeight, 10);
        vm.assertEq(opening.orderDigest, orderOf(10));
        bytes32 order = claimOrder(12, 1);
        bytes32 digest = claimFinal(11, 1);
        opening = recovery.opened(chain);
        vm.assertEq(opening.finalHeight, 11);
        vm.assertEq(opening.finalDigest, digest);
        vm.assertEq(opening.orderHeight, 12);
        vm.assertEq(opening.orderDigest, order);
        claimFinal(13, 1);
        vm.assertEq(recovery.opened(chain).orderHeight, 13);
        bytes memory key = keyOf(1);
        for (uint64 height = 9; height <= 13; height += 4) {
            bytes memory header = container(height, "another");
            bytes memory signature = sign(1, finalOf(header, 1, height));
            vm.expectRevert(abi.encodeWithSelector(IRecovery.NotHigher.selector, height, 13));
            recovery.claimFinal(chain, header, key, signature);
            bytes memory content = orderContent("previous");
            signature = sign(1, orderDigest(1, height, content));
            vm.expectRevert(abi.encodeWithSelector(IRecovery.NotHigher.selector, height, 13));
            recovery.claimOrder(chain, IRecovery.Order(1, height, content), key, signature);
        }
    }

    function test_lyingClaimsAreRefused() external {
        open();
        bytes memory header = container(10, "segments");
        bytes memory good = sign(1, finalOf(header, 1, 10));
        bytes memory strange = sign(2, finalOf(header, 1, 10));
        bytes memory otherEra = sign(1, finalOf(header, 2, 10));
        bytes memory otherHeight = container(11, "segments");
        bytes memory key = keyOf(1);
        _refused(header, key, strange);
        _refused(header, keyOf(2), strange);
        _refused(header, key, otherEra);
        _refused(otherHeight, key, good);
        _refused(container(10, "another"), key, good);
        _refused(header, key, "");
        _refused(header, "", good);
        vm.expectRevert(IRecovery.MalformedContainer.selector);
        recovery.claimFinal(chain, abi.encodePacked(header, uint8(0)), key, good);
        header = container(2 ** 53, "segments");
        bytes memory signature = sign(1, finalOf(header, 1, 2 ** 53));
        vm.expectRevert(IRecovery.MalformedContainer.selector);
        recovery.claimFinal(chain, header, key, signature);
        bytes32 own = group;
        group = "another group";
        header = container(10, "segments");
        signature = sign(1, finalOf(header, 1, 10));
        group = own;
        vm.expectRevert(abi.encodeWithSelector(IRecovery.OtherGroup.selector, bytes32("another group")));
        recovery.claimFinal(chain, header, key, signature);
        vm.assertEq(recovery.opened(chain).finalHeight, 0);
    }

    function _refused(bytes memory header, bytes memory key, bytes memory signature) private {
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimFinal(chain, header, key, signature);
    }

    function test_lyingOrdersAreRefused() external {
        open();
        bytes memory key = keyOf(1);
        bytes memory content = orderContent("previous");
        bytes memory good = sign(1, orderDigest(1, 10, content));
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimOrder(chain, IRecovery.Order(1, 11, content), key, good);
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimOrder(chain, IRecovery.Order(2, 10, content), key, good);
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimOrder(chain, IRecovery.Order(1, 10, orderContent("another")), key, good);
        // Of an era that the key does not sign for.
        bytes memory other = sign(1, orderDigest(2, 10, content));
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimOrder(chain, IRecovery.Order(1, 10, content), key, other);
        vm.expectRevert(IRecovery.MalformedOrder.selector);
        recovery.claimOrder(chain, IRecovery.Order(1, 10, abi.encodePacked(content, uint8(0))), key, good);
        vm.expectRevert(IRecovery.MalformedOrder.selector);
        recovery.claimOrder(chain, IRecovery.Order(1, 10, new bytes(33)), key, good);
        vm.expectRevert(IRecovery.MalformedOrder.selector);
        recovery.claimOrder(
            chain, IRecovery.Order(1, 10, abi.encodePacked(bytes32(0), uint16(65), new bytes(65 * 34))), key, good
        );
        bytes memory high = sign(1, orderDigest(1, 2 ** 53, content));
        vm.expectRevert(IRecovery.MalformedOrder.selector);
        recovery.claimOrder(chain, IRecovery.Order(1, 2 ** 53, content), key, high);
        recovery.claimOrder(chain, IRecovery.Order(1, 10, content), key, good);
        vm.assertEq(recovery.opened(chain).orderHeight, 10);
        vm.assertEq(recovery.opened(chain).finalHeight, 0);
    }

    /// Who waited for the window's end alone cannot set the chain back at once.
    function test_theWindowBeginsAnewWithTheFirstSignOfLife() external {
        open();
        vm.warp(recovery.opened(chain).closesAt + 7 days);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NoSignOfLife.selector, chain));
        recovery.close(chain);
        claimFinal(3, 1);
        uint64 until = recovery.opened(chain).closesAt;
        vm.assertEq(until, vm.getBlockTimestamp() + CLAIMS);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotYet.selector, until));
        recovery.close(chain);
        vm.warp(until - 1);
        claimFinal(500, 1);
        vm.assertEq(recovery.opened(chain).closesAt, until);
        vm.warp(until);
        bytes memory header = container(501, "segments");
        bytes memory signature = sign(1, finalOf(header, 1, 501));
        bytes memory key = keyOf(1);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.ClaimsOver.selector, until));
        recovery.claimFinal(chain, header, key, signature);
        recovery.close(chain);
        vm.assertEq(recovery.beginningOf(chain, 2).finalHeight, 500);
    }

    function test_onlyMembersStand() external {
        uint32[] memory members = committees.committeeOf(chain);
        vm.prank(nodes.accountOf(members[0]));
        vm.expectRevert(abi.encodeWithSelector(IRecovery.WrongRecoveryState.selector, chain, IRecovery.State.None));
        recovery.stand(chain);
        open();
        stand(members[3]);
        vm.assertEq(recovery.progressOf(chain).standing, 8);
        address account_ = nodes.accountOf(members[3]);
        vm.prank(account_);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.AlreadyStands.selector, members[3]));
        recovery.stand(chain);
        for (uint32 id = 1; id <= 10; id++) {
            if (holds(members, id)) continue;
            account_ = nodes.accountOf(id);
            vm.prank(account_);
            vm.expectRevert(abi.encodeWithSelector(IRecovery.NotAMember.selector, chain, account_));
            recovery.stand(chain);
        }
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotAMember.selector, chain, address(this)));
        recovery.stand(chain);
    }

    function test_rotationsWait() external {
        vm.warp(rotations.rotationOf(chain).since + PERIOD);
        fund();
        recovery.challenge(chain);
        vm.expectRevert(abi.encodeWithSelector(IRotations.UnderRecovery.selector, chain));
        rotations.requestScheduled(chain);
        cancel(1);
        rotations.requestScheduled(chain);
        fund();
        recovery.challenge(chain);
        vm.warp(vm.getBlockTimestamp() + SILENCE);
        vm.expectRevert(abi.encodeWithSelector(IRotations.WrongStage.selector, chain, IRotations.Stage.Selecting));
        recovery.open(chain);
        committees.select(chain, passSeedBlock("leavers"));
        vm.assertTrue(resharing.running(chain));
        recovery.open(chain);
        vm.assertFalse(resharing.running(chain));
        vm.assertEq(uint256(rotations.rotationOf(chain).stage), uint256(IRotations.Stage.Idle));
        vm.assertEq(usedSlots(), 7);
        cancel(1);
        vm.warp(rotations.rotationOf(chain).quietUntil);
        rotations.requestScheduled(chain);
        committees.select(chain, passSeedBlock("again"));
        resharing.finish(chain, true);
        vm.assertEq(chains.chainOf(chain).epoch, 3);
    }

    function test_parametersAreBounded() external {
        IRecovery.Parameters memory value = IRecovery.Parameters({silence: 1, claims: 2, bond: 3});
        recovery.setParameters(value);
        vm.assertEq(recovery.parameters().bond, 3);
        value.silence = uint32(365 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.ParametersOutOfBounds.selector, value));
        recovery.setParameters(value);
        value.silence = 0;
        value.claims = uint32(365 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.ParametersOutOfBounds.selector, value));
        recovery.setParameters(value);
        vm.prank(account(1));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, account(1)));
        recovery.setParameters(value);
    }
}
