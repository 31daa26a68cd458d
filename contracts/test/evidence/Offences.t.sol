// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Evidence} from "../../src/evidence/Evidence.sol";
import {Offences} from "../../src/evidence/Offences.sol";
import {IOffences} from "../../src/evidence/interfaces/IOffences.sol";
import {IResharing} from "../../src/keys/interfaces/IResharing.sol";
import {KeyGenerationFixture} from "../keys/KeyGenerationFixture.sol";
import {Vectors} from "../keys/Vectors.sol";
import {Contradictions, NodeAccounts} from "./Contradictions.sol";

/// The committee of epoch 1, which got its shares by resharing: nodes 102, 100, 101 by seat.
contract ResharedCommittee {
    function committeeOf(bytes32 group, uint32 era, uint32 epoch)
        external
        pure
        returns (uint64 chainId, uint32[] memory nodeIds)
    {
        if (group != Vectors.FOUR_GROUP || era != 0 || epoch != 1) return (0, nodeIds);
        nodeIds = new uint32[](3);
        (nodeIds[0], nodeIds[1], nodeIds[2]) = (102, 100, 101);
        return (9, nodeIds);
    }
}

/// Against a committee of four that generated a key: nodes 100 to 103, era 0, epoch 0.
contract OffencesTest is KeyGenerationFixture {
    uint16 private constant SEAT = 2;
    uint32 private constant NODE = 102;

    Offences private _offences;

    function setUp() public override {
        super.setUp();
        _offences = new Offences(keys, IResharing(address(new ResharedCommittee())), new NodeAccounts());
        acceptAll();
        dealHonestly(4);
    }

    function test_recordsAnOffenceOnceAndNamesTheNode() external {
        ready(Vectors.READY_ALL, 15);
        bytes memory evidence = _finals(SEAT, NODE, 7);
        vm.expectEmit(address(_offences));
        emit IOffences.OffenceProven(NODE, CHAIN, _offence(SEAT, 7), keccak256(evidence));
        vm.prank(address(0xCAFE));
        vm.assertEq(_offences.submit(evidence), NODE);
        vm.assertTrue(_offences.isProven(_offence(SEAT, 7)));
        vm.assertEq(_offences.countOf(NODE), 1);

        // Other hashes at the same height: the same offence.
        bytes memory more = Contradictions.finals(_slot(SEAT, 7), NODE, bytes32(uint256(3)), bytes32(uint256(4)));
        vm.expectRevert(abi.encodeWithSelector(IOffences.AlreadyProven.selector, NODE, Evidence.Kind.Final, 7));
        _offences.submit(more);

        _offences.submit(_finals(SEAT, NODE, 8));
        _offences.submit(Contradictions.largest(_slot(SEAT, 7), NODE));
        vm.assertEq(_offences.countOf(NODE), 3);
        vm.assertEq(_offences.countOf(103), 0);
        vm.assertFalse(_offences.isProven(_offence(3, 7)));
    }

    function test_judgesWithoutRecording() external {
        ready(Vectors.READY_ALL, 15);
        (Evidence.Verdict verdict, Evidence.Offence memory offence, uint32 nodeId) =
            _offences.judge(_finals(SEAT, NODE, 7));
        vm.assertEq(uint8(verdict), uint8(Evidence.Verdict.Proven));
        vm.assertEq(abi.encode(offence), abi.encode(_offence(SEAT, 7)));
        vm.assertEq(nodeId, NODE);
        (verdict,, nodeId) = _offences.judge(_finals(3, NODE, 7));
        vm.assertEq(uint8(verdict), uint8(Evidence.Verdict.BadSignature));
        vm.assertEq(nodeId, 0);
        (verdict,,) = _offences.judge("");
        vm.assertEq(uint8(verdict), uint8(Evidence.Verdict.Malformed));
    }

    function test_refusesWhatProvesNothing() external {
        ready(Vectors.READY_ALL, 15);
        _expectRefusal(hex"00", Evidence.Verdict.Malformed);
        _expectRefusal(_finals(4, NODE, 7), Evidence.Verdict.NoSuchSeat);
        // Another member's signature.
        _expectRefusal(_finals(SEAT, 103, 7), Evidence.Verdict.BadSignature);
        bytes32 hash = bytes32(uint256(1));
        _expectRefusal(Contradictions.finals(_slot(SEAT, 7), NODE, hash, hash), Evidence.Verdict.Lawful);
        vm.assertEq(_offences.countOf(NODE), 0);
    }

    function test_knowsOnlyCommitteesThatHadAKey() external {
        bytes memory evidence = _finals(SEAT, NODE, 7);
        vm.expectRevert(
            abi.encodeWithSelector(IOffences.UnknownCommittee.selector, Vectors.FOUR_GROUP, uint32(0), uint32(0))
        );
        _offences.submit(evidence);
        ready(Vectors.READY_ALL, 15);
        bytes memory other = Contradictions.slot(Vectors.FOUR_GROUP, 0, 2, 7, SEAT);
        evidence = Contradictions.finals(other, NODE, bytes32(uint256(1)), bytes32(uint256(2)));
        vm.expectRevert(
            abi.encodeWithSelector(IOffences.UnknownCommittee.selector, Vectors.FOUR_GROUP, uint32(0), uint32(2))
        );
        _offences.submit(evidence);
    }

    function test_judgesByTheCommitteeThatGotItsSharesByResharing() external {
        ready(Vectors.READY_ALL, 15);
        bytes memory slot = Contradictions.slot(Vectors.FOUR_GROUP, 0, 1, 7, 0);
        bytes memory evidence = Contradictions.finals(slot, NODE, bytes32(uint256(1)), bytes32(uint256(2)));
        vm.assertEq(_offences.submit(evidence), NODE);
        // Seat 0 of the epoch before is another node's.
        slot = Contradictions.slot(Vectors.FOUR_GROUP, 0, 0, 7, 0);
        _expectRefusal(
            Contradictions.finals(slot, NODE, bytes32(uint256(1)), bytes32(uint256(2))), Evidence.Verdict.BadSignature
        );
        slot = Contradictions.slot(Vectors.FOUR_GROUP, 0, 1, 7, 3);
        _expectRefusal(
            Contradictions.finals(slot, NODE, bytes32(uint256(1)), bytes32(uint256(2))), Evidence.Verdict.NoSuchSeat
        );
    }

    function test_keepsTheCommitteeOfAnEpoch() external {
        (uint64 chainId, uint32[] memory nodeIds) = keys.committeeOf(Vectors.FOUR_GROUP, 0, 0);
        vm.assertEq(nodeIds.length, 0);
        ready(Vectors.READY_ALL, 15);
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 1, ids(3));
        (chainId, nodeIds) = keys.committeeOf(Vectors.FOUR_GROUP, 0, 0);
        vm.assertEq(chainId, CHAIN);
        vm.assertEq(abi.encode(nodeIds), abi.encode(ids(4)));
    }

    function _expectRefusal(bytes memory evidence, Evidence.Verdict verdict) private {
        vm.expectRevert(abi.encodeWithSelector(IOffences.NotEvidence.selector, verdict));
        _offences.submit(evidence);
    }

    function _slot(uint16 seat, uint64 height) private pure returns (bytes memory) {
        return Contradictions.slot(Vectors.FOUR_GROUP, 0, 0, height, seat);
    }

    function _finals(uint16 seat, uint32 nodeId, uint64 height) private pure returns (bytes memory) {
        return Contradictions.finals(_slot(seat, height), nodeId, bytes32(uint256(1)), bytes32(uint256(2)));
    }

    function _offence(uint16 seat, uint64 height) private pure returns (Evidence.Offence memory) {
        return Evidence.Offence({
            kind: Evidence.Kind.Final, group: Vectors.FOUR_GROUP, era: 0, epoch: 0, height: height, seat: seat
        });
    }
}
