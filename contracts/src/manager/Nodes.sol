// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Bls} from "../keys/Bls.sol";
import {ICommittees} from "./interfaces/ICommittees.sol";
import {INodes} from "./interfaces/INodes.sol";
import {IValidators} from "./interfaces/IValidators.sol";

/// @notice Registry of nodes: keys, endpoints, states. See INodes.
contract Nodes is INodes {
    bytes32 private constant REGISTER_TAG = keccak256("tributary/v1/register");
    /// The longest host name is 253 bytes; with a port (and a scheme) it fits.
    uint256 private constant LONGEST_ADDRESS = 270;

    IValidators public immutable validators;
    ICommittees public immutable committees;

    uint32 public nodeCount;
    mapping(address nodeAddress => uint32 nodeId) public nodeIdOf;
    mapping(uint32 nodeId => Node) private _nodes;
    /// Keys serve one node, for ever: a key that returned could be confused with its past.
    mapping(bytes32 keyHash => uint32 nodeId) private _blsKeys;
    mapping(bytes32 transportKey => uint32 nodeId) private _transportKeys;

    constructor(IValidators validators_, ICommittees committees_) {
        validators = validators_;
        committees = committees_;
    }

    /// @inheritdoc INodes
    function register(
        Registration calldata registration,
        bytes calldata nodeSignature,
        bytes calldata proofOfPossession
    ) external returns (uint32 nodeId) {
        uint32 validatorId = validators.validatorOf(msg.sender);
        if (validatorId == 0) revert NotValidator(msg.sender);
        _checkAddresses(registration.endpoint, registration.rpc);
        nodeId = ++nodeCount;
        _claimKeys(nodeId, registration);
        _checkProofs(validatorId, registration, nodeSignature, proofOfPossession);
        _nodes[nodeId] = Node({
            validatorId: validatorId,
            state: State.Active,
            nodeAddress: registration.nodeAddress,
            transportKey: registration.transportKey,
            blsKey: registration.blsKey,
            endpoint: registration.endpoint,
            rpc: registration.rpc
        });
        _announce(nodeId, validatorId, registration);
        validators.bindNode(validatorId);
        committees.nodeRegistered(nodeId, validatorId);
    }

    /// @inheritdoc INodes
    function setEndpoint(uint32 nodeId, string calldata endpoint, string calldata rpc) external {
        Node storage node = _node(nodeId);
        if (node.state == State.Left) revert WrongState(nodeId, node.state);
        if (msg.sender != node.nodeAddress) _checkOwner(nodeId, node);
        _checkAddresses(endpoint, rpc);
        node.endpoint = endpoint;
        node.rpc = rpc;
        emit NodeEndpointChanged(nodeId, endpoint, rpc);
    }

    /// @inheritdoc INodes
    function exit(uint32 nodeId) external {
        Node storage node = _node(nodeId);
        _checkOwner(nodeId, node);
        if (node.state != State.Active) revert WrongState(nodeId, node.state);
        node.state = State.Exiting;
        emit NodeExiting(nodeId);
        committees.nodeExiting(nodeId);
    }

    /// @inheritdoc INodes
    function retire(uint32 nodeId) external {
        Node storage node = _node(nodeId);
        _checkOwner(nodeId, node);
        if (node.state != State.Exiting) revert WrongState(nodeId, node.state);
        if (!committees.isIdle(nodeId)) {
            (, uint256 used,) = committees.slotsOf(nodeId);
            revert StillBusy(nodeId, used);
        }
        node.state = State.Left;
        emit NodeLeft(nodeId);
        validators.freeNode(node.validatorId);
    }

    /// @inheritdoc INodes
    function registrationDigest(uint32 validatorId, Registration calldata registration) public view returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                REGISTER_TAG,
                block.chainid,
                address(this),
                validatorId,
                registration.nodeAddress,
                registration.transportKey,
                Bls.compressG1(registration.blsKey)
            )
        );
    }

    /// @inheritdoc INodes
    function nodeOf(uint32 nodeId) external view returns (Node memory) {
        return _node(nodeId);
    }

    /// @inheritdoc INodes
    function accountOf(uint32 nodeId) external view returns (address) {
        return _node(nodeId).nodeAddress;
    }

    /// @inheritdoc INodes
    function blsKeyOf(uint32 nodeId) external view returns (bytes memory) {
        return _node(nodeId).blsKey;
    }

    /// @inheritdoc INodes
    function validatorOf(uint32 nodeId) external view returns (uint32) {
        return _node(nodeId).validatorId;
    }

    /// @inheritdoc INodes
    function stateOf(uint32 nodeId) external view returns (State) {
        return _nodes[nodeId].state;
    }

    function _claimKeys(uint32 nodeId, Registration calldata registration) private {
        uint32 other = nodeIdOf[registration.nodeAddress];
        if (other != 0) revert NodeAddressUsed(registration.nodeAddress, other);
        nodeIdOf[registration.nodeAddress] = nodeId;

        if (registration.transportKey == 0) revert BadTransportKey();
        other = _transportKeys[registration.transportKey];
        if (other != 0) revert TransportKeyUsed(registration.transportKey, other);
        _transportKeys[registration.transportKey] = nodeId;

        bytes32 keyHash = keccak256(registration.blsKey);
        other = _blsKeys[keyHash];
        if (other != 0) revert BlsKeyUsed(registration.blsKey, other);
        _blsKeys[keyHash] = nodeId;
    }

    function _announce(uint32 nodeId, uint32 validatorId, Registration calldata registration) private {
        bytes memory compressed = Bls.compressG1(registration.blsKey);
        emit NodeRegistered(
            nodeId,
            validatorId,
            registration.nodeAddress,
            registration.endpoint,
            registration.rpc,
            registration.transportKey,
            compressed
        );
    }

    function _checkProofs(
        uint32 validatorId,
        Registration calldata registration,
        bytes calldata nodeSignature,
        bytes calldata proofOfPossession
    ) private view {
        // Before anything hashes its compressed form: only a proven key has one.
        if (!Bls.verifyPossession(registration.nodeAddress, registration.blsKey, proofOfPossession)) {
            revert BadProofOfPossession();
        }
        (address signer,,) = ECDSA.tryRecover(registrationDigest(validatorId, registration), nodeSignature);
        if (signer == address(0) || signer != registration.nodeAddress) revert BadNodeSignature(signer);
    }

    function _checkAddresses(string calldata endpoint, string calldata rpc) private pure {
        uint256 length = bytes(endpoint).length;
        if (length < 3 || length > LONGEST_ADDRESS) revert BadEndpoint(length);
        length = bytes(rpc).length;
        if (length < 8 || length > LONGEST_ADDRESS) revert BadRpc(length);
    }

    function _checkOwner(uint32 nodeId, Node storage node) private view {
        if (msg.sender != validators.ownerOf(node.validatorId)) revert NotNodeOwner(nodeId, msg.sender);
    }

    function _node(uint32 nodeId) private view returns (Node storage node) {
        node = _nodes[nodeId];
        if (node.state == State.None) revert UnknownNode(nodeId);
    }
}
