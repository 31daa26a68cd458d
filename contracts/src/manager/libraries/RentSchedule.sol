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
    struct Schedule {
        uint64 start;
        uint32 bought;
        uint32 earned;
        uint32 head;
        uint256 escrow;
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
        self.earned = self.bought;
        self.head = self.periods.length.toUint32();
    }

    function _earnUpTo(Schedule storage self, uint256 limit) private returns (uint256 months, uint256 amount) {
        if (limit > self.bought) limit = self.bought;
        uint256 earned = self.earned;
        if (limit <= earned) return (0, 0);
        months = limit - earned;
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
