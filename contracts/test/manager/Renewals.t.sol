// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {G1} from "../../src/keys/G1.sol";
import {IKeyGeneration} from "../../src/keys/interfaces/IKeyGeneration.sol";
import {IEras} from "../../src/manager/interfaces/IEras.sol";
import {IRecovery} from "../../src/manager/interfaces/IRecovery.sol";
import {IRenewals} from "../../src/manager/interfaces/IRenewals.sol";
import {IRotations} from "../../src/manager/interfaces/IRotations.sol";
import {RecoveryTest} from "./RecoveryTest.sol";

contract RenewalsTest is RecoveryTest {
    function test_aKeyIsRenewedWhenItIsDue() external {
        uint64 due = uint64(vm.getBlockTimestamp()) + ERA_PERIOD;
        vm.assertEq(renewals.dueAt(chain), due);
        vm.warp(due - 1);
        vm.expectRevert(abi.encodeWithSelector(IRenewals.NotYet.selector, due));
        renewals.begin(chain);
        vm.warp(due);
        uint32[] memory members = committees.committeeOf(chain);
        vm.expectCall(
            address(keyGeneration), abi.encodeCall(IKeyGeneration.begin, (chain, group, 2, 1, members)), uint64(1)
        );
        renewals.begin(chain);
        _assertStage(IRenewals.Stage.Generating);
        vm.assertTrue(renewals.isUnderWay(chain));
        vm.expectRevert(
            abi.encodeWithSelector(IRenewals.WrongStage.selector, chain, uint256(IRenewals.Stage.Generating))
        );
        renewals.begin(chain);
        // The key that is in charge covers all heights until it is shown where the new one begins.
        _generate(2, 1);
        _assertStage(IRenewals.Stage.Ready);
        vm.assertEq(renewals.renewalOf(chain).readyBlock, vm.getBlockNumber());
        vm.assertEq(eras.eraAt(chain, 1_000_000).era, 1);
        (bytes memory key, uint64 first, uint64 last) = eras.eraKey(chain, 2);
        vm.assertEq(keccak256(key), keccak256(G1.compress(keyOf(2))));
        vm.assertTrue(first == type(uint64).max && last == type(uint64).max);
        IRotations.Rotation memory rotation = rotations.rotationOf(chain);
        vm.assertTrue(rotation.era == 2 && rotation.epoch == 1 && rotation.readyBlock == vm.getBlockNumber());
        vm.assertEq(rotation.keysHash, keccak256("fresh keys"));
        vm.assertEq(chains.chainOf(chain).era, 2);

        vm.expectEmit(address(renewals));
        emit IRenewals.EraBegun(chain, group, 2, 54);
        _show(50);
        vm.assertEq(eras.eraAt(chain, 53).era, 1);
        vm.assertEq(eras.eraAt(chain, 53).lastHeight, 53);
        vm.assertEq(eras.eraAt(chain, 54).era, 2);
        vm.assertEq(eras.eraAt(chain, 54).lastHeight, 0);
        vm.assertFalse(renewals.isUnderWay(chain));
        due = uint64(vm.getBlockTimestamp()) + ERA_PERIOD;
        vm.assertEq(renewals.dueAt(chain), due);
        vm.warp(due);
        renewals.begin(chain);
        _generate(3, 1);
        // Shown by what the second key signed.
        _show(70, 2);
        vm.assertEq(eras.eraAt(chain, 73).era, 2);
        vm.assertEq(eras.eraAt(chain, 74).era, 3);
    }

    function test_onlyTheFirstContainerThatShowsReadyIsTaken() external {
        _renew();
        uint64 ready = renewals.renewalOf(chain).readyBlock;
        bytes memory parent = _header(49, ready - 1, "grandparent");
        bytes memory key = keyOf(1);
        bytes memory early = _header(50, ready - 1, keccak256(parent));
        _refused(abi.encodeWithSelector(IRenewals.NotTheFirst.selector, ready - 1, ready - 1, ready), early, parent, 1);
        bytes memory after_ = _header(49, ready, "grandparent");
        bytes memory late = _header(50, ready + 1, keccak256(after_));
        _refused(abi.encodeWithSelector(IRenewals.NotTheFirst.selector, ready, ready + 1, ready), late, after_, 1);
        bytes memory good = _header(50, ready + 3, keccak256(parent));
        _refused(abi.encodeWithSelector(IRenewals.NotTheParent.selector), good, after_, 1);
        // Neither the new key nor a signature over another height.
        _refused(abi.encodeWithSelector(IRenewals.BadCertificate.selector), good, parent, 2);
        bytes memory signature = sign(1, finalOf(good, 1, 51));
        vm.expectRevert(IRenewals.BadCertificate.selector);
        renewals.show(chain, good, parent, key, signature);
        vm.expectRevert(IRenewals.MalformedContainer.selector);
        renewals.show(chain, new bytes(291), parent, key, signature);
        bytes memory highest = _header(2 ** 53 - 4, ready, keccak256(parent));
        _refused(abi.encodeWithSelector(IRenewals.MalformedContainer.selector), highest, parent, 1);
        bytes32 own = group;
        group = "another group";
        bytes memory strange = _header(50, ready, keccak256(parent));
        bytes32 digest = finalOf(strange, 1, 50);
        group = own;
        signature = sign(1, digest);
        vm.expectRevert(abi.encodeWithSelector(IRenewals.OtherGroup.selector, bytes32("another group")));
        renewals.show(chain, strange, parent, key, signature);
        signature = sign(1, finalOf(good, 1, 50));
        renewals.show(chain, good, parent, key, signature);
        vm.expectRevert(abi.encodeWithSelector(IRenewals.WrongStage.selector, chain, uint256(IRenewals.Stage.Idle)));
        renewals.show(chain, good, parent, key, signature);
    }

    function test_aFailedAttemptLeavesTheKeyInCharge() external {
        _begin();
        uint32[] memory culprits = new uint32[](1);
        culprits[0] = 3;
        vm.expectEmit(address(renewals));
        emit IRenewals.RenewalFailed(chain, 2, 1, culprits);
        vm.prank(address(keyGeneration));
        renewals.keyGenerationFailed(chain, culprits);
        vm.assertEq(chains.chainOf(chain).era, 1);
        vm.assertEq(eras.erasOf(chain).length, 1);
        uint64 retry = uint64(vm.getBlockTimestamp()) + PAUSE;
        vm.expectRevert(abi.encodeWithSelector(IRenewals.NotYet.selector, retry));
        renewals.begin(chain);
        vm.warp(retry);
        renewals.begin(chain);
        vm.prank(address(keyGeneration));
        vm.expectRevert(abi.encodeWithSelector(IRenewals.WrongEpoch.selector, chain, 2, 1));
        renewals.keyGenerated(chain, 2, 1, "", 0);
        _generate(2, 2);
        _show(20);
        vm.assertEq(chains.chainOf(chain).epoch, 2);
        vm.assertEq(eras.eraAt(chain, 24).era, 2);
    }

    function test_noRotationWhileAKeyIsRenewedAndTheOtherWayRound() external {
        _begin();
        bytes memory refusal = abi.encodeWithSelector(IRotations.UnderRenewal.selector, chain);
        vm.expectRevert(refusal);
        rotations.requestScheduled(chain);
        _generate(2, 1);
        vm.expectRevert(refusal);
        rotations.requestScheduled(chain);
        _show(9);
        vm.warp(vm.getBlockTimestamp() + ERA_PERIOD);
        rotations.requestScheduled(chain);
        bytes memory busy = abi.encodeWithSelector(IRenewals.UnderRotation.selector, chain);
        vm.expectRevert(busy);
        renewals.begin(chain);
        committees.select(chain, passSeedBlock("scheduled"));
        vm.assertEq(resharing.termsOf(chain).era, 2);
        resharing.finish(chain, true);
        vm.expectRevert(busy);
        renewals.begin(chain);
        vm.warp(vm.getBlockTimestamp() + LINGER);
        renewals.begin(chain);
        vm.assertEq(renewals.renewalOf(chain).era, 3);
    }

    function test_aRecoveryEndsAnAttempt() external {
        _begin();
        fund();
        recovery.challenge(chain);
        // The answer is the business of the key in charge.
        vm.prank(address(keyGeneration));
        vm.expectRevert(abi.encodeWithSelector(IRenewals.UnderRecovery.selector, chain));
        renewals.keyGenerated(chain, 2, 1, "", 0);
        vm.warp(vm.getBlockTimestamp() + SILENCE);
        vm.expectCall(address(keyGeneration), abi.encodeCall(IKeyGeneration.cancel, (chain)), uint64(1));
        recovery.open(chain);
        _assertStage(IRenewals.Stage.Idle);
        vm.warp(vm.getBlockTimestamp() + ERA_PERIOD);
        vm.expectRevert(abi.encodeWithSelector(IRenewals.UnderRecovery.selector, chain));
        renewals.begin(chain);
        claimFinal(5, 1);
        standFirst(7);
        close();
        recovery.start(chain);
        // The epochs of the era that were tried are taken.
        generate(2, 2);
        vm.assertEq(eras.eraAt(chain, 6).era, 2);
        vm.assertEq(renewals.dueAt(chain), vm.getBlockTimestamp() + ERA_PERIOD);
    }

    /// The chain stops between READY and the first height of the new key.
    function test_aRecoveryBeforeTheBorderIsShown() external {
        _renew();
        open();
        vm.assertEq(recovery.opened(chain).era, 2);
        bytes memory header = container(12, "segments");
        bytes memory signature = sign(2, finalOf(header, 2, 12));
        bytes memory key = keyOf(2);
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimFinal(chain, header, key, signature);
        claimFinal(12, 1);
        claimOrder(13, 1);
        standFirst(7);
        close();
        recovery.start(chain);
        generate(3, 1);
        IEras.Era[] memory list = eras.erasOf(chain);
        vm.assertTrue(list[0].firstHeight == 1 && list[0].lastHeight == 12);
        vm.assertTrue(list[1].firstHeight == type(uint64).max && list[1].lastHeight == type(uint64).max);
        vm.assertTrue(list[2].firstHeight == 13 && list[2].lastHeight == 0);
        _assertStage(IRenewals.Stage.Idle);
    }

    /// It stops when that height is known, but not reached.
    function test_aRecoveryBelowTheBorder() external {
        _renew();
        _show(10);
        open();
        vm.assertEq(recovery.opened(chain).finalHeight, 10);
        bytes memory header = container(10, "segments");
        bytes memory signature = sign(1, finalOf(header, 1, 10));
        bytes memory key = keyOf(1);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotHigher.selector, uint64(10), uint64(10)));
        recovery.claimFinal(chain, header, key, signature);
        claimFinal(12, 1);
        // The old key has no say from the first height of the new one on.
        header = container(14, "segments");
        signature = sign(1, finalOf(header, 1, 14));
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimFinal(chain, header, key, signature);
        standFirst(7);
        close();
        recovery.start(chain);
        generate(3, 1);
        vm.assertEq(eras.eraAt(chain, 12).lastHeight, 12);
        vm.assertEq(eras.eraAt(chain, 13).era, 3);
        vm.assertEq(eras.erasOf(chain)[1].firstHeight, type(uint64).max);
    }

    function test_aRecoveryAboveTheBorder() external {
        _renew();
        _show(10);
        open();
        claimFinal(13, 1);
        claimFinal(20, 2);
        claimOrder(21, 2);
        standFirst(7);
        close();
        recovery.start(chain);
        generate(3, 1);
        vm.assertEq(eras.eraAt(chain, 13).era, 1);
        vm.assertEq(eras.eraAt(chain, 14).era, 2);
        vm.assertEq(eras.eraAt(chain, 20).era, 2);
        vm.assertEq(eras.eraAt(chain, 21).era, 3);
        vm.warp(vm.getBlockTimestamp() + ERA_PERIOD);
        renewals.begin(chain);
        vm.assertEq(renewals.renewalOf(chain).era, 4);
    }

    /// The scheduled era covers no height, so the era after it took over what the one before had ordered.
    function test_ordersBelowAScheduledEraAreInheritedByTheOneAfter() external {
        _renew();
        open();
        claimFinal(12, 1);
        claimOrder(14, 1);
        _nextEra(3);
        open();
        bytes memory content = orderContent(orderOf(12));
        bytes32 digest = orderDigest(1, 13, content);
        bytes memory key = keyOf(1);
        bytes memory signature = sign(1, digest);
        recovery.claimInherited(chain, 1, IRecovery.Order(1, 13, content), key, signature);
        content = orderContent(orderOf(14));
        signature = sign(1, orderDigest(1, 15, content));
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotInherited.selector, uint32(1), uint64(15)));
        recovery.claimInherited(chain, 1, IRecovery.Order(1, 15, content), key, signature);
        _lack(5);
        close();
        IRecovery.Beginning memory beginning = recovery.beginningOf(chain, 4);
        vm.assertEq(beginning.finalHeight, 12);
        vm.assertEq(beginning.orderHeight, 13);
        vm.assertEq(beginning.orderDigest, digest);
    }

    /// Where nothing more was claimed, the shown border is the highest final height, with its order.
    function test_aShownBorderIsWhatIsLeftWhereAllAboveIsLacking() external {
        _renew();
        _show(10);
        open();
        claimOrder(12, 1);
        _nextEra(3);
        open();
        _lack(5);
        close();
        IRecovery.Beginning memory beginning = recovery.beginningOf(chain, 4);
        vm.assertEq(beginning.finalHeight, 10);
        vm.assertEq(beginning.orderHeight, 10);
        vm.assertEq(beginning.orderDigest, orderOf(10));
    }

    function test_theEndOfTheChainEndsAllOfIt() external {
        _begin();
        vm.expectCall(address(keyGeneration), abi.encodeCall(IKeyGeneration.cancel, (chain)), uint64(1));
        chains.deleteChain(chain);
        _assertStage(IRenewals.Stage.Idle);
        vm.expectRevert(abi.encodeWithSelector(IRenewals.NotRunning.selector, chain));
        renewals.begin(chain);
    }

    function test_onlyTheContractsConcernedCall() external {
        bytes memory stranger = abi.encodeWithSelector(IRenewals.OnlyKeyGeneration.selector, address(this));
        vm.expectRevert(stranger);
        renewals.keyGenerated(chain, 2, 1, "", 0);
        vm.expectRevert(stranger);
        renewals.keyGenerationFailed(chain, new uint32[](0));
        vm.expectRevert(abi.encodeWithSelector(IRenewals.OnlyRecovery.selector, address(this)));
        renewals.suspend(chain);
        vm.expectRevert(abi.encodeWithSelector(IRenewals.OnlyRecovery.selector, address(this)));
        renewals.superseded(chain);
        vm.expectRevert(abi.encodeWithSelector(IRenewals.OnlyRotations.selector, address(this)));
        renewals.chainEnded(chain);
        vm.expectRevert(abi.encodeWithSelector(IRotations.OnlyRenewals.selector, address(this)));
        rotations.renewed(chain, 2, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IEras.NotAllowed.selector, address(this), uint32(2)));
        eras.announce(chain, group, 2, new bytes(48));
        vm.expectRevert(abi.encodeWithSelector(IEras.NotAllowed.selector, address(this), uint32(2)));
        eras.begin(chain, 2, 9);
        vm.prank(address(renewals));
        vm.expectRevert(abi.encodeWithSelector(IEras.NotAnnounced.selector, chain, uint32(1)));
        eras.begin(chain, 1, 9);
    }

    // --- helpers

    function _begin() private {
        vm.warp(vm.getBlockTimestamp() + ERA_PERIOD);
        renewals.begin(chain);
    }

    function _renew() private {
        _begin();
        _generate(2, 1);
    }

    function _generate(uint32 era, uint32 epoch) private {
        bytes memory groupKey = G1.compress(keyOf(era));
        bytes memory key = abi.encode(era, epoch, groupKey, keccak256("fresh keys"), bytes32(0));
        vm.mockCall(address(keyGeneration), abi.encodeCall(IKeyGeneration.keyOf, (chain)), key);
        vm.prank(address(keyGeneration));
        renewals.keyGenerated(chain, era, epoch, groupKey, keccak256("fresh keys"));
    }

    function _nextEra(uint32 era) private {
        standFirst(7);
        close();
        recovery.start(chain);
        generate(era, 1);
    }

    function _lack(uint256 count) private {
        uint32[] memory members = committees.committeeOf(chain);
        for (uint256 seat = 0; seat < count; seat++) {
            vm.prank(nodes.accountOf(members[seat]));
            recovery.lack(chain);
        }
    }

    function _header(uint64 height, uint64 checkpoint, bytes32 parent) private view returns (bytes memory) {
        bytes memory slot = abi.encodePacked(uint16(1), uint32(1), group, uint32(1), uint32(1), height);
        bytes memory ordered = abi.encodePacked(bytes32("committee"), parent, orderOf(height), bytes32("beacon"));
        bytes32 roots = "segments";
        return abi.encodePacked(slot, ordered, uint48(1), checkpoint, bytes32("mainchain"), bytes32("body"), roots);
    }

    function _show(uint64 height) private {
        _show(height, 1);
    }

    function _show(uint64 height, uint32 era) private {
        uint64 ready = renewals.renewalOf(chain).readyBlock;
        bytes memory parent = _header(height - 1, ready - 1, "grandparent");
        bytes memory header = _header(height, ready, keccak256(parent));
        renewals.show(chain, header, parent, keyOf(era), sign(era, finalOf(header, era, height)));
    }

    function _refused(bytes memory with, bytes memory header, bytes memory parent, uint32 era) private {
        uint64 height;
        assembly {
            height := shr(192, mload(add(header, 78)))
        }
        bytes memory key = keyOf(era);
        bytes memory signature = sign(era, finalOf(header, era, height));
        vm.expectRevert(with);
        renewals.show(chain, header, parent, key, signature);
    }

    function _assertStage(IRenewals.Stage stage) private view {
        vm.assertEq(uint256(renewals.renewalOf(chain).stage), uint256(stage), "stage");
    }
}
