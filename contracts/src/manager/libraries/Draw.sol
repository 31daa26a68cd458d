// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Slots} from "./Slots.sol";
import {WeightTree} from "./WeightTree.sol";

/// @notice Available nodes grouped by validator, and the weighted draw of a committee among them.
/// @dev Two levels: a tree of validators whose weights are the sums of their nodes' trees. A draw walks both, so a node's
/// chance is its weight over all weights; a validator that has its seats is taken out by one change.
library Draw {
    using WeightTree for WeightTree.Tree;

    /// @param group Index of the node's validator in the upper tree, and of the node in its lower tree.
    struct Entry {
        uint32 group;
        uint32 index;
        uint8 used;
        bool available;
    }

    struct Field {
        WeightTree.Tree groups;
        mapping(uint32 validatorId => uint32 group) groupOf;
        mapping(uint256 group => WeightTree.Tree) members;
        mapping(uint256 group => mapping(uint256 index => uint32 nodeId)) nodeAt;
        mapping(uint32 nodeId => Entry) entries;
    }

    /// What a draw remembers of the validators that it met.
    struct Met {
        uint32 group;
        uint256 seats;
        uint256 withheld;
    }

    function add(Field storage self, uint32 nodeId, uint32 validatorId) internal {
        uint32 group = self.groupOf[validatorId];
        if (group == 0) {
            group = uint32(self.groups.append(0));
            self.groupOf[validatorId] = group;
        }
        uint256 weight = Slots.weights(Slots.PER_NODE);
        uint32 index = uint32(self.members[group].append(weight));
        self.groups.change(group, 0, weight);
        self.nodeAt[group][index] = nodeId;
        self.entries[nodeId] = Entry({group: group, index: index, used: 0, available: true});
    }

    function remove(Field storage self, uint32 nodeId) internal {
        Entry storage entry = self.entries[nodeId];
        uint256 weight = weightOf(entry);
        entry.available = false;
        _reweigh(self, entry, weight, 0);
    }

    function free(Field storage self, uint32 nodeId, uint8 slots) internal {
        Entry storage entry = self.entries[nodeId];
        uint256 weight = weightOf(entry);
        entry.used -= slots;
        _reweigh(self, entry, weight, weightOf(entry));
    }

    /// @notice Draws `members` different nodes, takes their slots and returns them in order; where the field cannot fill
    /// the committee nothing changes and `filled` says how far it went.
    function draw(Field storage self, bytes32 seed, uint8 slots, uint8 members)
        internal
        returns (uint32[] memory nodeIds, uint256 filled)
    {
        Met[] memory met = new Met[](members);
        return _draw(self, met, seed, slots, members, Slots.seatCap(members));
    }

    /// @notice As `draw`, for `seats` of a committee of which `staying` remain and `leaving` go: none of both is drawn,
    /// and a validator's seats among those who stay count towards its cap.
    function drawBeside(
        Field storage self,
        bytes32 seed,
        uint8 slots,
        uint256 seats,
        uint32[] memory staying,
        uint32[] memory leaving
    ) internal returns (uint32[] memory nodeIds, uint256 filled) {
        uint256 members = staying.length + seats;
        Met[] memory met = new Met[](members);
        uint256 cap = Slots.seatCap(members);
        _hide(self, staying);
        _hide(self, leaving);
        for (uint256 i = 0; i < staying.length; i++) {
            _seat(self, met, self.entries[staying[i]].group, cap);
        }
        (nodeIds, filled) = _draw(self, met, seed, slots, seats, cap);
        _show(self, staying);
        _show(self, leaving);
    }

    function weightOf(Entry storage entry) internal view returns (uint256) {
        return entry.available ? Slots.weights(Slots.PER_NODE - entry.used) : 0;
    }

    function _draw(Field storage self, Met[] memory met, bytes32 seed, uint8 slots, uint256 members, uint256 cap)
        private
        returns (uint32[] memory nodeIds, uint256 filled)
    {
        nodeIds = new uint32[](members);
        uint256 lane = Slots.lane(slots);
        for (; filled < members; filled++) {
            uint256 total = WeightTree.laneOf(self.groups.total(), lane);
            if (total == 0) break;
            uint256 target = uint256(keccak256(abi.encode(seed, filled))) % total;
            uint32 nodeId = _nodeAtTarget(self, lane, target);
            nodeIds[filled] = nodeId;
            Entry storage entry = self.entries[nodeId];
            _reweigh(self, entry, weightOf(entry), 0);
            _seat(self, met, entry.group, cap);
        }
        _restore(self, met, nodeIds, filled, filled == members ? slots : 0);
    }

    /// Takes nodes out of the draw; `_show` puts them back.
    function _hide(Field storage self, uint32[] memory nodeIds) private {
        for (uint256 i = 0; i < nodeIds.length; i++) {
            Entry storage entry = self.entries[nodeIds[i]];
            _reweigh(self, entry, weightOf(entry), 0);
        }
    }

    function _show(Field storage self, uint32[] memory nodeIds) private {
        for (uint256 i = 0; i < nodeIds.length; i++) {
            Entry storage entry = self.entries[nodeIds[i]];
            _reweigh(self, entry, 0, weightOf(entry));
        }
    }

    function _nodeAtTarget(Field storage self, uint256 lane, uint256 target) private view returns (uint32) {
        (uint256 group, uint256 rest) = self.groups.find(lane, target);
        (uint256 index,) = self.members[group].find(lane, rest);
        return self.nodeAt[group][index];
    }

    /// Counts a seat of the group; at the cap its other nodes are out of this draw.
    function _seat(Field storage self, Met[] memory met, uint32 group, uint256 cap) private {
        uint256 i = 0;
        while (met[i].group != group && met[i].group != 0) i++;
        met[i].group = group;
        // Once: beyond the cap the group is out already.
        if (++met[i].seats != cap) return;
        met[i].withheld = self.members[group].total();
        self.groups.change(group, met[i].withheld, 0);
    }

    function _restore(Field storage self, Met[] memory met, uint32[] memory nodeIds, uint256 filled, uint8 slots)
        private
    {
        for (uint256 i = 0; i < met.length && met[i].group != 0; i++) {
            self.groups.change(met[i].group, 0, met[i].withheld);
        }
        for (uint256 i = 0; i < filled; i++) {
            Entry storage entry = self.entries[nodeIds[i]];
            entry.used += slots;
            _reweigh(self, entry, 0, weightOf(entry));
        }
    }

    function _reweigh(Field storage self, Entry storage entry, uint256 from, uint256 to) private {
        self.members[entry.group].change(entry.index, from, to);
        self.groups.change(entry.group, from, to);
    }
}
