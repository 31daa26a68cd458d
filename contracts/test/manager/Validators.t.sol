// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IValidators} from "../../src/manager/interfaces/IValidators.sol";
import {ManagerTest} from "./ManagerTest.sol";

contract ValidatorsTest is ManagerTest {
    function test_oneValidatorAnAccount() external {
        vm.expectEmit(address(validators));
        emit IValidators.ValidatorRegistered(1, account(0));
        vm.startPrank(account(0));
        validators.register();
        vm.expectRevert(abi.encodeWithSelector(IValidators.AlreadyRegistered.selector, account(0), uint32(1)));
        validators.register();
        vm.stopPrank();
    }

    function test_onlyTheOwnerWithdraws() external {
        uint32 id = addValidator(0, 2);
        vm.prank(account(1));
        vm.expectRevert(abi.encodeWithSelector(IValidators.NotOwner.selector, id, account(1)));
        validators.withdraw(id, 1);
    }

    function test_depositNeedsAValidatorAndAnAmount() external {
        vm.expectRevert(abi.encodeWithSelector(IValidators.UnknownValidator.selector, uint32(1)));
        validators.deposit(1, 1);
        uint32 id = addValidator(0, 1);
        vm.expectRevert(IValidators.AmountZero.selector);
        validators.deposit(id, 0);
    }

    function test_stakeThatANodeNeedsStays() external {
        uint32 id = addValidator(0, 2);
        addNode(0, 0);
        vm.startPrank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IValidators.StakeTooLow.selector, id, 2 * STAKE, 2 * STAKE + 1));
        validators.withdraw(id, STAKE + 1);
        validators.withdraw(id, STAKE);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(account(0)), STAKE);
        vm.assertEq(token.balanceOf(address(validators)), STAKE);
    }

    /// Whatever is put in and asked back, the stake covers the nodes and the contract holds the sum of stakes.
    function testFuzz_withdrawLeavesTheBoundStake(uint256 deposits, uint8 nodeCount, uint256 amount) external {
        nodeCount = uint8(bound(nodeCount, 0, 2));
        deposits = bound(deposits, nodeCount * STAKE + 1, 10 * STAKE);
        uint32 id = addValidator(0, 1);
        stake(account(0), id, deposits);
        for (uint256 i = 0; i < nodeCount; i++) {
            addNode(0, i);
        }
        (uint256 total,, uint256 withdrawable) = validators.stakeOf(id);
        amount = bound(amount, 1, 12 * STAKE);
        vm.prank(account(0));
        if (amount > withdrawable) vm.expectPartialRevert(IValidators.StakeTooLow.selector);
        validators.withdraw(id, amount);
        (uint256 left,,) = validators.stakeOf(id);
        vm.assertEq(left, amount > withdrawable ? total : total - amount);
        vm.assertGe(left, nodeCount * STAKE);
        vm.assertEq(token.balanceOf(address(validators)), left);
    }

    function test_aRaisedMinimumEndsNoNodeButHoldsTheStake() external {
        uint32 id = addValidator(0, 2);
        addNode(0, 0);
        validators.setMinimumStake(3 * STAKE);
        (,, uint256 withdrawable) = validators.stakeOf(id);
        vm.assertEq(withdrawable, 0);
        vm.prank(account(0));
        vm.expectPartialRevert(IValidators.StakeTooLow.selector);
        validators.withdraw(id, 1);
    }

    function test_parametersNeedTheRoleAndBounds() external {
        uint256 highest = validators.HIGHEST_MINIMUM_STAKE();
        vm.expectRevert(abi.encodeWithSelector(IValidators.MinimumStakeOutOfBounds.selector, highest + 1, highest));
        validators.setMinimumStake(highest + 1);
        vm.prank(account(5));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, account(5)));
        validators.setMinimumStake(1);
    }

    function test_onlyTheNodeRegistryBindsStake() external {
        uint32 id = addValidator(0, 1);
        vm.expectRevert(abi.encodeWithSelector(IValidators.OnlyNodes.selector, address(this)));
        validators.bindNode(id);
        vm.expectRevert(abi.encodeWithSelector(IValidators.OnlyNodes.selector, address(this)));
        validators.freeNode(id);
    }
}
