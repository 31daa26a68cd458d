// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Evidence} from "../../src/evidence/Evidence.sol";
import {Test} from "../lib/Test.sol";
import {EvidenceVectors} from "./EvidenceVectors.sol";

/// The library behind calldata.
contract Judge {
    function judge(bytes calldata evidence, uint256 members, address account) external pure returns (Evidence.Verdict) {
        return Evidence.judge(evidence, members, account);
    }

    function offenceOf(bytes calldata evidence)
        external
        pure
        returns (bool wellFormed, Evidence.Offence memory offence)
    {
        return Evidence.offenceOf(evidence);
    }
}

contract EvidenceTest is Test {
    /// What judging may cost besides calldata: two recoveries, and hashing what is there.
    uint256 private constant GAS = 60_000;
    uint256 private constant GAS_A_BYTE = 10;
    bytes32 private constant VOTE = keccak256("tributary/v1/vote");

    Judge private _judge;

    function setUp() external {
        _judge = new Judge();
    }

    function test_judgesEveryCaseAsTheMembersDo() external view {
        EvidenceVectors.Case[] memory cases = EvidenceVectors.cases();
        for (uint256 i = 0; i < cases.length; i++) {
            vm.assertEq(_verdict(cases[i].evidence), cases[i].verdict, cases[i].name);
        }
    }

    function test_judgesEveryFlippedBitAsTheMembersDo() external view {
        EvidenceVectors.Case[] memory cases = EvidenceVectors.cases();
        bytes[] memory verdicts = EvidenceVectors.flips();
        for (uint256 i = 0; i < EvidenceVectors.PROVEN; i++) {
            bytes memory evidence = cases[i].evidence;
            for (uint256 offset = 0; offset < evidence.length; offset++) {
                bytes1 bit = bytes1(uint8(1 << (offset % 8)));
                evidence[offset] ^= bit;
                vm.assertEq(_verdict(evidence), uint8(verdicts[i][offset]), vm.toString(offset));
                evidence[offset] ^= bit;
            }
        }
    }

    function test_refusesWhatIsShorterOrLonger() external view {
        EvidenceVectors.Case[] memory cases = EvidenceVectors.cases();
        for (uint256 i = 0; i < EvidenceVectors.PROVEN; i++) {
            bytes memory evidence = cases[i].evidence;
            vm.assertEq(_verdict(abi.encodePacked(evidence, uint8(0))), uint8(Evidence.Verdict.Malformed));
            for (uint256 length = evidence.length; length > 0;) {
                length--;
                assembly ("memory-safe") {
                    mstore(evidence, length)
                }
                vm.assertEq(_verdict(evidence), uint8(Evidence.Verdict.Malformed), cases[i].name);
            }
        }
    }

    function test_namesWhomAndWhat() external view {
        EvidenceVectors.Case[] memory cases = EvidenceVectors.cases();
        for (uint256 i = 0; i < EvidenceVectors.PROVEN; i++) {
            (bool wellFormed, Evidence.Offence memory offence) = _judge.offenceOf(cases[i].evidence);
            vm.assertTrue(wellFormed);
            vm.assertEq(uint8(offence.kind), uint8(cases[i].evidence[1]));
            vm.assertEq(offence.group, EvidenceVectors.GROUP);
            vm.assertEq(offence.era, EvidenceVectors.ERA);
            vm.assertEq(offence.epoch, EvidenceVectors.EPOCH);
            vm.assertEq(offence.height, EvidenceVectors.HEIGHT);
            vm.assertEq(offence.seat, EvidenceVectors.SEAT);
        }
    }

    function test_convictsNobodyWithoutAnAccount() external view {
        bytes memory evidence = EvidenceVectors.cases()[3].evidence;
        Evidence.Verdict verdict = _judge.judge(evidence, EvidenceVectors.MEMBERS, address(0));
        vm.assertEq(uint8(verdict), uint8(Evidence.Verdict.BadSignature));
    }

    /// forge-config: default.fuzz.runs = 2048
    function testFuzz_answersForAnyBytesInBoundedGas(bytes calldata noise) external view {
        _assertBounded(noise);
        // Behind a head that passes.
        uint256 kind = noise.length == 0 ? 0 : uint8(noise[0]) % 7;
        _assertBounded(abi.encodePacked(uint8(1), uint8(kind), bytes32(0), uint64(0), uint64(1), uint16(0), noise));
    }

    /// forge-config: default.fuzz.runs = 2048
    function testFuzz_answersForDamagedEvidence(uint256 which, uint256[4] calldata damages, uint256 length)
        external
        view
    {
        bytes memory evidence = EvidenceVectors.cases()[which % EvidenceVectors.PROVEN].evidence;
        bytes32 before = keccak256(evidence);
        for (uint256 i = 0; i < damages.length; i++) {
            // Half of the damages go where lengths and counts stand.
            uint256 offset = damages[i] % (damages[i] & 256 == 0 ? evidence.length : 64);
            evidence[offset] = bytes1(uint8(damages[i] >> 128));
        }
        if (length % 4 == 0) {
            length = (length >> 8) % (evidence.length + 1);
            assembly ("memory-safe") {
                mstore(evidence, length)
            }
        }
        uint256 verdict = _assertBounded(evidence);
        if (keccak256(evidence) != before) vm.assertTrue(verdict != uint8(Evidence.Verdict.Proven));
    }

    /// Two records of one seat's votes, judged by the rule of the specification's table, seat by seat.
    /// forge-config: default.fuzz.runs = 1024
    function testFuzz_judgesVotesByTheTable(uint256 kind, uint8[2] calldata rounds, uint8[4] calldata seats)
        external
        view
    {
        kind = kind % 4;
        bytes memory a = abi.encodePacked(uint8(kind), uint16(rounds[0] % 2), uint64(seats[0]), uint64(seats[1]));
        bytes memory b = abi.encodePacked(uint8(kind), uint16(rounds[1] % 2), uint64(seats[2]), uint64(seats[3]));
        bool guilty = keccak256(a) != keccak256(b) && (rounds[0] % 2 == rounds[1] % 2 || kind == 3);
        guilty = guilty && _excludes(kind, seats);
        // EST is judged as AUX, and is never that.
        uint8 accused = kind == 0 ? 4 : uint8(kind) + 3;
        uint256 verdict = _verdict(_signedPair(accused, a, b));
        vm.assertEq(verdict, uint8(guilty ? Evidence.Verdict.Proven : Evidence.Verdict.Lawful));
    }

    function _excludes(uint256 kind, uint8[4] calldata seats) private pure returns (bool) {
        for (uint256 seat = 0; seat < EvidenceVectors.MEMBERS; seat++) {
            uint256 a = ((seats[0] >> seat) & 1) + 2 * ((seats[1] >> seat) & 1);
            uint256 b = ((seats[2] >> seat) & 1) + 2 * ((seats[3] >> seat) & 1);
            // {0} is 1, {1} is 2, {0,1} is 3.
            if (kind == 2 && a != 0 && b != 0 && a != b) return true;
            if ((kind == 1 || kind == 3) && (a | b) == 3 && a != 0 && b != 0) return true;
        }
        return false;
    }

    function _signedPair(uint8 kind, bytes memory a, bytes memory b) private pure returns (bytes memory) {
        bytes memory slot =
            abi.encodePacked(bytes32("group"), uint32(2), uint32(3), uint64(4), uint16(EvidenceVectors.SEAT));
        (bytes32 one, bytes memory first) = _signedVote(slot, a);
        (bytes32 two, bytes memory second) = _signedVote(slot, b);
        if (one > two) (first, second) = (second, first);
        return abi.encodePacked(uint8(1), kind, slot, uint8(2), uint16(0), uint16(0), first, second);
    }

    function _signedVote(bytes memory slot, bytes memory record) private pure returns (bytes32 digest, bytes memory) {
        digest = keccak256(abi.encodePacked(VOTE, slot, uint16(1), record));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key(EvidenceVectors.SEAT), digest);
        return (digest, abi.encodePacked(uint16(1), record, r, s, v - 27));
    }

    function _assertBounded(bytes memory evidence) private view returns (uint256 verdict) {
        uint256 left = gasleft();
        verdict = _verdict(evidence);
        vm.assertLe(left - gasleft(), GAS + GAS_A_BYTE * evidence.length);
        _judge.offenceOf(evidence);
    }

    /// By the key of the seat that the evidence names, where there is one.
    function _verdict(bytes memory evidence) private view returns (uint256) {
        uint256 seat = evidence.length < 52 ? 0 : uint16(uint8(evidence[50])) << 8 | uint8(evidence[51]);
        address account = seat < EvidenceVectors.MEMBERS ? vm.addr(_key(seat)) : address(0);
        return uint8(_judge.judge(evidence, EvidenceVectors.MEMBERS, account));
    }

    function _key(uint256 seat) private pure returns (uint256) {
        // The byte seat + 1, thirty-two times.
        return (seat + 1) * (type(uint256).max / 255);
    }
}
