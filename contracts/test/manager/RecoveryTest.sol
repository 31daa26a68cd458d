// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {G1} from "../../src/keys/G1.sol";
import {IKeyGeneration} from "../../src/keys/interfaces/IKeyGeneration.sol";
import {IRecovery} from "../../src/manager/interfaces/IRecovery.sol";
import {BlsSigner} from "../lib/BlsSigner.sol";
import {ManagerTest} from "./ManagerTest.sol";

/// A running chain of seven among ten nodes, and what its group signs. The group's secret of an era is one number here.
abstract contract RecoveryTest is ManagerTest {
    uint64 internal chain;
    bytes32 internal group;

    function setUp() public virtual override {
        super.setUp();
        addNodes(10);
        chain = createRunning("running", 7);
        group = chains.chainOf(chain).group;
        // The first generation ended in name only, so that the contract would refuse to begin another one.
        vm.mockCall(address(keyGeneration), abi.encodeWithSelector(IKeyGeneration.begin.selector), "");
    }

    function secretOf(uint32 era) internal view returns (uint256) {
        return era == 1 ? uint256(chain) : uint256(keccak256(abi.encode(chain, era))) >> 8;
    }

    function keyOf(uint32 era) internal view returns (bytes memory) {
        return BlsSigner.publicKey(secretOf(era));
    }

    function sign(uint32 era, bytes32 digest) internal view returns (bytes memory) {
        return BlsSigner.sign(secretOf(era), digest);
    }

    /// A container's header of era 1; what it leads to is told apart by `content`.
    function container(uint64 height, bytes32 content) internal view returns (bytes memory) {
        bytes memory slot = abi.encodePacked(uint16(1), uint32(1), group, uint32(1), uint32(1), height);
        bytes memory ordered =
            abi.encodePacked(bytes32("committee"), bytes32("parent"), orderOf(height), bytes32("beacon"));
        return abi.encodePacked(slot, ordered, uint48(1), uint64(2), bytes32("mainchain"), bytes32("body"), content);
    }

    function orderOf(uint64 height) internal pure returns (bytes32) {
        return keccak256(abi.encode("order", height));
    }

    function finalOf(bytes memory header, uint32 era, uint64 height) internal view returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(keccak256("tributary/v1/final"), group, era, uint32(1), height, keccak256(header))
            );
    }

    function claimFinal(uint64 height, uint32 era) internal returns (bytes32) {
        bytes memory header = container(height, "segments");
        recovery.claimFinal(chain, header, keyOf(era), sign(era, finalOf(header, era, height)));
        return keccak256(header);
    }

    function orderContent(bytes32 previous) internal pure returns (bytes memory) {
        return abi.encodePacked(previous, uint16(2), uint16(0), bytes32("p0"), uint16(3), bytes32("p3"));
    }

    function orderDigest(uint32 era, uint64 height, bytes memory content) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(keccak256("tributary/v1/order"), group, era, uint32(1), height, content));
    }

    function claimOrder(uint64 height, uint32 era) internal returns (bytes32 digest) {
        bytes memory content = orderContent(orderOf(height - 1));
        digest = orderDigest(era, height, content);
        recovery.claimOrder(chain, IRecovery.Order(1, height, content), keyOf(era), sign(era, digest));
    }

    function fund() internal {
        token.mint(address(this), BOND);
        token.approve(address(recovery), BOND);
    }

    function open() internal {
        fund();
        recovery.challenge(chain);
        vm.warp(vm.getBlockTimestamp() + SILENCE);
        recovery.open(chain);
    }

    function cancel(uint32 era) internal {
        bytes memory signature = sign(era, recovery.cancelDigest(chain));
        recovery.cancel(chain, keyOf(era), signature);
    }

    function stand(uint32 nodeId) internal {
        vm.prank(nodes.accountOf(nodeId));
        recovery.stand(chain);
    }

    /// The members of the lowest seats stand.
    function standFirst(uint256 count) internal {
        uint32[] memory members = committees.committeeOf(chain);
        for (uint256 seat = 0; seat < count; seat++) {
            stand(members[seat]);
        }
    }

    function close() internal {
        vm.warp(recovery.opened(chain).closesAt);
        recovery.close(chain);
    }

    /// Draws nodes for those that do not stand and begins the key generation.
    function draw(bytes32 mixHash) internal returns (uint32[] memory) {
        recovery.start(chain);
        committees.select(chain, passSeedBlock(mixHash));
        recovery.start(chain);
        return recovery.progressOf(chain).nodeIds;
    }

    /// What key generation tells its host at its good end.
    function generate(uint32 era, uint32 epoch) internal {
        bytes memory groupKey = G1.compress(keyOf(era));
        bytes memory key = abi.encode(era, epoch, groupKey, keccak256("fresh keys"), bytes32(0));
        vm.mockCall(address(keyGeneration), abi.encodeCall(IKeyGeneration.keyOf, (chain)), key);
        vm.prank(address(keyGeneration));
        recovery.keyGenerated(chain, era, epoch, groupKey, keccak256("fresh keys"));
    }

    /// From the opening to the next era's key, with all seven standing.
    function recover(uint32 era, uint64 height) internal {
        open();
        if (height > 0) claimFinal(height, era);
        standFirst(7);
        close();
        recovery.start(chain);
        generate(era + 1, 1);
    }

    function assertState(IRecovery.State state) internal view {
        vm.assertEq(uint256(recovery.opened(chain).state), uint256(state), "state");
    }

    function holds(uint32[] memory list, uint32 nodeId) internal pure returns (bool) {
        for (uint256 i = 0; i < list.length; i++) {
            if (list[i] == nodeId) return true;
        }
        return false;
    }

    function usedSlots() internal view returns (uint256 sum) {
        for (uint32 id = 1; id <= nodes.nodeCount(); id++) {
            (, uint256 used,) = committees.slotsOf(id);
            sum += used;
        }
    }
}
