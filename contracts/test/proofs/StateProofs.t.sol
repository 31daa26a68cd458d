// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Eras} from "../../src/manager/Eras.sol";
import {IEras} from "../../src/manager/interfaces/IEras.sol";
import {IStateProofs} from "../../src/proofs/interfaces/IStateProofs.sol";
import {LtHash} from "../../src/proofs/LtHash.sol";
import {StateProofs} from "../../src/proofs/StateProofs.sol";
import {Test} from "../lib/Test.sol";
import {StateProofVectors as Vectors} from "./StateProofVectors.sol";

contract StateProofsTest is Test {
    uint64 private constant CHAIN = Vectors.CHAIN_ID;
    uint64 private constant ERA_BEGINS = 5;
    bytes32 private constant EMPTY_CODE_HASH = keccak256("");

    Eras private eras;
    StateProofs private proofs;

    function setUp() public {
        eras = new Eras(address(this), address(this), address(this));
        proofs = new StateProofs(eras);
        eras.open(CHAIN, Vectors.GROUP, 1, 1, new bytes(48));
        eras.open(CHAIN, Vectors.GROUP, Vectors.ERA, ERA_BEGINS, Vectors.groupKey());
    }

    function test_provesAnAccountBySignatureHeaderAndBucket() public view {
        IStateProofs.State memory state = proofs.stateOf(CHAIN, Vectors.certified());
        vm.assertEq(state.root, Vectors.STATE_ROOT);
        vm.assertEq(state.blockNumber, Vectors.NUMBER);
        vm.assertEq(state.timestamp, Vectors.TIMESTAMP);
        (uint64 nonce, uint256 balance, bytes32 codeHash) =
            proofs.accountIn(state.root, Vectors.aliceBucket(), address(Vectors.ALICE));
        vm.assertEq(nonce, Vectors.ALICE_NONCE);
        vm.assertEq(balance, Vectors.ALICE_BALANCE);
        vm.assertEq(codeHash, EMPTY_CODE_HASH);
        (,, codeHash) = proofs.accountIn(state.root, Vectors.coinBucket(), address(Vectors.COIN));
        vm.assertEq(codeHash, Vectors.COIN_CODE_HASH);
    }

    function test_provesASlotAndWhatIsNotThere() public view {
        vm.assertEq(
            proofs.storageIn(Vectors.STATE_ROOT, Vectors.slotBucket(), address(Vectors.COIN), Vectors.SLOT),
            Vectors.SLOT_VALUE
        );
        (uint64 nonce, uint256 balance, bytes32 codeHash) =
            proofs.accountIn(Vectors.STATE_ROOT, Vectors.nobodyBucket(), address(Vectors.NOBODY));
        vm.assertEq(nonce, 0);
        vm.assertEq(balance, 0);
        vm.assertEq(codeHash, EMPTY_CODE_HASH);
    }

    function test_gasOfAnEntryIsWhatItSays() public view {
        IStateProofs.Bucket memory bucket = Vectors.aliceBucket();
        uint256 entries = 0;
        for (uint256 i = 0; i < bucket.entries.length; entries++) {
            i += 1 + uint8(bucket.entries[i]);
            i += 1 + uint8(bucket.entries[i]);
        }
        uint256 before = gasleft();
        proofs.accountIn(Vectors.STATE_ROOT, bucket, address(Vectors.ALICE));
        // The last of the fours may hold one entry only.
        vm.assertLt(before - gasleft(), ((entries + 3) / 4) * 4 * 330_000);
        vm.assertGt(entries, 4);
    }

    function test_refusesAnotherChainEraOrKey() public {
        IStateProofs.Certified memory proof = Vectors.certified();
        vm.expectRevert(abi.encodeWithSelector(IEras.UnknownEra.selector, CHAIN + 1, Vectors.ERA));
        proofs.stateOf(CHAIN + 1, proof);
        proof.certificateEra = 3;
        vm.expectRevert(abi.encodeWithSelector(IEras.UnknownEra.selector, CHAIN, uint32(3)));
        proofs.stateOf(CHAIN, proof);
        proof.certificateEra = 1;
        vm.expectRevert(
            abi.encodeWithSelector(IStateProofs.HeightOutsideEra.selector, Vectors.NUMBER, uint64(1), ERA_BEGINS - 1)
        );
        proofs.stateOf(CHAIN, proof);

        eras.open(CHAIN + 1, ~Vectors.GROUP, 1, 1, new bytes(48));
        eras.open(CHAIN + 1, ~Vectors.GROUP, 2, 2, Vectors.groupKey());
        proof.certificateEra = Vectors.ERA;
        vm.expectRevert(abi.encodeWithSelector(IStateProofs.OtherGroup.selector, Vectors.GROUP));
        proofs.stateOf(CHAIN + 1, proof);

        eras.open(CHAIN + 2, Vectors.GROUP, 1, 1, new bytes(48));
        eras.open(CHAIN + 2, Vectors.GROUP, 2, 2, new bytes(48));
        vm.expectRevert(IStateProofs.BadCertificate.selector);
        proofs.stateOf(CHAIN + 2, proof);

        // The same group under another chain's name: its block is not in the container.
        eras.open(CHAIN + 3, Vectors.GROUP, 1, 1, new bytes(48));
        eras.open(CHAIN + 3, Vectors.GROUP, 2, 2, Vectors.groupKey());
        vm.expectRevert(IStateProofs.OtherBlock.selector);
        proofs.stateOf(CHAIN + 3, proof);
    }

    /// Whatever byte of the signed and hashed parts is changed, nothing is proven.
    function testFuzz_refusesAChangedCertificateOrHeader(uint256 part, uint256 place, uint8 change) public {
        vm.assume(change != 0);
        IStateProofs.Certified memory proof = Vectors.certified();
        bytes memory bytes_ = [proof.container, proof.certificate, proof.header, proof.groupKey][part % 4];
        place = place % bytes_.length;
        bytes_[place] = bytes1(uint8(bytes_[place]) ^ change);
        vm.expectRevert();
        proofs.stateOf{gas: 5_000_000}(CHAIN, proof);
    }

    function test_refusesABranchThatIsCutPaddedOrMoved() public {
        IStateProofs.Certified memory proof = Vectors.certified();
        bytes32[] memory siblings = proof.siblings;
        proof.siblings = new bytes32[](siblings.length - 1);
        vm.expectRevert(IStateProofs.OtherBlock.selector);
        proofs.stateOf(CHAIN, proof);
        proof.siblings = new bytes32[](siblings.length + 1);
        vm.expectRevert(IStateProofs.OtherBlock.selector);
        proofs.stateOf(CHAIN, proof);
        proof.siblings = siblings;
        for (uint32 index = 0; index < 4; index++) {
            if (index == 1) continue;
            proof.index = index;
            vm.expectRevert(IStateProofs.OtherBlock.selector);
            proofs.stateOf(CHAIN, proof);
        }
        proof.index = 1;
        proof.count = 4;
        vm.expectRevert(IStateProofs.OtherBlock.selector);
        proofs.stateOf(CHAIN, proof);
        proof.container = bytes.concat(proof.container, hex"00");
        vm.expectRevert(IStateProofs.MalformedContainer.selector);
        proofs.stateOf(CHAIN, proof);
    }

    function test_refusesAnotherBucket() public {
        IStateProofs.Bucket memory bucket = Vectors.aliceBucket();
        uint8 own = bucket.bucket;
        vm.expectRevert(IStateProofs.BadBucket.selector);
        proofs.accountIn(~Vectors.STATE_ROOT, bucket, address(Vectors.ALICE));
        unchecked {
            bucket.bucket = own + 1;
        }
        vm.expectRevert(abi.encodeWithSelector(IStateProofs.OtherBucket.selector, bucket.bucket, own));
        proofs.accountIn(Vectors.STATE_ROOT, bucket, address(Vectors.ALICE));
        bucket.bucket = own;
        bytes memory entries = bucket.entries;
        bucket.entries = "";
        vm.expectRevert(IStateProofs.BadBucket.selector);
        proofs.accountIn(Vectors.STATE_ROOT, bucket, address(Vectors.ALICE));
        // Twice the same, also in order by itself.
        bucket.entries = bytes.concat(entries, entries);
        vm.expectRevert(IStateProofs.BadBucket.selector);
        proofs.accountIn(Vectors.STATE_ROOT, bucket, address(Vectors.ALICE));
        bucket.entries = bytes.concat(entries, hex"15");
        vm.expectRevert(abi.encodeWithSelector(LtHash.MalformedEntry.selector, entries.length));
        proofs.accountIn(Vectors.STATE_ROOT, bucket, address(Vectors.ALICE));
        bucket.entries = entries;
        bucket.siblings = new bytes32[](7);
        vm.expectRevert(IStateProofs.BadBucket.selector);
        proofs.accountIn(Vectors.STATE_ROOT, bucket, address(Vectors.ALICE));
    }

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_refusesAChangedBucket(uint256 place, uint8 change) public {
        vm.assume(change != 0);
        IStateProofs.Bucket memory bucket = Vectors.aliceBucket();
        place = place % bucket.entries.length;
        bucket.entries[place] = bytes1(uint8(bucket.entries[place]) ^ change);
        vm.expectRevert();
        proofs.accountIn(Vectors.STATE_ROOT, bucket, address(Vectors.ALICE));
    }
}
