// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Weights that can be changed, summed and drawn from in O(log n): a Fenwick tree whose words hold six numbers
/// (lanes) of 40 bits each, so that one update serves all. 40 bits hold 128 times 2^32 nodes.
library WeightTree {
    error UnknownIndex(uint256 index);
    error TargetTooHigh(uint256 target);

    uint256 internal constant LANE_BITS = 40;
    uint256 private constant LANE_MASK = type(uint40).max;

    /// Word i (from 1) is the sum of the weights in (i - lowbit(i), i].
    struct Tree {
        uint256 size;
        mapping(uint256 index => uint256 weights) sums;
    }

    /// @return index From 1.
    function append(Tree storage self, uint256 weights) internal returns (uint256 index) {
        index = ++self.size;
        uint256 end = index - (index & (~index + 1));
        for (uint256 below = index - 1; below > end; below &= below - 1) {
            weights += self.sums[below];
        }
        self.sums[index] = weights;
    }

    /// @param from The present weights of the entry. Lanes never borrow from each other: each stays >= 0 in the end.
    function change(Tree storage self, uint256 index, uint256 from, uint256 to) internal {
        if (index == 0 || index > self.size) revert UnknownIndex(index);
        if (from == to) return;
        uint256 size = self.size;
        unchecked {
            uint256 difference = to - from;
            for (uint256 i = index; i <= size; i += i & (~i + 1)) {
                self.sums[i] += difference;
            }
        }
    }

    /// @notice Sums of all lanes.
    function total(Tree storage self) internal view returns (uint256 weights) {
        for (uint256 i = self.size; i > 0; i &= i - 1) {
            weights += self.sums[i];
        }
    }

    /// @notice The entry that covers `target` when the lane's weights are laid end to end.
    /// @return index The entry. @return rest How far into the entry's weight the target lies.
    function find(Tree storage self, uint256 lane, uint256 target) internal view returns (uint256 index, uint256 rest) {
        uint256 size = self.size;
        uint256 step = 1;
        while (step << 1 <= size) step <<= 1;
        rest = target;
        for (; step > 0; step >>= 1) {
            if (index + step > size) continue;
            uint256 sum = laneOf(self.sums[index + step], lane);
            if (sum <= rest) {
                rest -= sum;
                index += step;
            }
        }
        if (++index > size) revert TargetTooHigh(target);
    }

    function laneOf(uint256 weights, uint256 lane) internal pure returns (uint256) {
        return (weights >> (lane * LANE_BITS)) & LANE_MASK;
    }
}
