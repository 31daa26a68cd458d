// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IChains} from "../../src/manager/interfaces/IChains.sol";
import {ICommittees} from "../../src/manager/interfaces/ICommittees.sol";
import {Slots} from "../../src/manager/libraries/Slots.sol";
import {Headers} from "../lib/Headers.sol";
import {ManagerTest} from "./ManagerTest.sol";

contract CommitteesTest is ManagerTest {
    uint256 private constant NODES = 10;

    function setUp() public override {
        super.setUp();
        addNodes(NODES);
    }

    function test_whoCallsAndWhenMakesNoDifference() external {
        uint64 id = create("steady", 7);
        uint64 seedBlock = committees.nextRequest().seedBlock;
        uint256 state = vm.snapshotState();
        bytes32 early = _outcome(id, seedBlock + 1, account(1));
        vm.revertToState(state);
        state = vm.snapshotState();
        bytes32 requester = _outcome(id, seedBlock + 40, address(this));
        vm.revertToState(state);
        state = vm.snapshotState();
        // Beyond BLOCKHASH, by the history contract.
        bytes32 late = _outcome(id, seedBlock + 8191, account(9));
        vm.assertEq(early, requester);
        vm.assertEq(early, late);
        vm.revertToState(state);
        vm.roll(seedBlock + 8192);
        bytes memory header = Headers.record(seedBlock, "the seed");
        vm.expectRevert(abi.encodeWithSelector(ICommittees.SeedBlockExpired.selector, seedBlock));
        committees.select(id, header);
    }

    /// Once the seed is known, nodes that come or go, chains that end and later requests move no seat.
    function test_changesAfterTheRequestMoveNoSeat() external {
        uint64 running = createRunning("running", 4);
        uint64 id = create("watched", 7);
        passSeedBlock("the seed");
        uint256 state = vm.snapshotState();
        bytes32 untouched = _outcome(id, vm.getBlockNumber(), account(1));
        for (uint256 attempt = 0; attempt < 4; attempt++) {
            vm.revertToState(state);
            state = vm.snapshotState();
            if (attempt == 0 || attempt == 3) {
                for (uint256 i = 20; i < 23; i++) {
                    addValidator(i, 1);
                    addNode(i, i);
                }
            }
            if (attempt == 1 || attempt == 3) {
                vm.prank(account(2));
                nodes.exit(3);
            }
            if (attempt == 2 || attempt == 3) chains.deleteChain(running);
            if (attempt == 3) create("later", 7);
            vm.assertEq(_outcome(id, vm.getBlockNumber(), account(1)), untouched);
        }
        // All of it takes effect after the selection.
        vm.assertEq(committees.pendingChanges(), 3);
        committees.settle(100);
        vm.assertEq(committees.pendingChanges(), 0);
        vm.assertEq(committees.nodesWith(1), NODES + 3 - 1);
    }

    /// What comes before the request does count: the test above would see a leak.
    function test_changesBeforeTheRequestMoveSeats() external {
        uint256 state = vm.snapshotState();
        uint64 id = create("watched", 7);
        passSeedBlock("the seed");
        bytes32 without = _outcome(id, vm.getBlockNumber(), account(1));
        vm.revertToState(state);
        for (uint256 i = 20; i < 23; i++) {
            addValidator(i, 1);
            addNode(i, i);
        }
        vm.assertEq(uint256(create("watched", 7)), id);
        passSeedBlock("the seed");
        vm.assertNotEq(_outcome(id, vm.getBlockNumber(), account(1)), without);
    }

    /// A request that nobody selected in time waits for a block that does not exist yet; nobody can do that before.
    function test_anExpiredRequestWaitsForAFutureBlock() external {
        uint64 id = create("forgotten", 4);
        uint64 seedBlock = committees.nextRequest().seedBlock;
        vm.expectRevert(
            abi.encodeWithSelector(ICommittees.SeedBlockNotReached.selector, seedBlock, vm.getBlockNumber())
        );
        committees.rearm(id);
        bytes memory header = passSeedBlock("known and disliked");
        vm.expectRevert(abi.encodeWithSelector(ICommittees.SeedBlockStillKnown.selector, seedBlock));
        committees.rearm(id);
        vm.roll(seedBlock + 8191);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.SeedBlockStillKnown.selector, seedBlock));
        committees.rearm(id);
        vm.roll(seedBlock + 8192);
        vm.expectEmit(address(committees));
        emit ICommittees.SelectionRearmed(id, seedBlock, seedBlock + 8192 + DELAY);
        vm.prank(account(3));
        committees.rearm(id);
        uint256 present = vm.getBlockNumber();
        vm.expectRevert(
            abi.encodeWithSelector(ICommittees.SeedBlockNotReached.selector, seedBlock + 8192 + DELAY, present)
        );
        committees.select(id, header);
        vm.assertEq(select(id, "fresh").length, 4);
    }

    function test_theHeaderMustBeTheSeedBlocks() external {
        uint64 id = create("honest", 4);
        uint64 seedBlock = committees.nextRequest().seedBlock;
        vm.roll(seedBlock);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.SeedBlockNotReached.selector, seedBlock, seedBlock));
        committees.select(id, "");
        bytes memory header = passSeedBlock("the seed");
        bytes memory forged = Headers.rlp(seedBlock, "a nicer one");
        vm.expectRevert(
            abi.encodeWithSelector(ICommittees.WrongHeader.selector, seedBlock, keccak256(header), keccak256(forged))
        );
        committees.select(id, forged);
        bytes memory neighbour = Headers.record(seedBlock - 1, "another block");
        vm.expectPartialRevert(ICommittees.WrongHeader.selector);
        committees.select(id, neighbour);
        committees.select(id, header);
    }

    function test_requestsAreSelectedInOrderAndOnce() external {
        uint64 first = create("first", 4);
        uint64 second = create("second", 4);
        bytes memory header = passSeedBlock("both");
        vm.expectRevert(abi.encodeWithSelector(ICommittees.NotNext.selector, second, first));
        committees.select(second, header);
        committees.select(first, header);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.NothingRequested.selector, first));
        committees.select(first, header);
        // One seed block, two committees: the chain id is part of the seed.
        committees.select(second, header);
        vm.assertNotEq(
            keccak256(abi.encode(committees.committeeOf(first))), keccak256(abi.encode(committees.committeeOf(second)))
        );
        vm.assertEq(committees.pendingRequests(), 0);
    }

    function test_slotsAreTakenAtSelectionAndNeverOversold() external {
        for (uint256 i = 0; i < NODES - 1; i++) {
            IChains.Creation memory order = creation("large", 1);
            order.size = IChains.Size.Large;
            select(pay(order), bytes32(i));
        }
        vm.assertEq(committees.nodesWith(128), 1);
        IChains.Creation memory medium = creation("medium", 1);
        medium.size = IChains.Size.Medium;
        for (uint256 i = 0; i < 8; i++) {
            select(pay(medium), bytes32(i));
        }
        vm.assertEq(committees.freeSlots(1), 0);
        medium.size = IChains.Size.Small;
        token.mint(address(this), 1000e18);
        token.approve(address(chains), 1000e18);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.NotEnoughNodes.selector, 0, 1));
        chains.createChain(medium, 1000e18);
    }

    /// Nodes, validators and seats: nobody twice, no validator above its cap, whatever the seed.
    function testFuzz_committeesKeepTheirRules(bytes32 mixHash, uint8 members, uint8 crowd) external {
        uint256 extra = bound(crowd, 0, 6);
        if (extra > 0) stake(account(0), validators.validatorOf(account(0)), extra * STAKE);
        for (uint256 i = 0; i < extra; i++) {
            addNode(0, 100 + i);
        }
        uint8 size = uint8(bound(members, 1, NODES));
        uint64 id = create("ruled", size);
        uint32[] memory nodeIds = select(id, mixHash);
        vm.assertEq(nodeIds.length, size);
        uint256[] memory seats = new uint256[](NODES + 1);
        for (uint256 i = 0; i < size; i++) {
            seats[nodes.validatorOf(nodeIds[i])]++;
            for (uint256 k = 0; k < i; k++) {
                vm.assertTrue(nodeIds[i] != nodeIds[k], "a node twice");
            }
            (, uint256 used,) = committees.slotsOf(nodeIds[i]);
            vm.assertEq(used, 1);
        }
        for (uint256 i = 0; i <= NODES; i++) {
            vm.assertLe(seats[i], Slots.seatCap(size), "seats of a validator");
        }
        vm.assertEq(committees.freeSlots(1), (NODES + extra) * 128 - size);
        // The draw put all weights back: a second one works on the same field.
        chains.deleteChain(id);
        vm.assertEq(committees.freeSlots(1), (NODES + extra) * 128);
        vm.assertEq(committees.nodesWith(128), NODES + extra);
    }

    /// Over 2000 seeds a node with a quarter of its slots left is drawn a quarter as often as the others.
    function test_chancesFollowFreeSlots() external {
        IChains.Creation memory order = creation("filler", 1);
        order.size = IChains.Size.Medium;
        for (uint256 i = 0; i < NODES - 1; i++) {
            vm.prank(account(i));
            nodes.exit(uint32(i + 1));
        }
        uint32 partly = uint32(NODES);
        for (uint256 i = 0; i < 6; i++) {
            select(pay(order), "filler");
        }
        for (uint256 i = 20; i < 23; i++) {
            addValidator(i, 1);
            addNode(i, i);
        }
        (,, uint256 free) = committees.slotsOf(partly);
        vm.assertEq(free, 32);
        uint64 id = create("probe", 1);
        uint256 hits;
        for (uint256 i = 0; i < 2000; i++) {
            if (this.probe(id, bytes32(i)) == partly) hits++;
        }
        // Expected 2000 * 32 / (3 * 128 + 32) = 154, standard deviation 12; without weights it would be 500.
        vm.assertTrue(hits > 106 && hits < 202, vm.toString(hits));
    }

    /// Who would sit in the committee of one if the seed block had this mixHash. A call of its own, to give back memory.
    function probe(uint64 id, bytes32 mixHash) external returns (uint32 nodeId) {
        uint256 state = vm.snapshotState();
        nodeId = select(id, mixHash)[0];
        vm.revertToStateAndDelete(state);
    }

    function _outcome(uint64 id, uint256 blockNumber, address caller) private returns (bytes32) {
        vm.roll(blockNumber);
        bytes memory header = Headers.record(committees.requestOf(id).seedBlock, "the seed");
        vm.prank(caller);
        committees.select(id, header);
        return keccak256(abi.encode(committees.committeeOf(id)));
    }
}
