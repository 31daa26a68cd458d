// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Slots} from "../../src/manager/libraries/Slots.sol";
import {WeightTree} from "../../src/manager/libraries/WeightTree.sol";
import {Test} from "../lib/Test.sol";

contract WeightTreeTest is Test {
    using WeightTree for WeightTree.Tree;

    WeightTree.Tree private _tree;
    uint256[] private _free;

    /// After any appends and changes the tree sums and finds as a plain list does, in every lane.
    function testFuzz_isAListOfWeights(uint256 seed, uint8 length) external {
        uint256 count = bound(length, 1, 40);
        for (uint256 i = 0; i < count; i++) {
            uint256 free = uint256(keccak256(abi.encode(seed, i))) % 129;
            _free.push(free);
            vm.assertEq(_tree.append(Slots.weights(free)), i + 1);
        }
        for (uint256 i = 0; i < count; i++) {
            uint256 index = uint256(keccak256(abi.encode(seed, "change", i))) % count;
            uint256 free = uint256(keccak256(abi.encode(seed, "to", i))) % 129;
            _tree.change(index + 1, Slots.weights(_free[index]), Slots.weights(free));
            _free[index] = free;
        }
        _compare(Slots.SMALL, seed);
        _compare(Slots.MEDIUM, seed);
        _compare(Slots.LARGE, seed);
    }

    function test_anEmptyTreeHasNothingToFind() external {
        vm.assertEq(_tree.total(), 0);
        vm.expectRevert(abi.encodeWithSelector(WeightTree.TargetTooHigh.selector, 0));
        this.find(0, 0);
        vm.expectRevert(abi.encodeWithSelector(WeightTree.UnknownIndex.selector, 1));
        this.change(1);
    }

    function find(uint256 lane, uint256 target) external view returns (uint256, uint256) {
        return _tree.find(lane, target);
    }

    function change(uint256 index) external {
        _tree.change(index, 0, 1);
    }

    function _compare(uint256 slots, uint256 seed) private view {
        uint256 lane = Slots.lane(slots);
        uint256 total;
        uint256 nodes;
        for (uint256 i = 0; i < _free.length; i++) {
            if (_free[i] < slots) continue;
            total += _free[i];
            nodes++;
        }
        vm.assertEq(WeightTree.laneOf(_tree.total(), lane), total);
        vm.assertEq(WeightTree.laneOf(_tree.total(), Slots.countLane(slots)), nodes);
        for (uint256 k = 0; total > 0 && k < 10; k++) {
            // The first and last unit of weight, and some between.
            uint256 target = k == 0 ? 0 : k == 1 ? total - 1 : uint256(keccak256(abi.encode(seed, k))) % total;
            (uint256 index, uint256 rest) = _tree.find(lane, target);
            uint256 before;
            for (uint256 i = 0; i + 1 < index; i++) {
                if (_free[i] >= slots) before += _free[i];
            }
            vm.assertEq(before + rest, target);
            vm.assertTrue(_free[index - 1] >= slots && rest < _free[index - 1], "inside the entry");
        }
    }
}
