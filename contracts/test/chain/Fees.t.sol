// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Fees} from "../../src/chain/Fees.sol";
import {IFees} from "../../src/chain/interfaces/IFees.sol";
import {Rules} from "../../src/chain/Rules.sol";
import {Test} from "../lib/Test.sol";

/// Takes no coins.
contract Refuser {
    Fees private immutable FEES;

    constructor(Fees fees) {
        FEES = fees;
    }

    function buy(uint64 rate, uint256 period) external payable {
        FEES.buyPriority{value: msg.value}(address(this), rate, period, 1);
    }
}

contract FeesTest is Test {
    address private constant RULES = 0x7472696275746172790000000000000000000001;
    address private constant OWNER = address(0xA11CE);
    address private constant BUYER = address(0xB0B);
    address private constant TREASURY = address(0x7777);
    uint256 private constant START = 1_700_000_000;
    uint256 private constant NOW_PERIOD = START / 1 hours;
    uint96 private constant PRICE = 5;
    uint64 private constant CAPACITY = 1000;

    Fees private fees;

    function setUp() public {
        vm.etch(RULES, type(Rules).runtimeCode);
        vm.store(RULES, bytes32(0), bytes32(uint256(uint160(OWNER))));
        fees = new Fees();
        vm.warp(START);
        vm.deal(BUYER, 1e30);
    }

    function _sell() private {
        vm.prank(OWNER);
        fees.setPrioritySale(PRICE, CAPACITY);
    }

    function _buy(uint64 rate, uint256 first, uint256 periods) private {
        uint256 cost = fees.priorityCost(rate, first, periods);
        vm.prank(BUYER);
        fees.buyPriority{value: cost}(BUYER, rate, first, periods);
    }

    function test_ModesAreReadFromTheseSlots() public {
        vm.startPrank(OWNER);
        fees.setOrdinaryFees(7, 70, TREASURY);
        vm.assertEq(fees.price(), 7);
        vm.assertEq(fees.ceiling(), 70);
        vm.assertEq(vm.load(address(fees), bytes32(uint256(0))), bytes32((uint256(7) << 160) | uint160(TREASURY)));
        fees.setPrioritySale(9, 8);
        vm.assertEq(
            vm.load(address(fees), bytes32(uint256(3))), bytes32((uint256(8) << 192) | (uint256(9) << 96) | uint256(70))
        );
        fees.setPrice(11, TREASURY);
        vm.assertEq(fees.price(), 11);
        vm.assertEq(fees.ceiling(), 0);
        vm.assertEq(fees.priorityPrice(), 9);
        vm.stopPrank();
    }

    function test_BoundsOfOrdinaryFees() public {
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IFees.InvalidBounds.selector, 0, 5));
        fees.setOrdinaryFees(0, 5, TREASURY);
        vm.expectRevert(abi.encodeWithSelector(IFees.InvalidBounds.selector, 6, 5));
        fees.setOrdinaryFees(6, 5, TREASURY);
        fees.setOrdinaryFees(5, 5, TREASURY);
        vm.stopPrank();
    }

    function test_OnlyTheOwnerSetsAndWithdraws() public {
        bytes memory refused = abi.encodeWithSelector(IFees.NotOwner.selector, BUYER);
        vm.startPrank(BUYER);
        vm.expectRevert(refused);
        fees.setPrice(1, BUYER);
        vm.expectRevert(refused);
        fees.setOrdinaryFees(1, 1, BUYER);
        vm.expectRevert(refused);
        fees.setSponsorships(new IFees.Sponsorship[](0));
        vm.expectRevert(refused);
        fees.setPrioritySale(0, 1);
        vm.expectRevert(refused);
        fees.withdraw(payable(BUYER), 0);
        vm.stopPrank();
    }

    function test_BuysWhatIsLeftOfThePresentPeriodAndWholeLaterOnes() public {
        _sell();
        uint256 left = (NOW_PERIOD + 1) * 1 hours - START;
        vm.assertEq(fees.priorityCost(10, NOW_PERIOD, 1), left * 10 * PRICE);
        vm.assertEq(fees.priorityCost(10, NOW_PERIOD, 3), (left + 7200) * 10 * PRICE);
        vm.assertEq(fees.priorityCost(10, NOW_PERIOD + 1, 2), 7200 * 10 * PRICE);

        _buy(10, NOW_PERIOD, 2);
        _buy(5, NOW_PERIOD + 1, 1);
        vm.assertEq(fees.priorityOf(BUYER, NOW_PERIOD), 10);
        vm.assertEq(fees.priorityOf(BUYER, NOW_PERIOD + 1), 15);
        vm.assertEq(fees.priorityOf(BUYER, NOW_PERIOD + 2), 0);
        vm.assertEq(fees.prioritySold(NOW_PERIOD + 1), 15);
        vm.assertEq(address(fees).balance, (left + 3600) * 10 * PRICE + 3600 * 5 * PRICE);
        // Members read it at this place.
        bytes32 rates = keccak256(abi.encode(BUYER, uint256(4)));
        vm.assertEq(vm.load(address(fees), keccak256(abi.encode(NOW_PERIOD + 1, rates))), bytes32(uint256(15)));
        vm.assertEq(vm.load(address(fees), keccak256(abi.encode(NOW_PERIOD + 1, uint256(5)))), bytes32(uint256(15)));
    }

    function test_ExcessComesBackAndLessIsRefused() public {
        _sell();
        uint256 cost = fees.priorityCost(10, NOW_PERIOD, 1);
        vm.startPrank(BUYER);
        vm.expectRevert(abi.encodeWithSelector(IFees.Underpaid.selector, cost, cost - 1));
        fees.buyPriority{value: cost - 1}(BUYER, 10, NOW_PERIOD, 1);
        vm.warp(START + 60);
        fees.buyPriority{value: cost}(BUYER, 10, NOW_PERIOD, 1);
        vm.stopPrank();
        vm.assertEq(address(fees).balance, cost - 60 * 10 * PRICE);
        vm.assertEq(BUYER.balance, 1e30 - cost + 60 * 10 * PRICE);

        Refuser refuser = new Refuser(fees);
        vm.deal(address(this), 1e30);
        vm.expectRevert(abi.encodeWithSelector(IFees.PaymentFailed.selector, address(refuser)));
        refuser.buy{value: cost}(10, NOW_PERIOD);
        vm.assertEq(fees.prioritySold(NOW_PERIOD), 10);
    }

    function test_NoMoreThanTheCapacityIsSold() public {
        vm.expectRevert(abi.encodeWithSelector(IFees.SoldOut.selector, NOW_PERIOD));
        fees.buyPriority(BUYER, 1, NOW_PERIOD, 1);
        _sell();
        _buy(600, NOW_PERIOD + 1, 1);
        uint256 cost = fees.priorityCost(401, NOW_PERIOD, 2);
        vm.prank(BUYER);
        vm.expectRevert(abi.encodeWithSelector(IFees.SoldOut.selector, NOW_PERIOD + 1));
        fees.buyPriority{value: cost}(BUYER, 401, NOW_PERIOD, 2);
        vm.assertEq(fees.prioritySold(NOW_PERIOD), 0);
        _buy(400, NOW_PERIOD, 2);
        vm.assertEq(fees.prioritySold(NOW_PERIOD + 1), CAPACITY);
        vm.prank(BUYER);
        vm.expectRevert(abi.encodeWithSelector(IFees.NoRate.selector));
        fees.buyPriority(BUYER, 0, NOW_PERIOD, 1);
    }

    function testFuzz_OnlyPeriodsNearby(uint256 first, uint256 periods) public {
        _sell();
        bool near = first >= NOW_PERIOD && first < NOW_PERIOD + 72 && periods > 0 && periods <= 72
            && first + periods <= NOW_PERIOD + 72;
        if (!near) vm.expectRevert(abi.encodeWithSelector(IFees.InvalidPeriods.selector, first, periods));
        fees.priorityCost(1, first, periods);
    }

    function testFuzz_PeriodsUpToTheLast(uint8 from, uint8 count) public {
        _sell();
        uint256 first = from % 72;
        uint256 periods = 1 + count % (72 - first);
        _buy(1, NOW_PERIOD + first, periods);
        for (uint256 i = 0; i < 74; i++) {
            uint256 bought = i >= first && i < first + periods ? 1 : 0;
            vm.assertEq(fees.priorityOf(BUYER, NOW_PERIOD + i), bought);
        }
    }

    function test_TheOwnerWithdrawsWhatWasPaid() public {
        _sell();
        _buy(100, NOW_PERIOD + 1, 1);
        uint256 paid = 3600 * 100 * PRICE;
        vm.startPrank(OWNER);
        fees.withdraw(payable(TREASURY), paid);
        vm.assertEq(TREASURY.balance, paid);
        vm.expectRevert(abi.encodeWithSelector(IFees.PaymentFailed.selector, TREASURY));
        fees.withdraw(payable(TREASURY), 1);
        vm.stopPrank();
    }
}
