// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice Rent of one chain: months bought at the rates of their purchase, earned month by month in that order.
library RentSchedule {
    using SafeCast for uint256;

    /// 30 days.
    uint256 internal constant MONTH = 30 days;

    struct Period {
        uint32 months;
        uint224 rate;
    }

    /// @param start Seconds; 0 while the chain does not run yet.
    /// @param bought, earned Months in total. `head` is the first period with months left.
    /// @param escrow Tokens of the months that are not earned.
    /// @param surplus Part of it: what the first of these months costs beyond its period's rate.
    struct Schedule {
        uint64 start;
        uint32 bought;
        uint32 earned;
        uint32 head;
        uint256 escrow;
        uint256 surplus;
        Period[] periods;
    }

    /// @notice Rent of a chain, in the token's smallest unit.
    function rent(uint256 price, uint256 slots, uint256 members, uint256 months) internal pure returns (uint256) {
        return price * slots * members * months;
    }

    /// @param rate Tokens a month.
    function buy(Schedule storage self, uint256 months, uint256 rate) internal returns (uint256 amount) {
        amount = months * rate;
        self.bought += months.toUint32();
        self.escrow += amount;
        uint256 length = self.periods.length;
        if (length > self.head && self.periods[length - 1].rate == rate) {
            self.periods[length - 1].months += months.toUint32();
        } else {
            self.periods.push(Period({months: months.toUint32(), rate: rate.toUint224()}));
        }
    }

    /// @notice Months that were bought and are not earned: after `earn` the first of them has begun.
    function unearned(Schedule storage self) internal view returns (uint256) {
        return self.bought - self.earned;
    }

    /// @notice `unearned` once all months that have passed are earned.
    function unearnedAt(Schedule storage self, uint256 time) internal view returns (uint256) {
        uint256 passed = self.start == 0 ? 0 : (time - self.start) / MONTH;
        return self.bought > passed ? self.bought - passed : 0;
    }

    /// @notice Every month that is not earned costs `rate` more. At most as many steps as there are such months.
    function raise(Schedule storage self, uint256 rate) internal returns (uint256 amount) {
        uint256 length = self.periods.length;
        for (uint256 i = self.head; i < length; i++) {
            self.periods[i].rate = (self.periods[i].rate + rate).toUint224();
        }
        amount = rate * unearned(self);
        self.escrow += amount;
    }

    /// @notice Every month that has not begun costs `kept` of `whole` equal parts of what it did; gives the others back.
    /// The month that has begun is paid in full, so that nothing is gained by seats that come and go. After `earn`.
    function lower(Schedule storage self, uint256 kept, uint256 whole) internal returns (uint256 refund) {
        uint256 length = self.periods.length;
        uint256 begun = 0;
        for (uint256 i = self.head; i < length; i++) {
            Period storage period = self.periods[i];
            uint256 rate = (period.rate * kept) / whole;
            if (i == self.head) begun = period.rate - rate;
            refund += (period.rate - rate) * period.months;
            period.rate = rate.toUint224();
        }
        refund -= begun;
        self.surplus += begun;
        self.escrow -= refund;
    }

    /// @notice Seconds; 0 before the start.
    function end(Schedule storage self) internal view returns (uint256) {
        return self.start == 0 ? 0 : self.start + self.bought * MONTH;
    }

    /// @notice Takes the months that have passed entirely.
    function earn(Schedule storage self, uint256 time) internal returns (uint256 months, uint256 amount) {
        if (self.start == 0) return (0, 0);
        return _earnUpTo(self, (time - self.start) / MONTH);
    }

    /// @notice Takes every month that has begun, or one where the chain never ran, and gives the rest back.
    function close(Schedule storage self, uint256 time)
        internal
        returns (uint256 months, uint256 amount, uint256 refund)
    {
        (months, amount) = _earnUpTo(self, self.start == 0 ? 1 : (time - self.start) / MONTH + 1);
        refund = clear(self);
    }

    /// @notice Gives everything back that was not earned.
    function clear(Schedule storage self) internal returns (uint256 refund) {
        refund = self.escrow;
        self.escrow = 0;
        self.surplus = 0;
        self.earned = self.bought;
        self.head = self.periods.length.toUint32();
    }

    function _earnUpTo(Schedule storage self, uint256 limit) private returns (uint256 months, uint256 amount) {
        if (limit > self.bought) limit = self.bought;
        uint256 earned = self.earned;
        if (limit <= earned) return (0, 0);
        months = limit - earned;
        amount = self.surplus;
        self.surplus = 0;
        uint256 left = months;
        uint256 head = self.head;
        while (left > 0) {
            Period storage period = self.periods[head];
            uint256 part = period.months <= left ? period.months : left;
            amount += part * period.rate;
            left -= part;
            if (part == period.months) head++;
            period.months -= part.toUint32();
        }
        self.head = head.toUint32();
        self.earned = limit.toUint32();
        self.escrow -= amount;
    }
}
