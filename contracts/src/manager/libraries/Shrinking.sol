// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {INodes} from "../interfaces/INodes.sol";
import {Slots} from "./Slots.sol";

/// @notice Who leaves a committee that becomes smaller. First seats of a validator beyond the cap of the smaller
/// committee, then nodes that are exiting, then whoever came last: of equals the highest seat. So whoever lets a committee
/// grow and shrink again moves nobody else's seat, and gets no other committee by it.
library Shrinking {
    /// Even without those who leave, a validator has more than `cap` seats of `members`.
    error TooFewValidators(uint256 members, uint256 cap);

    /// @param left Seats that are still to be given up.
    struct Committee {
        uint32[] validators;
        bool[] exiting;
        bool[] gone;
        uint256 left;
    }

    /// @notice The leavers of a committee that is to have fewer `members`, by ascending seat.
    function leavers(uint32[] memory nodeIds, uint256 members, INodes nodes)
        internal
        view
        returns (uint32[] memory leaving)
    {
        uint256 count = nodeIds.length;
        Committee memory self = Committee(new uint32[](count), new bool[](count), new bool[](count), count - members);
        for (uint256 seat = 0; seat < count; seat++) {
            self.validators[seat] = nodes.validatorOf(nodeIds[seat]);
            self.exiting[seat] = nodes.stateOf(nodeIds[seat]) == INodes.State.Exiting;
        }
        uint256 cap = Slots.seatCap(members);
        _pass(self, true, cap);
        _pass(self, false, cap);
        for (uint256 seat = 0; seat < count; seat++) {
            if (_seatsOf(self, self.validators[seat]) > cap) revert TooFewValidators(members, cap);
        }
        _pass(self, true, 0);
        _pass(self, false, 0);
        leaving = new uint32[](count - members);
        uint256 found = 0;
        for (uint256 seat = 0; seat < count; seat++) {
            if (self.gone[seat]) leaving[found++] = nodeIds[seat];
        }
    }

    /// Takes seats of validators that have more than so many, the highest first.
    function _pass(Committee memory self, bool onlyExiting, uint256 most) private pure {
        for (uint256 seat = self.gone.length; seat > 0 && self.left > 0;) {
            seat--;
            if (self.gone[seat] || (onlyExiting && !self.exiting[seat])) continue;
            if (_seatsOf(self, self.validators[seat]) <= most) continue;
            self.gone[seat] = true;
            self.left--;
        }
    }

    function _seatsOf(Committee memory self, uint32 validator) private pure returns (uint256 seats) {
        for (uint256 seat = 0; seat < self.gone.length; seat++) {
            if (!self.gone[seat] && self.validators[seat] == validator) seats++;
        }
    }
}
