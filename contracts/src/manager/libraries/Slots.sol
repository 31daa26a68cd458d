// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {WeightTree} from "./WeightTree.sol";

/// @notice Slots of a node, and what they weigh in a selection for each chain size.
library Slots {
    error UnknownSize(uint256 slots);

    uint256 internal constant PER_NODE = 128;
    uint256 internal constant SMALL = 1;
    uint256 internal constant MEDIUM = 16;
    uint256 internal constant LARGE = 128;

    /// Lanes 0 to 2: free slots of nodes where a small, medium, large chain fits. Lanes 3 to 5: how many nodes.
    uint256 private constant COUNTS = 3;

    /// @notice A node weighs its free slots in each lane whose size still fits, else nothing.
    function weights(uint256 free) internal pure returns (uint256 packed) {
        if (free >= SMALL) packed = _entry(free, 0);
        if (free >= MEDIUM) packed |= _entry(free, 1);
        if (free >= LARGE) packed |= _entry(free, 2);
    }

    function lane(uint256 slots) internal pure returns (uint256) {
        if (slots == SMALL) return 0;
        if (slots == MEDIUM) return 1;
        if (slots == LARGE) return 2;
        revert UnknownSize(slots);
    }

    /// @notice Most seats of one validator in a committee: max(1, f).
    function seatCap(uint256 members) internal pure returns (uint256) {
        uint256 faults = (members - 1) / 3;
        return faults == 0 ? 1 : faults;
    }

    function countLane(uint256 slots) internal pure returns (uint256) {
        return lane(slots) + COUNTS;
    }

    function _entry(uint256 free, uint256 lane_) private pure returns (uint256) {
        return free * 2 ** (lane_ * WeightTree.LANE_BITS) + 2 ** ((lane_ + COUNTS) * WeightTree.LANE_BITS);
    }
}
