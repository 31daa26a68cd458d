// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Resharing} from "../../src/keys/Resharing.sol";
import {INodeKeys} from "../../src/keys/interfaces/INodeKeys.sol";
import {IResharing} from "../../src/keys/interfaces/IResharing.sol";
import {IResharingHost} from "../../src/keys/interfaces/IResharingHost.sol";
import {Test} from "../lib/Test.sol";
import {ResharingVectors} from "./ResharingVectors.sol";

/// Four members hand their key on to four or seven, by the vectors; stands in for the registry and for the host.
abstract contract ResharingFixture is Test, INodeKeys, IResharingHost {
    uint64 internal constant CHAIN = 77;
    Resharing internal resharing;
    bool internal toSeven;

    uint256 internal reshared;
    bytes32 internal keysHash;
    uint256 internal failed;
    uint32[] internal culprits;

    function setUp() public virtual {
        vm.warp(1_000_000);
        resharing = new Resharing(address(this), this, IResharing.Windows(100, 200, 300, 1000));
    }

    function accountOf(uint32 nodeId) public pure returns (address) {
        return address(uint160(0xA000) + nodeId);
    }

    function blsKeyOf(uint32 nodeId) external view returns (bytes memory) {
        uint256 seat = nodeId < 200 ? nodeId - 100 : nodeId - 200;
        return toSeven ? ResharingVectors.registered7()[seat] : ResharingVectors.registered4()[seat];
    }

    function keyReshared(uint64 chainId, uint32 era, uint32 epoch, bytes32 hash) external {
        vm.assertTrue(msg.sender == address(resharing) && chainId == CHAIN && era == 0 && epoch == 1);
        reshared++;
        keysHash = hash;
    }

    function resharingFailed(uint64 chainId, uint32[] calldata nodeIds) external {
        vm.assertTrue(msg.sender == address(resharing) && chainId == CHAIN);
        failed++;
        culprits = nodeIds;
    }

    function oldIds() internal pure returns (uint32[] memory list) {
        list = new uint32[](4);
        for (uint32 i = 0; i < 4; i++) {
            list[i] = 100 + i;
        }
    }

    /// The first three are old members.
    function newIds(uint256 count) internal pure returns (uint32[] memory list) {
        list = new uint32[](count);
        for (uint32 i = 0; i < count; i++) {
            list[i] = (i < 3 ? 100 : 200) + i;
        }
    }

    function terms(uint256 count) internal pure returns (IResharing.Terms memory) {
        return IResharing.Terms({
            group: ResharingVectors.GROUP,
            era: 0,
            fromEpoch: 0,
            epoch: 1,
            groupKey: ResharingVectors.GROUP_KEY,
            keysHash: ResharingVectors.OLD_KEYS_HASH,
            oldNodeIds: oldIds(),
            nodeIds: newIds(count)
        });
    }

    function oldMember(uint256 seat) internal pure returns (address) {
        return accountOf(uint32(100 + seat));
    }

    function newMember(uint256 seat) internal pure returns (address) {
        return accountOf(uint32((seat < 3 ? 100 : 200) + seat));
    }

    function begin(uint256 count) internal {
        toSeven = count == 7;
        resharing.begin(CHAIN, terms(count));
    }

    function accept(uint256 seat) internal {
        vm.prank(newMember(seat));
        if (toSeven) {
            resharing.acceptSeat(CHAIN, ResharingVectors.keys7()[seat], ResharingVectors.proofs7()[seat]);
        } else {
            resharing.acceptSeat(CHAIN, ResharingVectors.keys4()[seat], ResharingVectors.proofs4()[seat]);
        }
    }

    function acceptAll(uint256 count) internal {
        begin(count);
        for (uint256 seat = 0; seat < count; seat++) {
            accept(seat);
        }
    }

    function deal(uint256 dealer, bytes memory dealing) internal {
        vm.prank(oldMember(dealer));
        resharing.deal(CHAIN, dealing);
    }

    function dealing4(uint256 dealer) internal pure returns (bytes memory) {
        return ResharingVectors.dealings4()[dealer];
    }

    function complain(uint256 seat, uint16 dealer, bytes memory dealing) internal {
        bytes memory complaint = ResharingVectors.BAD_SHARE_COMPLAINT;
        bytes memory shared = part(complaint, 0, 48);
        vm.prank(newMember(seat));
        resharing.complainShare(
            CHAIN,
            dealer,
            dealing,
            shared,
            uint256(bytes32(part(complaint, 48, 32))),
            uint256(bytes32(part(complaint, 80, 32)))
        );
    }

    /// groupKey (128) ‖ keysHash ‖ aggregate (256) ‖ threshold (256).
    function ready(bytes memory call, uint64 signers) public {
        resharing.ready(
            CHAIN, part(call, 0, 128), bytes32(part(call, 128, 32)), signers, part(call, 160, 256), part(call, 416, 256)
        );
    }

    function part(bytes memory data, uint256 start, uint256 length) internal pure returns (bytes memory piece) {
        piece = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            piece[i] = data[start + i];
        }
    }

    function assertPhase(IResharing.Phase expected) internal view {
        vm.assertEq(uint256(resharing.statusOf(CHAIN).phase), uint256(expected));
    }
}
