// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Court} from "../../src/keys/Court.sol";
import {G1} from "../../src/keys/G1.sol";
import {Precompiles} from "../../src/keys/Precompiles.sol";
import {IKeyGeneration} from "../../src/keys/interfaces/IKeyGeneration.sol";
import {KeyGenerationFixture} from "./KeyGenerationFixture.sol";
import {Vectors} from "./Vectors.sol";

contract CourtTest is KeyGenerationFixture {
    function convictedIs(uint64 expected) private view {
        vm.assertEq(uint256(keys.statusOf(CHAIN).convicted), uint256(expected));
    }

    function test_badShareConvicts() public {
        acceptAll();
        dealHonestly(3);
        deal(3, Vectors.BAD_SHARE);
        vm.expectEmit(address(keys));
        emit IKeyGeneration.DealerConvicted(CHAIN, 0, 0, 3, 103, IKeyGeneration.Fault.Share);
        complain(0, 3, Vectors.BAD_SHARE, Vectors.BAD_SHARE_COMPLAINT);
        convictedIs(8);
        assertPhase(IKeyGeneration.Phase.Complaints);
        (bytes memory shared, uint256 c, uint256 z) = split(Vectors.BAD_SHARE_COMPLAINT);
        vm.prank(member(0));
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.UnknownDealing.selector, 3));
        keys.complainShare(CHAIN, 3, Vectors.BAD_SHARE, shared, c, z);
    }

    function test_badShareOfSixteenConvicts() public {
        keys.begin(CHAIN, Vectors.SIXTEEN_GROUP, 0, 0, ids(16));
        bytes[] memory encryptionKeys = Vectors.keys16();
        bytes[] memory proofs = Vectors.proofs16();
        for (uint256 seat = 0; seat < 16; seat++) {
            vm.prank(member(seat));
            keys.acceptSeat(CHAIN, encryptionKeys[seat], proofs[seat]);
        }
        deal(3, Vectors.SIXTEEN_BAD_SHARE);
        complain(0, 3, Vectors.SIXTEEN_BAD_SHARE, Vectors.SIXTEEN_COMPLAINT);
        convictedIs(8);
    }

    function test_copiedNonceConvicts() public {
        acceptAll();
        deal(2, Vectors.COPIED_NONCE);
        vm.expectEmit(address(keys));
        emit IKeyGeneration.DealerConvicted(CHAIN, 0, 0, 2, 102, IKeyGeneration.Fault.Proof);
        keys.complainProof(CHAIN, 2, Vectors.COPIED_NONCE);
        convictedIs(4);
    }

    function test_badPointsConvict() public {
        bytes[2] memory dealings = [Vectors.OFF_CURVE, Vectors.OUTSIDE_SUBGROUP];
        for (uint256 i = 0; i < 2; i++) {
            uint256 before = vm.snapshotState();
            acceptAll();
            deal(3, dealings[i]);
            // R and A_0 are good; the point at index 2 (A_1) is not.
            for (uint256 index = 0; index < 4; index++) {
                if (index == 2) continue;
                vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotGuilty.selector, 3));
                keys.complainEncoding(CHAIN, 3, dealings[i], index);
            }
            vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotGuilty.selector, 3));
            keys.complainEncoding(CHAIN, 3, dealings[i], 4);
            keys.complainEncoding(CHAIN, 3, dealings[i], 2);
            convictedIs(8);
            vm.revertToState(before);
        }
    }

    function test_honestDealersStand() public {
        acceptAll();
        dealHonestly(4);
        for (uint16 dealer = 0; dealer < 4; dealer++) {
            bytes memory dealing = Vectors.dealings4()[dealer];
            for (uint256 index = 0; index < 5; index++) {
                vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotGuilty.selector, dealer));
                keys.complainEncoding(CHAIN, dealer, dealing, index);
            }
            vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotGuilty.selector, dealer));
            keys.complainProof(CHAIN, dealer, dealing);
        }
        // A true S with a true proof only shows that the share is good.
        shareComplaintFails(1, Vectors.HONEST_COMPLAINT, 0);
        // Another's S, another's seat, another dealer, a changed proof.
        shareComplaintFails(1, Vectors.BAD_SHARE_COMPLAINT, 0);
        shareComplaintFails(1, Vectors.HONEST_COMPLAINT, 2);
        shareComplaintFails(2, Vectors.HONEST_COMPLAINT, 0);
        for (uint256 offset = 79; offset < 112; offset += 32) {
            bytes memory changed = bytes.concat(Vectors.HONEST_COMPLAINT);
            changed[offset] ^= 0x01;
            shareComplaintFails(1, changed, 0);
        }
        convictedIs(0);
    }

    function shareComplaintFails(uint16 dealer, bytes memory complaint, uint256 accuser) private {
        (bytes memory shared, uint256 c, uint256 z) = split(complaint);
        bytes memory dealing = Vectors.dealings4()[dealer];
        vm.prank(member(accuser));
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotGuilty.selector, dealer));
        keys.complainShare(CHAIN, dealer, dealing, shared, c, z);
    }

    /// A forged S that is no point of the group makes the accuser's own call fail.
    function test_strayEvidenceReverts() public {
        acceptAll();
        dealHonestly(4);
        bytes memory dealing = Vectors.dealings4()[1];
        (, uint256 c, uint256 z) = split(Vectors.HONEST_COMPLAINT);
        vm.prank(member(0));
        vm.expectRevert(G1.MalformedPoint.selector);
        keys.complainShare(CHAIN, 1, dealing, Vectors.STRAY_OFF_CURVE, c, z);
        (bool done,) = tryComplain(
            abi.encodeCall(keys.complainShare, (CHAIN, 1, dealing, Vectors.STRAY_ON_CURVE, c, z)), 3_000_000
        );
        vm.assertFalse(done);
        convictedIs(0);
    }

    function test_otherBytesThanPostedRevert() public {
        acceptAll();
        dealHonestly(4);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.UnknownDealing.selector, 3));
        keys.complainEncoding(CHAIN, 3, Vectors.OFF_CURVE, 2);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.UnknownDealing.selector, 2));
        keys.complainProof(CHAIN, 2, Vectors.COPIED_NONCE);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.UnknownDealing.selector, 4));
        keys.complainProof(CHAIN, 4, Vectors.COPIED_NONCE);
        (bytes memory shared, uint256 c, uint256 z) = split(Vectors.BAD_SHARE_COMPLAINT);
        vm.prank(member(0));
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.UnknownDealing.selector, 3));
        keys.complainShare(CHAIN, 3, Vectors.BAD_SHARE, shared, c, z);
    }

    /// However little gas a complaint gets, an honest dealer stands; with enough it is turned down for what it is.
    function test_starvationConvictsNobody() public {
        acceptAll();
        dealHonestly(4);
        bytes memory dealing = Vectors.dealings4()[1];
        (bytes memory shared, uint256 c, uint256 z) = split(Vectors.HONEST_COMPLAINT);
        bytes[3] memory complaints = [
            abi.encodeCall(keys.complainEncoding, (CHAIN, 1, dealing, 1)),
            abi.encodeCall(keys.complainProof, (CHAIN, 1, dealing)),
            abi.encodeCall(keys.complainShare, (CHAIN, 1, dealing, shared, c, z))
        ];
        for (uint256 i = 0; i < 3; i++) {
            for (uint256 allowance = 20_000; allowance < 600_000; allowance += 3_571) {
                (bool done,) = tryComplain(complaints[i], allowance);
                vm.assertFalse(done);
            }
            (, bytes memory reason) = tryComplain(complaints[i], 5_000_000);
            vm.assertTrue(keccak256(reason) == keccak256(abi.encodeWithSelector(IKeyGeneration.NotGuilty.selector, 1)));
        }
        convictedIs(0);
    }

    function tryComplain(bytes memory call, uint256 allowance) private returns (bool done, bytes memory reason) {
        vm.prank(member(0));
        (done, reason) = address(keys).call{gas: allowance}(call);
    }

    /// The bare subgroup check at every gas near its limit: refuses to answer, or answers right.
    function test_subgroupCheckNeverGuesses() public view {
        bytes memory dealing = Vectors.dealings4()[1];
        uint256 answered;
        for (uint256 allowance = 40_000; allowance < 160_000; allowance += 501) {
            (bool done, bytes memory answer) =
                address(this).staticcall{gas: allowance}(abi.encodeCall(this.isBadPoint, (dealing, 1)));
            if (!done) continue;
            answered++;
            vm.assertFalse(abi.decode(answer, (bool)));
        }
        vm.assertTrue(answered > 0);
    }

    function isBadPoint(bytes calldata dealing, uint256 index) external view returns (bool) {
        return Court.isBadPoint(dealing, index);
    }

    function test_strangersMayNotComplainAboutShares() public {
        acceptAll();
        deal(3, Vectors.BAD_SHARE);
        (bytes memory shared, uint256 c, uint256 z) = split(Vectors.BAD_SHARE_COMPLAINT);
        vm.expectRevert(abi.encodeWithSelector(IKeyGeneration.NotAMember.selector, CHAIN, address(this)));
        keys.complainShare(CHAIN, 3, Vectors.BAD_SHARE, shared, c, z);
    }
}
