// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {KeyGeneration} from "../../src/keys/KeyGeneration.sol";
import {IKeyGeneration} from "../../src/keys/interfaces/IKeyGeneration.sol";
import {IKeyGenerationHost} from "../../src/keys/interfaces/IKeyGenerationHost.sol";
import {INodeKeys} from "../../src/keys/interfaces/INodeKeys.sol";
import {Test} from "../lib/Test.sol";
import {Vectors} from "./Vectors.sol";

/// Four or sixteen members with the vectors' keys; stands in for the registry and for the host of the generation.
abstract contract KeyGenerationFixture is Test, INodeKeys, IKeyGenerationHost {
    uint64 internal constant CHAIN = 77;
    IKeyGeneration.Windows internal windows = IKeyGeneration.Windows(100, 200, 300, 1000);
    KeyGeneration internal keys;

    uint256 internal generated;
    bytes internal groupKey;
    bytes32 internal keysHash;
    uint256 internal failed;
    uint32[] internal culprits;

    function setUp() public virtual {
        vm.warp(1_000_000);
        keys = new KeyGeneration(address(this), address(0xEC0), address(0xE7A), this, windows);
    }

    function accountOf(uint32 nodeId) public pure returns (address) {
        return address(uint160(0xA000) + nodeId);
    }

    function blsKeyOf(uint32 nodeId) external pure returns (bytes memory) {
        return Vectors.registered4()[nodeId - 100];
    }

    function keyGenerated(uint64 chainId, uint32 era, uint32 epoch, bytes calldata key, bytes32 hash) external {
        vm.assertTrue(msg.sender == address(keys) && chainId == CHAIN && era == 0 && epoch == 0);
        generated++;
        groupKey = key;
        keysHash = hash;
    }

    function keyGenerationFailed(uint64 chainId, uint32[] calldata nodeIds) external {
        vm.assertTrue(msg.sender == address(keys) && chainId == CHAIN);
        failed++;
        culprits = nodeIds;
    }

    function ids(uint256 count) internal pure returns (uint32[] memory list) {
        list = new uint32[](count);
        for (uint32 i = 0; i < count; i++) {
            list[i] = 100 + i;
        }
    }

    function member(uint256 seat) internal pure returns (address) {
        return accountOf(uint32(100 + seat));
    }

    function begin4() internal {
        keys.begin(CHAIN, Vectors.FOUR_GROUP, 0, 0, ids(4));
    }

    function accept(uint256 seat) internal {
        vm.prank(member(seat));
        keys.acceptSeat(CHAIN, Vectors.keys4()[seat], Vectors.proofs4()[seat]);
    }

    function acceptAll() internal {
        begin4();
        for (uint256 seat = 0; seat < 4; seat++) {
            accept(seat);
        }
    }

    function deal(uint256 seat, bytes memory dealing) internal {
        vm.prank(member(seat));
        keys.deal(CHAIN, dealing);
    }

    function dealHonestly(uint256 seats) internal {
        for (uint256 seat = 0; seat < seats; seat++) {
            deal(seat, Vectors.dealings4()[seat]);
        }
    }

    /// shared (48) ‖ challenge ‖ response.
    function split(bytes memory complaint) internal pure returns (bytes memory shared, uint256 c, uint256 z) {
        shared = part(complaint, 0, 48);
        c = uint256(bytes32(part(complaint, 48, 32)));
        z = uint256(bytes32(part(complaint, 80, 32)));
    }

    function complain(uint256 seat, uint16 dealer, bytes memory dealing, bytes memory complaint) internal {
        (bytes memory shared, uint256 c, uint256 z) = split(complaint);
        vm.prank(member(seat));
        keys.complainShare(CHAIN, dealer, dealing, shared, c, z);
    }

    /// groupKey (128) ‖ keysHash ‖ aggregate (256) ‖ threshold (256).
    function ready(bytes memory call, uint64 signers) internal {
        keys.ready(
            CHAIN, part(call, 0, 128), bytes32(part(call, 128, 32)), signers, part(call, 160, 256), part(call, 416, 256)
        );
    }

    function part(bytes memory data, uint256 start, uint256 length) internal pure returns (bytes memory piece) {
        piece = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            piece[i] = data[start + i];
        }
    }

    function phase() internal view returns (IKeyGeneration.Phase) {
        return keys.statusOf(CHAIN).phase;
    }

    function assertPhase(IKeyGeneration.Phase expected) internal view {
        vm.assertEq(uint256(phase()), uint256(expected));
    }
}
