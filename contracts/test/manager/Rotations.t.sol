// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ICommittees} from "../../src/manager/interfaces/ICommittees.sol";
import {INodes} from "../../src/manager/interfaces/INodes.sol";
import {IRotations} from "../../src/manager/interfaces/IRotations.sol";
import {G1} from "../../src/keys/G1.sol";
import {Resharing} from "../../src/keys/Resharing.sol";
import {INodeKeys} from "../../src/keys/interfaces/INodeKeys.sol";
import {IResharing} from "../../src/keys/interfaces/IResharing.sol";
import {BlsSigner} from "../lib/BlsSigner.sol";
import {ManagerTest} from "./ManagerTest.sol";

contract RotationsTest is ManagerTest {
    uint64 private _chain;

    function setUp() public override {
        super.setUp();
        addNodes(10);
        _chain = createRunning("running", 7);
    }

    function test_anExitingMemberIsReplacedUnderTheSameKey() external {
        uint32[] memory before = committees.committeeOf(_chain);
        uint32[] memory leaving = _exit(before[4]);
        uint256 escrow = chains.chainOf(_chain).escrow;
        rotations.requestExit(_chain, leaving);
        uint32[] memory next = _drawAndBegin();
        vm.assertEq(next.length, 7);
        for (uint256 seat = 0; seat < 7; seat++) {
            if (seat != 4) vm.assertEq(next[seat], before[seat]);
            vm.assertTrue(next[seat] != leaving[0]);
        }
        _assertUsed(next[4], 1);
        // The old committee is in charge until READY.
        vm.assertEq(keccak256(abi.encode(committees.committeeOf(_chain))), keccak256(abi.encode(before)));
        vm.assertEq(chains.chainOf(_chain).epoch, 1);
        vm.expectEmit(address(rotations));
        emit IRotations.EpochReady(_chain, 1, 2, keccak256(abi.encode(keccak256("keys"), uint32(2))), next);
        resharing.finish(_chain, true);
        vm.assertEq(keccak256(abi.encode(committees.committeeOf(_chain))), keccak256(abi.encode(next)));
        vm.assertEq(chains.chainOf(_chain).epoch, 2);
        vm.assertEq(chains.chainOf(_chain).escrow, escrow);
        vm.assertEq(rotations.rotationOf(_chain).readyBlock, vm.getBlockNumber());

        // The leaver runs on until the new committee has taken over.
        vm.assertFalse(committees.isIdle(leaving[0]));
        uint64 until = rotations.rotationOf(_chain).quietUntil;
        vm.expectRevert(abi.encodeWithSelector(IRotations.NotYet.selector, until));
        rotations.releaseLeavers(_chain);
        vm.warp(until);
        rotations.releaseLeavers(_chain);
        vm.assertTrue(committees.isIdle(leaving[0]));
        vm.prank(validators.ownerOf(nodes.validatorOf(leaving[0])));
        nodes.retire(leaving[0]);
        vm.expectRevert(abi.encodeWithSelector(IRotations.NothingToRelease.selector, _chain));
        rotations.releaseLeavers(_chain);
    }

    function test_twoRotationsBackToBack() external {
        for (uint32 epoch = 2; epoch < 5; epoch++) {
            uint32[] memory members = committees.committeeOf(_chain);
            rotations.requestExit(_chain, _exit(members[epoch]));
            _drawAndBegin();
            IResharing.Terms memory terms = resharing.termsOf(_chain);
            vm.assertEq(terms.fromEpoch, epoch - 1);
            vm.assertEq(terms.epoch, epoch);
            vm.assertEq(keccak256(abi.encode(terms.oldNodeIds)), keccak256(abi.encode(members)));
            vm.assertEq(terms.keysHash, rotations.rotationOf(_chain).keysHash);
            resharing.finish(_chain, true);
            vm.expectPartialRevert(IRotations.NotYet.selector);
            rotations.requestExit(_chain, members);
            vm.warp(vm.getBlockTimestamp() + LINGER);
        }
        vm.assertEq(chains.chainOf(_chain).epoch, 4);
    }

    function test_aFailedResharingLeavesTheOldCommitteeInCharge() external {
        uint32[] memory before = committees.committeeOf(_chain);
        uint32[] memory leaving = _exit(before[0]);
        rotations.requestExit(_chain, leaving);
        uint32[] memory next = _drawAndBegin();
        resharing.finish(_chain, false);
        vm.assertEq(keccak256(abi.encode(committees.committeeOf(_chain))), keccak256(abi.encode(before)));
        _assertUsed(next[0], 0);
        vm.assertEq(chains.chainOf(_chain).epoch, 1);
        vm.warp(vm.getBlockTimestamp() + LINGER);
        // No secret serves two attempts.
        rotations.requestExit(_chain, leaving);
        _drawAndBegin();
        IResharing.Terms memory terms = resharing.termsOf(_chain);
        vm.assertTrue(terms.fromEpoch == 1 && terms.epoch == 3);
        resharing.finish(_chain, true);
        vm.assertEq(chains.chainOf(_chain).epoch, 3);
    }

    function test_scheduleReplacesSeatsInTurn() external {
        uint64 due = rotations.rotationOf(_chain).since + PERIOD;
        vm.expectRevert(abi.encodeWithSelector(IRotations.NotYet.selector, due));
        rotations.requestScheduled(_chain);
        for (uint256 turn = 0; turn < 8; turn++) {
            vm.warp(rotations.rotationOf(_chain).since + PERIOD);
            uint32[] memory before = committees.committeeOf(_chain);
            rotations.requestScheduled(_chain);
            uint32[] memory next = _drawAndBegin();
            for (uint256 seat = 0; seat < 7; seat++) {
                vm.assertEq(next[seat] == before[seat], seat != turn % 7);
            }
            resharing.finish(_chain, true);
        }
    }

    function test_scheduleRefreshesWhereNobodyIsFree() external {
        // The three nodes outside of the committee leave.
        uint32[] memory members = committees.committeeOf(_chain);
        for (uint32 id = 1; id <= 10; id++) {
            if (!_holds(members, id)) _exit(id);
        }
        vm.warp(rotations.rotationOf(_chain).since + PERIOD);
        rotations.requestScheduled(_chain);
        uint32[] memory next = _drawAndBegin();
        vm.assertEq(keccak256(abi.encode(next)), keccak256(abi.encode(members)));
        resharing.finish(_chain, true);
        vm.assertEq(chains.chainOf(_chain).epoch, 2);
        vm.assertEq(keccak256(abi.encode(committees.committeeOf(_chain))), keccak256(abi.encode(members)));
        // An exit has nobody to take the seat and is not begun.
        vm.warp(vm.getBlockTimestamp() + LINGER);
        rotations.requestExit(_chain, _exit(members[2]));
        committees.select(_chain, passSeedBlock("none"));
        vm.assertEq(uint256(rotations.rotationOf(_chain).stage), uint256(IRotations.Stage.Idle));
        vm.assertFalse(resharing.running(_chain));
        _assertUsed(members[2], 1);
    }

    function test_requestsAreChecked() external {
        uint32[] memory members = committees.committeeOf(_chain);
        uint32[] memory one = new uint32[](1);
        one[0] = members[0];
        vm.expectRevert(abi.encodeWithSelector(IRotations.NotExiting.selector, one[0]));
        rotations.requestExit(_chain, one);
        vm.expectRevert(abi.encodeWithSelector(IRotations.TooMany.selector, 0, 1));
        rotations.requestExit(_chain, new uint32[](0));
        uint32[] memory two = new uint32[](2);
        (two[0], two[1]) = (_exit(members[0])[0], _exit(members[1])[0]);
        vm.expectRevert(abi.encodeWithSelector(IRotations.TooMany.selector, 2, 1));
        rotations.requestExit(_chain, two);
        for (uint32 id = 1; id <= 10; id++) {
            if (_holds(members, id)) continue;
            uint32[] memory stranger = _exit(id);
            vm.expectRevert(abi.encodeWithSelector(IRotations.NotAMember.selector, id));
            rotations.requestExit(_chain, stranger);
            break;
        }
        vm.expectRevert(abi.encodeWithSelector(IRotations.NotRunning.selector, 5));
        rotations.requestExit(5, two);
        rotations.requestExit(_chain, one);
        vm.expectRevert(abi.encodeWithSelector(IRotations.WrongStage.selector, _chain, IRotations.Stage.Selecting));
        rotations.requestExit(_chain, one);
        vm.expectRevert(abi.encodeWithSelector(IRotations.WrongStage.selector, _chain, IRotations.Stage.Selecting));
        rotations.start(_chain);
        vm.expectRevert(abi.encodeWithSelector(IRotations.WrongStage.selector, _chain, IRotations.Stage.Selecting));
        rotations.releaseLeavers(_chain);
    }

    function test_onlyTheContractsConcernedCallBack() external {
        bytes memory stranger = abi.encodeWithSelector(IRotations.OnlyCommittees.selector, address(this));
        vm.expectRevert(stranger);
        rotations.seatsSelected(_chain, new uint32[](0));
        vm.expectRevert(stranger);
        rotations.seatsUnavailable(_chain);
        stranger = abi.encodeWithSelector(IRotations.OnlyResharing.selector, address(this));
        vm.expectRevert(stranger);
        rotations.keyReshared(_chain, 1, 2, 0);
        vm.expectRevert(stranger);
        rotations.resharingFailed(_chain, new uint32[](0));
        vm.expectRevert(abi.encodeWithSelector(IRotations.OnlyChains.selector, address(this)));
        rotations.chainEnded(_chain);
        stranger = abi.encodeWithSelector(ICommittees.OnlyRotations.selector, address(this));
        vm.expectRevert(stranger);
        committees.requestSeats(_chain, new uint32[](0), 0);
        vm.expectRevert(stranger);
        committees.commitSeats(_chain);
        vm.expectRevert(stranger);
        committees.dropSeats(_chain);
        vm.expectRevert(stranger);
        committees.releaseLeavers(_chain);
    }

    /// In every stage the end of the chain frees every slot, once.
    function test_theEndOfTheChainFreesAll() external {
        uint32[] memory members = committees.committeeOf(_chain);
        uint32[] memory leaving = _exit(members[5]);
        for (uint256 stage = 0; stage < 5; stage++) {
            uint256 state = vm.snapshotState();
            rotations.requestExit(_chain, leaving);
            bytes memory header;
            if (stage == 1) header = passSeedBlock("the seed");
            if (stage >= 2) _drawAndBegin();
            if (stage >= 3) resharing.finish(_chain, true);
            if (stage == 4) {
                // Released behind a request, and freed by the end of the chain behind that.
                vm.warp(vm.getBlockTimestamp() + LINGER);
                create("other", 4);
                rotations.releaseLeavers(_chain);
            }
            chains.deleteChain(_chain);
            vm.assertFalse(resharing.running(_chain));
            if (stage == 0) header = passSeedBlock("the seed");
            if (stage <= 1) committees.select(_chain, header);
            uint64 other = committees.nextRequest().chainId;
            if (stage == 4) select(other, "other");
            committees.settle(10);
            uint256 seats;
            for (uint32 id = 1; id <= 10; id++) {
                (, uint256 used,) = committees.slotsOf(id);
                seats += used;
            }
            vm.assertEq(seats, stage == 4 ? 4 : 0);
            vm.assertEq(committees.pendingChanges(), 0);
            vm.revertToState(state);
        }
    }

    /// f = 1 at 4 members, so a validator has one seat at most; each of five owns two nodes.
    function test_replacementsKeepTheCapOfAValidator() external {
        chains.deleteChain(_chain);
        for (uint32 id = 1; id <= 10; id++) {
            _exit(id);
        }
        for (uint256 i = 20; i < 25; i++) {
            addValidator(i, 2);
            addNode(i, 2 * i);
            addNode(i, 2 * i + 1);
        }
        uint64 chainId = createRunning("capped", 4);
        for (uint256 turn = 0; turn < 12; turn++) {
            uint32[] memory members = committees.committeeOf(chainId);
            vm.warp(rotations.rotationOf(chainId).since + PERIOD);
            rotations.requestScheduled(chainId);
            uint32[] memory next = _drawAndBeginOf(chainId, keccak256(abi.encode(turn)));
            for (uint256 i = 0; i < 4; i++) {
                for (uint256 k = 0; k < i; k++) {
                    vm.assertTrue(nodes.validatorOf(next[i]) != nodes.validatorOf(next[k]), "two of one validator");
                }
            }
            vm.assertFalse(_holds(next, members[turn % 4]));
            resharing.finish(chainId, true);
        }
    }

    function test_aQuorumReplacesWhoFailed() external {
        uint32[] memory members = committees.committeeOf(_chain);
        uint32[] memory leaving = new uint32[](1);
        leaving[0] = members[6];
        bytes32 digest = keccak256(
            abi.encodePacked(
                keccak256("tributary/v1/replace"),
                chains.chainOf(_chain).group,
                uint32(1),
                uint32(1),
                uint64(0),
                leaving[0]
            )
        );
        // q = 5 of 7.
        vm.expectRevert(abi.encodeWithSelector(IRotations.TooFewSigners.selector, 4, 5));
        rotations.requestFailure(_chain, leaving, 15, "");
        bytes memory signature = _signatureOf(members, 31, digest);
        vm.expectRevert(IRotations.BadSignature.selector);
        rotations.requestFailure(_chain, leaving, 47, signature);
        vm.expectRevert(IRotations.BadSignature.selector);
        rotations.requestFailure(_chain, leaving, 31 | 1 << 20, signature);
        uint32[] memory another = new uint32[](1);
        another[0] = members[5];
        vm.expectRevert(IRotations.BadSignature.selector);
        rotations.requestFailure(_chain, another, 31, signature);
        uint256 state = vm.snapshotState();
        rotations.requestFailure(_chain, leaving, 31, signature);
        uint32[] memory next = _drawAndBegin();
        vm.assertFalse(_holds(next, leaving[0]));
        vm.revertToState(state);
        // What was signed in one epoch says nothing in the next.
        rotations.requestExit(_chain, _exit(members[0]));
        _drawAndBegin();
        resharing.finish(_chain, true);
        vm.warp(vm.getBlockTimestamp() + LINGER);
        vm.expectRevert(IRotations.BadSignature.selector);
        rotations.requestFailure(_chain, leaving, 31, signature);
    }

    function _signatureOf(uint32[] memory members, uint64 signers, bytes32 digest) private view returns (bytes memory) {
        uint256 sum;
        for (uint256 seat = 0; seat < members.length; seat++) {
            // Node ids count from 1, seeds of keys from 0.
            if ((signers >> seat) & 1 == 1) sum = addmod(sum, nodeKey(members[seat] - 1), G1.ORDER);
        }
        return BlsSigner.sign(sum, digest);
    }

    /// The gas that a selection keeps for beginning a resharing is enough for the largest committees.
    function test_gasKeptForBeginningIsEnough() external {
        Resharing real = new Resharing(address(this), INodeKeys(address(this)), IResharing.Windows(1, 1, 1, 3));
        uint32[] memory nodeIds = new uint32[](64);
        for (uint32 i = 0; i < 64; i++) {
            nodeIds[i] = i + 1;
        }
        bytes memory key = new bytes(48);
        IResharing.Terms memory terms = IResharing.Terms(bytes32("g"), 1, 1, 2, key, bytes32("k"), nodeIds, nodeIds);
        uint256 used = gasleft();
        real.begin(1, terms);
        used -= gasleft();
        // Beside it: reading a node's account from the registry, and two lists of members.
        vm.assertLt(used, 64 * 80_000);
    }

    function accountOf(uint32 nodeId) external pure returns (address) {
        return address(uint160(nodeId));
    }

    function testFuzz_mostLeavingKeepsAQuorumOfOldMembers(uint8 seed) external view {
        uint256 members = bound(seed, 1, 64);
        uint256 faults = (members - 1) / 3;
        uint256 most = rotations.mostLeaving(members);
        vm.assertEq(most, faults < 4 ? 1 : faults / 2);
        // Apart from the smallest committees, those who stay can go on with f dead among the others.
        if (members >= 4) vm.assertGe(members - most, members - faults);
    }

    function test_parametersAreBounded() external {
        rotations.setParameters(IRotations.Parameters({period: 1, linger: 2}));
        vm.assertEq(rotations.parameters().linger, 2);
        vm.expectPartialRevert(IRotations.ParametersOutOfBounds.selector);
        rotations.setParameters(IRotations.Parameters({period: 366 days, linger: 2}));
        vm.prank(address(0xBAD));
        vm.expectRevert();
        rotations.setParameters(IRotations.Parameters({period: 1, linger: 2}));
    }

    function _exit(uint32 nodeId) private returns (uint32[] memory leaving) {
        if (nodes.stateOf(nodeId) == INodes.State.Active) {
            vm.prank(validators.ownerOf(nodes.validatorOf(nodeId)));
            nodes.exit(nodeId);
        }
        leaving = new uint32[](1);
        leaving[0] = nodeId;
    }

    function _drawAndBegin() private returns (uint32[] memory) {
        return _drawAndBeginOf(_chain, keccak256(abi.encode(vm.getBlockNumber())));
    }

    function _drawAndBeginOf(uint64 id, bytes32 mixHash) private returns (uint32[] memory) {
        committees.select(id, passSeedBlock(mixHash));
        vm.assertTrue(resharing.running(id));
        return resharing.termsOf(id).nodeIds;
    }

    function _assertUsed(uint32 nodeId, uint256 expected) private view {
        (, uint256 used,) = committees.slotsOf(nodeId);
        vm.assertEq(used, expected);
    }

    function _holds(uint32[] memory members, uint32 nodeId) private pure returns (bool) {
        for (uint256 i = 0; i < members.length; i++) {
            if (members[i] == nodeId) return true;
        }
        return false;
    }
}
