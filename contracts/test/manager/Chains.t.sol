// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {G1} from "../../src/keys/G1.sol";
import {IKeyGeneration} from "../../src/keys/interfaces/IKeyGeneration.sol";
import {IChains} from "../../src/manager/interfaces/IChains.sol";
import {ICommittees} from "../../src/manager/interfaces/ICommittees.sol";
import {IEras} from "../../src/manager/interfaces/IEras.sol";
import {BlsSigner} from "../lib/BlsSigner.sol";
import {ManagerTest} from "./ManagerTest.sol";

contract ChainsTest is ManagerTest {
    uint256 private constant RENT = 4 * 6 * PRICE;

    function setUp() public override {
        super.setUp();
        addNodes(4);
    }

    function test_idGroupAndEventFollowFromTheCreation() external {
        IChains.Creation memory order = creation("my-chain", 4);
        order.allocation = new IChains.Allocation[](1);
        order.allocation[0] = IChains.Allocation({account: account(3), balance: 5 ether});
        bytes32 hash = keccak256(abi.encode("tributary/chain", block.chainid, address(chains), uint256(1), order.name));
        uint64 id = uint64((1 << 32) + uint256(hash) % (4_503_599_627_370_476 - (1 << 32)));
        bytes32 group =
            keccak256(abi.encode("tributary/group", block.chainid, address(chains), uint256(id), uint256(1)));
        token.mint(address(this), RENT);
        token.approve(address(chains), RENT);
        vm.expectEmit(address(chains));
        emit IChains.ChainRequested(id, address(this), group, 1, uint64(vm.getBlockTimestamp()), 1, RENT, order);
        vm.assertEq(uint256(chains.createChain(order, RENT)), id);
        vm.assertEq(uint256(chains.chainAt(1)), id);
        assertState(id, IChains.State.Requested);
        vm.assertEq(uint256(committees.nextRequest().seedBlock), vm.getBlockNumber() + DELAY);
        vm.assertEq(token.balanceOf(address(chains)), RENT);
        vm.assertEq(chains.totalEscrow(), RENT);
    }

    function testFuzz_idsFitWallets(string memory name, uint8 count) external {
        bytes memory text = bytes(name);
        vm.assume(text.length > 0);
        bytes memory clean = new bytes(text.length > 32 ? 32 : text.length);
        for (uint256 i = 0; i < clean.length; i++) {
            clean[i] = bytes1(uint8(97 + uint8(text[i]) % 26));
        }
        for (uint256 i = 0; i < bound(count, 1, 3); i++) {
            uint64 id = create(string(clean), 4);
            vm.assertTrue(id >= 1 << 32 && id < 4_503_599_627_370_476);
        }
    }

    function test_badOrdersAreRefused() external {
        IChains.Creation memory order = creation("", 4);
        _refused(order, abi.encodeWithSelector(IChains.BadName.selector, ""));
        order.name = "Upper";
        _refused(order, abi.encodeWithSelector(IChains.BadName.selector, "Upper"));
        order.name = "a-name-of-thirty-three-characters";
        _refused(order, abi.encodeWithSelector(IChains.BadName.selector, order.name));
        order = creation("fine", 4);
        order.owner = address(0);
        _refused(order, abi.encodeWithSelector(IChains.BadOwner.selector));
        order = creation("fine", 0);
        _refused(order, abi.encodeWithSelector(IChains.BadMembers.selector, 0, 1, 64));
        order.members = 65;
        _refused(order, abi.encodeWithSelector(IChains.BadMembers.selector, 65, 1, 64));
        order.members = 5;
        _refused(order, abi.encodeWithSelector(ICommittees.NotEnoughNodes.selector, 4, 5));
        order = creation("fine", 4);
        order.months = 0;
        _refused(order, abi.encodeWithSelector(IChains.BadMonths.selector, 0, 24));
        order.months = 25;
        _refused(order, abi.encodeWithSelector(IChains.BadMonths.selector, 25, 24));
        order = creation("fine", 4);
        order.gasLimit = 999_999;
        _refused(order, abi.encodeWithSelector(IChains.BadGasLimit.selector, 999_999, 1_000_000, 1_000_000_000));
        order = creation("fine", 4);
        order.byteLimit = 1;
        _refused(order, abi.encodeWithSelector(IChains.BadByteLimit.selector, 1, 128 * 1024, 32 * 1024 * 1024));
        order = creation("fine", 4);
        order.allocation = new IChains.Allocation[](65);
        _refused(order, abi.encodeWithSelector(IChains.AllocationTooLong.selector, 65, 64));
    }

    function test_allocationsNeedADevelopmentNetwork() external {
        deployManager(false);
        addNodes(4);
        IChains.Creation memory order = creation("fine", 4);
        order.allocation = new IChains.Allocation[](1);
        _refused(order, abi.encodeWithSelector(IChains.AllocationNotAllowed.selector));
    }

    function test_theRentHasACeilingOfThePayers() external {
        IChains.Creation memory order = creation("dear", 4);
        token.mint(address(this), RENT);
        token.approve(address(chains), RENT);
        vm.expectRevert(abi.encodeWithSelector(IChains.RentTooHigh.selector, RENT, RENT - 1));
        chains.createChain(order, RENT - 1);
    }

    function test_aPermitPays() external {
        uint256 key = 0xFEE;
        address payer = vm.addr(key);
        token.mint(payer, RENT);
        bytes32 permit = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                payer,
                address(chains),
                RENT,
                0,
                vm.getBlockTimestamp()
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), permit)));
        IChains.Creation memory order = creation("permitted", 4);
        uint256 deadline = vm.getBlockTimestamp();
        vm.prank(payer);
        uint64 id = chains.createChainWithPermit(order, RENT, deadline, v, r, s);
        assertState(id, IChains.State.Requested);
        vm.assertEq(token.balanceOf(payer), 0);
    }

    function test_aChainRunsThroughItsStates() external {
        uint64 id = create("whole-life", 4);
        bytes memory header = passSeedBlock("seed");
        committees.select(id, header);
        assertState(id, IChains.State.Keygen);
        IKeyGeneration.Status memory status = keyGeneration.statusOf(id);
        vm.assertEq(abi.encode(status.nodeIds), abi.encode(committees.committeeOf(id)), "seats of key generation");
        vm.assertTrue(status.group == chains.chainOf(id).group && status.era == 1 && status.epoch == 1);

        generateKey(id);
        assertState(id, IChains.State.Running);
        IChains.Chain memory chain = chains.chainOf(id);
        vm.assertEq(uint256(chain.end), vm.getBlockTimestamp() + 6 * MONTH);
        (bytes memory key, uint64 first, uint64 last) = eras.eraKey(id, 1);
        vm.assertEq(key, G1.compress(BlsSigner.publicKey(uint256(id))));
        vm.assertTrue(first == 1 && last == 0);
        vm.assertEq(uint256(eras.eraAt(id, 1_000_000).era), 1);
        vm.expectRevert(abi.encodeWithSelector(IEras.UncoveredHeight.selector, id, uint64(0)));
        eras.eraAt(id, 0);

        chains.setPaused(id, true);
        assertState(id, IChains.State.Paused);
        vm.expectRevert(abi.encodeWithSelector(IChains.WrongState.selector, id, IChains.State.Paused));
        chains.setPaused(id, true);
        chains.setPaused(id, false);
        assertState(id, IChains.State.Running);

        vm.warp(chain.end + GRACE);
        vm.expectRevert(abi.encodeWithSelector(IChains.NotExpired.selector, id, chain.end + GRACE));
        chains.expire(id);
        vm.warp(chain.end + GRACE + 1);
        vm.prank(account(9));
        chains.expire(id);
        assertState(id, IChains.State.Expired);
        vm.assertEq(token.balanceOf(address(pool)), RENT);
        vm.assertEq(token.balanceOf(address(chains)), 0);
        vm.assertEq(committees.freeSlots(1), 4 * 128);
    }

    function test_rentStreamsByTheMonth() external {
        uint64 id = createRunning("streams", 4);
        vm.warp(vm.getBlockTimestamp() + MONTH - 1);
        vm.assertEq(chains.collect(id), 0);
        vm.warp(vm.getBlockTimestamp() + 1);
        vm.assertEq(chains.collect(id), 4 * PRICE);
        vm.assertEq(chains.collect(id), 0);
        vm.assertEq(token.balanceOf(address(pool)), 4 * PRICE);
        pool.pay(account(1), 4 * PRICE);
        vm.assertEq(token.balanceOf(account(1)), 4 * PRICE);
    }

    function test_deletionRefundsMonthsThatHaveNotBegun() external {
        uint64 id = createRunning("short", 4);
        vm.warp(vm.getBlockTimestamp() + 2 * MONTH + 1);
        vm.prank(account(1));
        vm.expectRevert(abi.encodeWithSelector(IChains.NotOwner.selector, id, account(1)));
        chains.deleteChain(id);
        vm.expectEmit(address(chains));
        emit IChains.ChainDeleted(id, 3 * 4 * PRICE);
        chains.deleteChain(id);
        assertState(id, IChains.State.Deleted);
        vm.assertEq(token.balanceOf(address(this)), 3 * 4 * PRICE);
        vm.assertEq(token.balanceOf(address(pool)), 3 * 4 * PRICE);
        vm.assertEq(committees.committeeOf(id).length, 0);
        vm.assertEq(committees.freeSlots(1), 4 * 128);
        vm.expectRevert(abi.encodeWithSelector(IChains.WrongState.selector, id, IChains.State.Deleted));
        chains.deleteChain(id);
    }

    /// Throwing away a committee costs a month, so that nobody asks until a pleasing one comes.
    function test_deletionBeforeTheStartKeepsAMonth() external {
        uint64 id = create("choosy", 4);
        vm.expectRevert(abi.encodeWithSelector(IChains.WrongState.selector, id, IChains.State.Requested));
        chains.deleteChain(id);
        select(id, "seed");
        chains.deleteChain(id);
        vm.assertEq(token.balanceOf(address(this)), 5 * 4 * PRICE);
        vm.assertEq(token.balanceOf(address(pool)), 4 * PRICE);
        vm.assertEq(uint256(keyGeneration.statusOf(id).phase), uint256(IKeyGeneration.Phase.Failed));
    }

    function test_aFailedKeyGenerationRefundsEverything() external {
        uint64 id = create("keyless", 4);
        select(id, "seed");
        vm.warp(vm.getBlockTimestamp() + 2 days);
        keyGeneration.fail(id);
        assertState(id, IChains.State.Failed);
        vm.assertEq(token.balanceOf(address(this)), RENT);
        vm.assertEq(committees.freeSlots(1), 4 * 128);
    }

    /// Enough nodes, but too few validators for the seat cap: seen only when selection is over.
    function test_noCommitteeRefundsEverything() external {
        vm.prank(account(0));
        nodes.exit(1);
        stake(account(1), validators.validatorOf(account(1)), STAKE);
        addNode(1, 50);
        uint64 id = create("lonely", 4);
        bytes memory header = passSeedBlock("seed");
        vm.expectEmit(address(committees));
        emit ICommittees.CommitteeUnavailable(id, 3, 4, 1);
        committees.select(id, header);
        assertState(id, IChains.State.Failed);
        vm.assertEq(token.balanceOf(address(this)), RENT);
        vm.assertEq(committees.freeSlots(1), 4 * 128);
    }

    function test_extensionsBuyAtThePresentPrice() external {
        uint64 id = createRunning("longer", 4);
        uint64 end = chains.chainOf(id).end;
        chains.setParameters(IChains.Parameters({price: 2 * PRICE, grace: GRACE, minimumMembers: 1, maximumMonths: 24}));
        token.mint(account(1), 1000e18);
        vm.startPrank(account(1));
        token.approve(address(chains), 1000e18);
        vm.expectRevert(abi.encodeWithSelector(IChains.BadMonths.selector, 19, 18));
        chains.extend(id, 19, type(uint256).max);
        chains.extend(id, 3, type(uint256).max);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(account(1)), 1000e18 - 3 * 4 * 2 * PRICE);
        vm.assertEq(uint256(chains.chainOf(id).end), end + 3 * MONTH);
        vm.warp(end + 3 * MONTH + GRACE);
        token.mint(address(this), 8 * PRICE);
        token.approve(address(chains), 8 * PRICE);
        chains.extend(id, 1, 8 * PRICE);
        vm.assertEq(uint256(chains.chainOf(id).end), end + 4 * MONTH);
        vm.warp(end + 4 * MONTH + GRACE + 1);
        vm.expectRevert(abi.encodeWithSelector(IChains.PaidTimeOver.selector, id, end + uint64(4 * MONTH) + GRACE));
        chains.extend(id, 1, 8 * PRICE);
        chains.expire(id);
        vm.assertEq(token.balanceOf(address(pool)), RENT + 4 * 8 * PRICE);
    }

    function test_aLoweredMaximumOfMonthsLeavesNoRoom() external {
        uint64 id = createRunning("prepaid", 4);
        chains.setParameters(IChains.Parameters({price: PRICE, grace: GRACE, minimumMembers: 1, maximumMonths: 3}));
        vm.expectRevert(abi.encodeWithSelector(IChains.BadMonths.selector, 1, 0));
        chains.extend(id, 1, type(uint256).max);
    }

    function test_onlyTheRightContractsMoveAChain() external {
        uint64 id = create("guarded", 4);
        vm.expectRevert(abi.encodeWithSelector(IChains.OnlyCommittees.selector, address(this)));
        chains.committeeSelected(id, new uint32[](0));
        vm.expectRevert(abi.encodeWithSelector(IChains.OnlyCommittees.selector, address(this)));
        chains.committeeUnavailable(id);
        vm.expectRevert(abi.encodeWithSelector(IChains.OnlyKeyGeneration.selector, address(this)));
        chains.keyGenerated(id, 1, 1, new bytes(48), 0);
        vm.expectRevert(abi.encodeWithSelector(IChains.OnlyKeyGeneration.selector, address(this)));
        chains.keyGenerationFailed(id, new uint32[](0));
        vm.expectRevert(abi.encodeWithSelector(ICommittees.OnlyChains.selector, address(this)));
        committees.request(id, 1, 4);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.OnlyChains.selector, address(this)));
        committees.release(id);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.OnlyNodes.selector, address(this)));
        committees.nodeRegistered(9, 9);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.OnlyNodes.selector, address(this)));
        committees.nodeExiting(1);
        vm.expectRevert(abi.encodeWithSelector(IEras.NotAllowed.selector, address(this), uint32(1)));
        eras.open(id, 0, 1, 1, new bytes(48));
        vm.startPrank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, account(0)));
        chains.setPaused(id, true);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, account(0)));
        pool.pay(account(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, account(0)));
        token.mint(account(0), 1);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IChains.UnknownChain.selector, uint64(1)));
        chains.chainOf(1);
    }

    function test_parametersAreBounded() external {
        IChains.Parameters memory value = chains.parameters();
        value.minimumMembers = 65;
        vm.expectRevert(abi.encodeWithSelector(IChains.ParametersOutOfBounds.selector, value));
        chains.setParameters(value);
        value = chains.parameters();
        value.grace = 366 days;
        vm.expectRevert(abi.encodeWithSelector(IChains.ParametersOutOfBounds.selector, value));
        chains.setParameters(value);
        vm.expectRevert(abi.encodeWithSelector(ICommittees.SelectionDelayOutOfBounds.selector, 1, 2, 256));
        committees.setSelectionDelay(1);
    }

    /// A selection that leaves too little gas for key generation must fail as a whole: estimates look for the least gas
    /// that succeeds.
    function test_aSelectionWithTooLittleGasForKeyGenerationFails() external {
        uint64 id = create("starved", 4);
        bytes memory header = passSeedBlock("seed");
        for (uint256 gas = 300_000; gas < 1_500_000; gas += 50_000) {
            (bool done,) = address(committees).call{gas: gas}(abi.encodeCall(committees.select, (id, header)));
            if (!done) continue;
            assertState(id, IChains.State.Keygen);
            return;
        }
        vm.assertTrue(false, "no amount of gas was enough");
    }

    /// The gas that a selection keeps for key generation is enough for the smallest and the largest committee.
    function test_theReservedGasCoversKeyGeneration() external {
        uint32[] memory nodeIds = new uint32[](64);
        for (uint256 i = 0; i < 64; i++) {
            if (i >= 4) {
                addValidator(i, 1);
                addNode(i, i);
            }
            nodeIds[i] = uint32(i + 1);
        }
        uint32[] memory one = new uint32[](1);
        one[0] = 1;
        vm.assertLt(_gasOfBeginning(1, one), 300_000 + 60_000);
        vm.assertLt(_gasOfBeginning(2, nodeIds), 300_000 + 64 * 60_000);
    }

    function _gasOfBeginning(uint64 id, uint32[] memory nodeIds) private returns (uint256 used) {
        vm.prank(address(chains));
        used = gasleft();
        keyGeneration.begin(id, bytes32(uint256(id)), 1, 1, nodeIds);
        used -= gasleft();
    }

    function _refused(IChains.Creation memory order, bytes memory reason) private {
        token.mint(address(this), 1000e18);
        token.approve(address(chains), type(uint256).max);
        vm.expectRevert(reason);
        chains.createChain(order, type(uint256).max);
    }
}
