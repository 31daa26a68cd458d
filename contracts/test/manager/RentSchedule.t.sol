// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RentSchedule} from "../../src/manager/libraries/RentSchedule.sol";
import {Test} from "../lib/Test.sol";

contract RentScheduleTest is Test {
    using RentSchedule for RentSchedule.Schedule;

    RentSchedule.Schedule private _schedule;
    uint256 private constant START = 1_800_000_000;

    function testFuzz_rentIsLinearInAllItsParts(uint128 price, uint8 slots, uint8 members, uint16 months)
        external
        pure
    {
        uint256 rent = RentSchedule.rent(price, slots, members, months);
        vm.assertEq(rent, uint256(price) * slots * members * months);
    }

    /// Whatever is raised and lowered and however often rent is collected, nothing appears and nothing is lost.
    function testFuzz_changesOfTheRateKeepTheSum(uint64[4] memory rates, uint8[8] memory steps, uint32[8] memory waits)
        external
    {
        uint256 paid;
        uint256 gone;
        _schedule.start = uint64(START);
        for (uint256 i = 0; i < 4; i++) {
            paid += _schedule.buy(1 + steps[i] % 6, rates[i]);
        }
        uint256 time = START;
        for (uint256 i = 0; i < 8; i++) {
            time += waits[i] % 90 days;
            (, uint256 earned) = _schedule.earn(time);
            gone += earned;
            vm.assertEq(_schedule.unearned(), _schedule.unearnedAt(time));
            uint256 left = _schedule.unearned();
            if (steps[i] % 3 == 0) paid += _schedule.raise(rates[i % 4]);
            if (steps[i] % 3 == 1 && left > 0) {
                uint256 refund = _schedule.lower(1, 2);
                gone += refund;
                // The month that has begun is never given back.
                if (left == 1) vm.assertEq(refund, 0);
            }
            vm.assertEq(_schedule.escrow + gone, paid);
        }
        (, uint256 last, uint256 rest) = _schedule.close(time);
        vm.assertEq(gone + last + rest, paid);
        vm.assertEq(_schedule.escrow, 0);
    }

    /// Each month costs the rate at which it was bought, whenever and however often rent is collected, and what is
    /// neither earned nor begun comes back.
    function testFuzz_everyMonthIsEarnedOnceAtItsRate(uint64[6] memory rates, uint8[6] memory counts, uint32 elapsed)
        external
    {
        uint256 paid;
        uint256[] memory perMonth = new uint256[](6 * 12);
        uint256 bought;
        _schedule.start = uint64(START);
        for (uint256 i = 0; i < 6; i++) {
            uint256 months = bound(counts[i], 1, 12);
            paid += _schedule.buy(months, rates[i]);
            for (uint256 k = 0; k < months; k++) {
                perMonth[bought++] = rates[i];
            }
        }
        vm.assertEq(_schedule.end(), START + bought * 30 days);
        uint256 time = START;
        uint256 months_;
        uint256 earned;
        for (uint256 i = 0; i < 5; i++) {
            time += uint256(keccak256(abi.encode(elapsed, i))) % (200 days);
            (uint256 m, uint256 amount) = _schedule.earn(time);
            months_ += m;
            earned += amount;
            vm.assertEq(_schedule.escrow, paid - earned);
        }
        vm.assertEq(months_, _min((time - START) / 30 days, bought));
        vm.assertEq(earned, _sum(perMonth, months_));
        (uint256 last, uint256 rest, uint256 refund) = _schedule.close(time);
        vm.assertEq(months_ + last, _min((time - START) / 30 days + 1, bought));
        vm.assertEq(earned + rest, _sum(perMonth, months_ + last));
        vm.assertEq(earned + rest + refund, paid);
        vm.assertEq(_schedule.escrow, 0);
    }

    function test_aScheduleThatNeverRanKeepsOneMonthWhenClosed() external {
        _schedule.buy(6, 100);
        (uint256 months, uint256 earned, uint256 refund) = _schedule.close(START);
        vm.assertEq(months, 1);
        vm.assertEq(earned, 100);
        vm.assertEq(refund, 500);
    }

    /// A cheap extension does not make the dear month before it cheaper.
    function test_anExtensionDoesNotDiluteTheMonthsBefore() external {
        _schedule.buy(1, 100);
        _schedule.start = uint64(START);
        _schedule.buy(9, 10);
        (, uint256 earned, uint256 refund) = _schedule.close(START + 1 days);
        vm.assertEq(earned, 100);
        vm.assertEq(refund, 90);
    }

    function _sum(uint256[] memory values, uint256 count) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < count; i++) {
            sum += values[i];
        }
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
