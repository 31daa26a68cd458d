// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IChains} from "../../src/manager/interfaces/IChains.sol";
import {ICommittees} from "../../src/manager/interfaces/ICommittees.sol";
import {INodes} from "../../src/manager/interfaces/INodes.sol";
import {IRotations} from "../../src/manager/interfaces/IRotations.sol";
import {Shrinking} from "../../src/manager/libraries/Shrinking.sol";
import {ManagerTest} from "./ManagerTest.sol";

/// Everything that anybody can do to the manager, in any order, for the invariant test. It deploys and owns the manager.
contract ManagerActions is ManagerTest {
    uint256 private constant MOST_NODES = 12;

    uint256 public paidIn;
    uint256 public nodesAdded;
    uint256 public selections;
    uint256 public unavailable;
    uint256 public rotated;
    uint256 public resized;
    uint64[] private _ids;
    /// Committee as first seen; a chain has this one or none.
    mapping(uint64 chainId => bytes32) private _committees;

    constructor() {
        vm.roll(1000);
        vm.warp(1_800_000_000);
        deployManager(true);
        for (uint256 i = 0; i < 5; i++) {
            addValidator(i, 3);
        }
        for (uint256 i = 0; i < 8; i++) {
            _addNode(i);
        }
    }

    function register(uint256 validator) external {
        if (nodesAdded < MOST_NODES) _addNode(validator);
    }

    function depart(uint256 seed) external {
        uint32 nodeId = uint32(bound(seed, 1, nodesAdded));
        INodes.Node memory node = nodes.nodeOf(nodeId);
        vm.startPrank(validators.ownerOf(node.validatorId));
        if (node.state == INodes.State.Active && seed % 4 == 0) nodes.exit(nodeId);
        if (node.state == INodes.State.Exiting && committees.isIdle(nodeId)) nodes.retire(nodeId);
        vm.stopPrank();
    }

    function order(uint256 seed) external {
        IChains.Creation memory wanted = creation("chain", uint8(bound(seed, 1, 7)));
        wanted.size = IChains.Size((seed >> 8) % 3);
        wanted.months = uint16(bound(seed >> 16, 1, 4));
        uint256 slots = wanted.size == IChains.Size.Small ? 1 : wanted.size == IChains.Size.Medium ? 16 : 128;
        if (committees.nodesWith(uint8(slots)) < wanted.members) return;
        paidIn += chains.price(wanted.size, wanted.members, wanted.months);
        _ids.push(pay(wanted));
    }

    function selectNext(bytes32 mixHash, bool late) external {
        uint64 id = committees.nextRequest().chainId;
        if (id == 0) return;
        uint256 lost = committees.nextRequest().seedBlock + 8192;
        if (late && vm.getBlockNumber() < lost) vm.roll(lost);
        // The requests behind a forgotten one are forgotten with it.
        if (vm.getBlockNumber() >= lost) committees.rearm(id);
        committees.select(id, passSeedBlock(mixHash));
        selections++;
        if (rotations.rotationOf(id).lastEpoch > 1) return;
        _committees[id] = keccak256(abi.encode(committees.committeeOf(id)));
        if (chains.stateOf(id) == IChains.State.Failed) unavailable++;
    }

    function finishKey(uint256 seed, bool good) external {
        uint64 id = _pick(seed);
        if (id == 0 || chains.stateOf(id) != IChains.State.Keygen) return;
        if (good) {
            generateKey(id);
        } else {
            vm.warp(vm.getBlockTimestamp() + 2 days);
            keyGeneration.fail(id);
        }
    }

    /// By schedule, or for the first member found exiting.
    function rotate(uint256 seed) external {
        uint64 id = _pick(seed);
        if (id == 0 || chains.stateOf(id) != IChains.State.Running) return;
        IRotations.Rotation memory rotation = rotations.rotationOf(id);
        if (rotation.stage != IRotations.Stage.Idle) return;
        uint64 due = rotation.since + PERIOD;
        if (due < rotation.quietUntil) due = rotation.quietUntil;
        if (seed % 2 == 0 && vm.getBlockTimestamp() < due) vm.warp(due);
        if (vm.getBlockTimestamp() < rotation.quietUntil) return;
        uint32[] memory members = committees.committeeOf(id);
        for (uint256 seat = 0; seat < members.length; seat++) {
            if (nodes.stateOf(members[seat]) != INodes.State.Exiting) continue;
            uint32[] memory leaving = new uint32[](1);
            leaving[0] = members[seat];
            try rotations.requestExit(id, leaving) {}
            catch (bytes memory reason) {
                _requireReleasing(reason);
            }
            return;
        }
        if (vm.getBlockTimestamp() < due) return;
        try rotations.requestScheduled(id) {}
        catch (bytes memory reason) {
            _requireReleasing(reason);
        }
    }

    function resize(uint256 seed, uint8 members) external {
        uint64 id = _pick(seed);
        if (id == 0 || chains.stateOf(id) != IChains.State.Running) return;
        IRotations.Rotation memory rotation = rotations.rotationOf(id);
        if (rotation.stage != IRotations.Stage.Idle) return;
        if (vm.getBlockTimestamp() < rotation.quietUntil) vm.warp(rotation.quietUntil);
        members = uint8(bound(members, 1, 9));
        IChains.Chain memory chain = chains.chainOf(id);
        if (members == chain.members || vm.getBlockTimestamp() >= chain.end) return;
        uint256 rent = chains.resizePrice(id, members);
        token.mint(address(this), rent);
        token.approve(address(chains), rent);
        try chains.resizeChain(id, members, rent) {
            paidIn += rent;
        } catch (bytes memory reason) {
            bytes4 why = bytes4(reason);
            bool expected = why == ICommittees.StillReleasing.selector || why == ICommittees.NotEnoughNodes.selector
                || why == Shrinking.TooFewValidators.selector;
            vm.assertTrue(expected, "a resize refused for another reason");
        }
    }

    function finishRotation(uint256 seed, bool good) external {
        uint64 id = _pick(seed);
        if (id == 0 || !resharing.running(id)) return;
        resharing.finish(id, good);
        if (!good) return;
        rotated++;
        if (rotations.rotationOf(id).cause == IRotations.Cause.Resize) resized++;
        _committees[id] = keccak256(abi.encode(committees.committeeOf(id)));
    }

    function releaseLeavers(uint256 seed) external {
        uint64 id = _pick(seed);
        if (id == 0 || rotations.rotationOf(id).stage != IRotations.Stage.Idle) return;
        uint64 until = rotations.rotationOf(id).quietUntil;
        if (vm.getBlockTimestamp() < until) vm.warp(until);
        try rotations.releaseLeavers(id) {}
        catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(IRotations.NothingToRelease.selector));
        }
    }

    function _requireReleasing(bytes memory reason) private pure {
        vm.assertEq(bytes32(bytes4(reason)), bytes32(ICommittees.StillReleasing.selector));
    }

    function pause(uint256 seed) external {
        uint64 id = _pick(seed);
        if (id == 0) return;
        if (chains.stateOf(id) == IChains.State.Running) chains.setPaused(id, true);
        else if (chains.stateOf(id) == IChains.State.Paused) chains.setPaused(id, false);
    }

    function end(uint256 seed) external {
        uint64 id = _pick(seed);
        if (id == 0 || stateOf(id) < 2 || stateOf(id) > 5) return;
        IChains.Chain memory chain = chains.chainOf(id);
        if (stateOf(id) >= 4 && vm.getBlockTimestamp() > chain.end + GRACE) chains.expire(id);
        else if (seed % 3 == 0) chains.deleteChain(id);
    }

    function extend(uint256 seed, uint8 months) external {
        uint64 id = _pick(seed);
        if (id == 0 || stateOf(id) > 5) return;
        IChains.Chain memory chain = chains.chainOf(id);
        if (chain.end != 0 && vm.getBlockTimestamp() > chain.end + GRACE) return;
        uint16 count = uint16(bound(months, 1, 3));
        uint256 rent = chains.price(chain.size, chain.members, count);
        token.mint(address(this), rent);
        token.approve(address(chains), rent);
        paidIn += rent;
        (uint8 resizing,) = chains.resizeOf(id);
        if (resizing > chain.members) {
            uint256 added = 10 * PRICE * chain.slots * (resizing - chain.members) * count;
            token.mint(address(this), added);
            paidIn += added;
            rent += added;
            token.approve(address(chains), rent);
        }
        try chains.extend(id, count, rent) {}
        catch (bytes memory reason) {
            // More than the maximum of months ahead.
            vm.assertEq(bytes32(bytes4(reason)), bytes32(IChains.BadMonths.selector));
            paidIn -= rent;
        }
    }

    function reprice(uint256 price) external {
        IChains.Parameters memory value = chains.parameters();
        value.price = bound(price, 0, 10 * PRICE);
        chains.setParameters(value);
    }

    function collect(uint256 seed, uint32 elapsed) external {
        vm.warp(vm.getBlockTimestamp() + elapsed % (45 days));
        uint64 id = _pick(seed);
        if (id != 0) chains.collect(id);
    }

    function settle(uint256 entries) external {
        committees.settle(entries % 4);
    }

    /// Escrow equals the sum of unearned rents, and every token paid is in escrow, in the pool or was refunded.
    function checkEscrow() external view {
        uint256 sum;
        for (uint256 i = 0; i < _ids.length; i++) {
            IChains.Chain memory chain = chains.chainOf(_ids[i]);
            sum += chain.escrow;
            if (chain.state > IChains.State.Paused) vm.assertEq(chain.escrow, 0, "escrow of an ended chain");
        }
        vm.assertEq(chains.totalEscrow(), sum, "total of escrows");
        vm.assertEq(token.balanceOf(address(chains)), sum, "tokens in escrow");
        uint256 bound_;
        for (uint32 id = 1; id <= validators.validatorCount(); id++) {
            (uint256 stake_, uint32 count,) = validators.stakeOf(id);
            vm.assertGe(stake_, count * STAKE);
            bound_ += stake_;
        }
        vm.assertEq(token.balanceOf(address(validators)), bound_, "stakes");
        vm.assertEq(token.totalSupply(), bound_ + sum + token.balanceOf(address(pool)) + token.balanceOf(address(this)));
    }

    /// Used slots of each node are those of the committees it sits in, at most 128; the trees know what is free.
    function checkSlots() external view {
        uint256[] memory used = new uint256[](nodesAdded + 1);
        for (uint256 i = 0; i < _ids.length; i++) {
            uint32[] memory nodeIds = committees.committeeOf(_ids[i]);
            for (uint256 k = 0; k < nodeIds.length; k++) {
                used[nodeIds[k]] += chains.chainOf(_ids[i]).slots;
            }
            _countRotating(_ids[i], nodeIds, used);
        }
        uint256[3] memory free;
        uint256[3] memory count;
        for (uint32 id = 1; id <= nodesAdded; id++) {
            (, uint256 taken, uint256 left) = committees.slotsOf(id);
            vm.assertEq(taken, used[id], "used slots");
            vm.assertLe(taken, 128, "oversold");
            if (nodes.stateOf(id) == INodes.State.Left) vm.assertEq(taken, 0, "a seat without a node");
            for (uint256 size = 0; size < 3; size++) {
                if (left < _slots(size)) continue;
                free[size] += left;
                count[size]++;
            }
        }
        for (uint256 size = 0; size < 3; size++) {
            vm.assertEq(committees.freeSlots(_slots(size)), free[size], "free slots");
            vm.assertEq(committees.nodesWith(_slots(size)), count[size], "nodes with room");
        }
    }

    /// Those drawn hold slots beside the members, and leavers beside those who replaced them.
    function _countRotating(uint64 id, uint32[] memory nodeIds, uint256[] memory used) private view {
        (uint32[] memory incoming, uint32[] memory leavers) = committees.rotatingOf(id);
        uint256 slots = chains.chainOf(id).slots;
        for (uint256 k = 0; k < incoming.length; k++) {
            used[incoming[k]] += slots;
        }
        for (uint256 k = 0; k < leavers.length; k++) {
            used[leavers[k]] += slots;
        }
        if (nodeIds.length == 0) vm.assertEq(incoming.length + leavers.length, 0, "a rotation without a committee");
    }

    /// One committee a chain: the one selected, as long as it has one.
    function checkCommittees() external view {
        for (uint256 i = 0; i < _ids.length; i++) {
            uint64 id = _ids[i];
            uint32[] memory nodeIds = committees.committeeOf(id);
            uint256 state = stateOf(id);
            if (state == uint256(IChains.State.Requested)) vm.assertEq(nodeIds.length, 0, "a committee unasked");
            if (state >= 2 && state <= 5) vm.assertEq(nodeIds.length, chains.chainOf(id).members, "members");
            if (nodeIds.length > 0) vm.assertEq(keccak256(abi.encode(nodeIds)), _committees[id], "another committee");
        }
    }

    function _addNode(uint256 validator) private {
        uint256 index = validator % 5;
        uint32 validatorId = validators.validatorOf(account(index));
        (uint256 stake_, uint32 count,) = validators.stakeOf(validatorId);
        if (stake_ < (count + 1) * STAKE) stake(account(index), validatorId, STAKE);
        addNode(index, nodesAdded++);
    }

    function _pick(uint256 seed) private view returns (uint64) {
        return _ids.length == 0 ? 0 : _ids[seed % _ids.length];
    }

    function _slots(uint256 size) private pure returns (uint8) {
        return size == 0 ? 1 : size == 1 ? 16 : 128;
    }
}
