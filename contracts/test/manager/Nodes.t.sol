// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {G1} from "../../src/keys/G1.sol";
import {INodes} from "../../src/manager/interfaces/INodes.sol";
import {IValidators} from "../../src/manager/interfaces/IValidators.sol";
import {ManagerTest} from "./ManagerTest.sol";

contract NodesTest is ManagerTest {
    function test_registersANodeWithItsProofs() external {
        uint32 validatorId = addValidator(0, 1);
        INodes.Registration memory node = registration(7);
        bytes memory signature = signatureOf(7, validatorId);
        bytes memory proof = proofOf(7);
        vm.expectEmit(address(nodes));
        emit INodes.NodeRegistered(
            1, validatorId, node.nodeAddress, node.endpoint, node.rpc, node.transportKey, G1.compress(node.blsKey)
        );
        vm.prank(account(0));
        uint32 id = nodes.register(node, signature, proof);
        vm.assertEq(nodes.accountOf(id), node.nodeAddress);
        vm.assertEq(nodes.blsKeyOf(id), node.blsKey);
        vm.assertEq(uint256(nodes.nodeIdOf(node.nodeAddress)), id);
        (bool available, uint256 used, uint256 free) = committees.slotsOf(id);
        vm.assertTrue(available && used == 0 && free == 128);
    }

    function test_refusesAnotherAccountsSignature() external {
        uint32 validatorId = addValidator(0, 1);
        INodes.Registration memory node = registration(1);
        bytes memory proof = proofOf(1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(nodeKey(2), nodes.registrationDigest(validatorId, node));
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(INodes.BadNodeSignature.selector, vm.addr(nodeKey(2))));
        nodes.register(node, abi.encodePacked(r, s, v), proof);
    }

    /// A signature given for one validator serves no other.
    function test_refusesASignatureForAnotherValidator() external {
        addValidator(0, 1);
        uint32 other = addValidator(1, 1);
        bytes memory signature = signatureOf(1, other);
        INodes.Registration memory node = registration(1);
        bytes memory proof = proofOf(1);
        vm.prank(account(0));
        vm.expectPartialRevert(INodes.BadNodeSignature.selector);
        nodes.register(node, signature, proof);
    }

    /// The rogue key attack: somebody else's key with somebody else's proof.
    function test_refusesAProofForAnotherAccount() external {
        uint32 validatorId = addValidator(0, 1);
        INodes.Registration memory node = registration(1);
        node.blsKey = registration(2).blsKey;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(nodeKey(1), nodes.registrationDigest(validatorId, node));
        bytes memory proof = proofOf(2);
        vm.prank(account(0));
        vm.expectRevert(INodes.BadProofOfPossession.selector);
        nodes.register(node, abi.encodePacked(r, s, v), proof);
    }

    function test_refusesMalformedKeys() external {
        uint32 validatorId = addValidator(0, 1);
        INodes.Registration memory node = registration(1);
        bytes memory proof = proofOf(1);
        bytes memory signature = signatureOf(1, validatorId);
        node.blsKey = new bytes(128);
        vm.prank(account(0));
        vm.expectRevert(INodes.BadProofOfPossession.selector);
        nodes.register(node, signature, proof);
        node.blsKey = new bytes(48);
        vm.prank(account(0));
        vm.expectRevert(INodes.BadProofOfPossession.selector);
        nodes.register(node, signature, proof);
    }

    function test_keysServeOneNode() external {
        addValidator(0, 3);
        addNode(0, 1);
        uint32 validatorId = validators.validatorOf(account(0));
        bytes memory proof = proofOf(1);
        bytes memory signature = signatureOf(1, validatorId);
        INodes.Registration memory node = registration(1);
        vm.startPrank(account(0));
        vm.expectRevert(abi.encodeWithSelector(INodes.NodeAddressUsed.selector, node.nodeAddress, uint32(1)));
        nodes.register(node, signature, proof);
        node.nodeAddress = vm.addr(nodeKey(2));
        vm.expectRevert(abi.encodeWithSelector(INodes.TransportKeyUsed.selector, node.transportKey, uint32(1)));
        nodes.register(node, signature, proof);
        node.transportKey = keccak256("other");
        vm.expectRevert(abi.encodeWithSelector(INodes.BlsKeyUsed.selector, node.blsKey, uint32(1)));
        nodes.register(node, signature, proof);
        node.transportKey = 0;
        vm.expectRevert(INodes.BadTransportKey.selector);
        nodes.register(node, signature, proof);
        vm.stopPrank();
    }

    function test_needsAValidatorWithStake() external {
        INodes.Registration memory node = registration(1);
        bytes memory signature = signatureOf(1, 1);
        bytes memory proof = proofOf(1);
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(INodes.NotValidator.selector, account(0)));
        nodes.register(node, signature, proof);
        uint32 id = addValidator(0, 1);
        addNode(0, 0);
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IValidators.StakeTooLow.selector, id, STAKE, 2 * STAKE));
        nodes.register(node, signature, proof);
    }

    function test_addressesAreBounded() external {
        addValidator(0, 1);
        INodes.Registration memory node = registration(1);
        node.endpoint = "";
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(INodes.BadEndpoint.selector, 0));
        nodes.register(node, "", "");
        node.endpoint = "host:1";
        node.rpc = string(new bytes(271));
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(INodes.BadRpc.selector, 271));
        nodes.register(node, "", "");
    }

    function test_validatorAndNodeMoveTheEndpoint() external {
        addNodes(1);
        vm.expectEmit(address(nodes));
        emit INodes.NodeEndpointChanged(1, "a.example:1", "https://a.example:2");
        vm.prank(account(0));
        nodes.setEndpoint(1, "a.example:1", "https://a.example:2");
        vm.prank(vm.addr(nodeKey(0)));
        nodes.setEndpoint(1, "b.example:1", "https://b.example:2");
        vm.assertEq(nodes.nodeOf(1).endpoint, "b.example:1");
        vm.prank(account(1));
        vm.expectRevert(abi.encodeWithSelector(INodes.NotNodeOwner.selector, uint32(1), account(1)));
        nodes.setEndpoint(1, "c.example:1", "https://c.example:2");
    }

    function test_anExitingNodeKeepsItsSeatsAndItsStakeUntilTheyEnd() external {
        addNodes(4);
        uint64 chainId = createRunning("four", 4);
        vm.startPrank(account(0));
        nodes.exit(1);
        vm.expectRevert(abi.encodeWithSelector(INodes.StillBusy.selector, uint32(1), 1));
        nodes.retire(1);
        vm.expectPartialRevert(IValidators.StakeTooLow.selector);
        validators.withdraw(1, STAKE);
        vm.stopPrank();
        vm.assertEq(committees.nodesWith(1), 3);
        chains.deleteChain(chainId);
        vm.startPrank(account(0));
        nodes.retire(1);
        validators.withdraw(1, STAKE);
        vm.expectPartialRevert(INodes.WrongState.selector);
        nodes.exit(1);
        vm.expectPartialRevert(INodes.WrongState.selector);
        nodes.setEndpoint(1, "a.example:1", "https://a.example:2");
        vm.stopPrank();
    }

    function test_onlyTheOwnerEndsANode() external {
        addNodes(2);
        vm.startPrank(account(1));
        vm.expectRevert(abi.encodeWithSelector(INodes.NotNodeOwner.selector, uint32(1), account(1)));
        nodes.exit(1);
        vm.expectRevert(abi.encodeWithSelector(INodes.NotNodeOwner.selector, uint32(1), account(1)));
        nodes.retire(1);
        vm.expectRevert(abi.encodeWithSelector(INodes.UnknownNode.selector, uint32(3)));
        nodes.exit(3);
        vm.stopPrank();
    }
}
