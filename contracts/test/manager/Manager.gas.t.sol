// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Committees} from "../../src/manager/Committees.sol";
import {IChains} from "../../src/manager/interfaces/IChains.sol";
import {INodes} from "../../src/manager/interfaces/INodes.sol";
import {IRotations} from "../../src/manager/interfaces/IRotations.sol";
import {Headers} from "../lib/Headers.sol";
import {Test} from "../lib/Test.sol";
import {ManagerTest} from "./ManagerTest.sol";

/// Deterministic calls of the whole manager for the gas snapshot.
contract ManagerGasTest is ManagerTest {
    bytes private _order;
    INodes.Registration private _node;
    bytes private _signature;
    bytes private _proof;
    uint64 private _requested;
    uint64 private _running;
    bytes private _header;

    function setUp() public override {
        super.setUp();
        addNodes(16);
        uint32 validatorId = addValidator(90, 1);
        _node = registration(90);
        _signature = signatureOf(90, validatorId);
        _proof = proofOf(90);
        _running = createRunning("running", 16);
        _requested = create("requested", 16);
        _header = passSeedBlock("the seed");
        _order = abi.encodeCall(IChains.createChain, (creation("ordered", 16), type(uint256).max));
        token.mint(address(this), 1000e18);
        token.approve(address(chains), type(uint256).max);
    }

    function test_gasOfRegisteringANode() external {
        vm.prank(account(90));
        nodes.register(_node, _signature, _proof);
    }

    function test_gasOfCreatingAChain() external {
        (bool done,) = address(chains).call(_order);
        vm.assertTrue(done);
    }

    function test_gasOfSelecting16Of16AndBeginningKeyGeneration() external {
        committees.select(_requested, _header);
    }

    function test_gasOfDeletingAChainOf16() external {
        committees.select(_requested, _header);
        chains.deleteChain(_running);
    }
}

/// A rotation of one seat of sixteen.
contract RotationGasTest is ManagerTest {
    uint64 private _chain;
    uint32[] private _leaving;
    bytes private _header;
    uint256 private _rotating;

    function setUp() public override {
        super.setUp();
        addNodes(20);
        _chain = createRunning("running", 16);
        uint32[] memory members = committees.committeeOf(_chain);
        uint32[] memory leaving = new uint32[](2);
        (leaving[0], leaving[1]) = (members[3], members[9]);
        _leaving = leaving;
        for (uint256 i = 0; i < 2; i++) {
            vm.prank(validators.ownerOf(nodes.validatorOf(leaving[i])));
            nodes.exit(leaving[i]);
        }
        rotations.requestExit(_chain, leaving);
        _header = passSeedBlock("the seed");
    }

    function test_gasOfSelecting2Of16AndBeginningTheirRotation() external {
        committees.select(_chain, _header);
        vm.assertTrue(resharing.running(_chain));
    }
}

/// The committees contract alone, with this contract as registry of nodes and of chains: how selection grows.
contract SelectionGasTest is Test {
    uint256 private constant NODES = 1000;

    Committees private _committees;
    bytes private _header;
    uint32[] private _selected;

    function setUp() external {
        vm.roll(1000);
        _committees = new Committees(address(this), address(this), IChains(address(this)), IRotations(address(this)), 2);
        // Three nodes a validator.
        for (uint32 i = 0; i < NODES; i++) {
            _committees.nodeRegistered(i + 1, i / 3 + 1);
        }
        _committees.request(1, 1, 16);
        vm.roll(1003);
        _header = Headers.record(1002, "the seed");
    }

    function committeeSelected(uint64, uint32[] calldata nodeIds) external {
        _selected = nodeIds;
    }

    function test_gasOfSelecting16Of1000() external {
        _committees.select(1, _header);
        vm.assertEq(_selected.length, 16);
    }

    function test_gasOfReleasing16Of1000() external {
        _committees.select(1, _header);
        _committees.release(1);
    }
}
