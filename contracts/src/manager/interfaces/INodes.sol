// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Registry of nodes: keys, endpoints, states. Node ids count from 1. A node has 128 slots, kept by ICommittees.
interface INodes {
    /// Active: may be selected. Exiting: keeps its seats and gets no new ones. Left: has none, its stake is free.
    enum State {
        None,
        Active,
        Exiting,
        Left
    }

    /// @param endpoint host:port of the peer port.
    /// @param rpc http(s)://host:port of the JSON-RPC, without a path.
    /// @param nodeAddress Account of the node's secp256k1 key; sends the node's transactions and signs its messages.
    /// @param transportKey SHA-256 of the transport key's SubjectPublicKeyInfo.
    /// @param blsKey Uncompressed G1, 128 bytes, as EIP-2537 takes it.
    struct Registration {
        string endpoint;
        string rpc;
        address nodeAddress;
        bytes32 transportKey;
        bytes blsKey;
    }

    struct Node {
        uint32 validatorId;
        State state;
        address nodeAddress;
        bytes32 transportKey;
        bytes blsKey;
        string endpoint;
        string rpc;
    }

    /// @param blsKey Compressed G1, 48 bytes.
    event NodeRegistered(
        uint32 indexed nodeId,
        uint32 indexed validatorId,
        address indexed nodeAddress,
        string endpoint,
        string rpc,
        bytes32 transportKey,
        bytes blsKey
    );
    event NodeEndpointChanged(uint32 indexed nodeId, string endpoint, string rpc);
    event NodeExiting(uint32 indexed nodeId);
    event NodeLeft(uint32 indexed nodeId);

    error UnknownNode(uint32 nodeId);
    error NotValidator(address caller);
    error NotNodeOwner(uint32 nodeId, address caller);
    error WrongState(uint32 nodeId, State state);
    error BadEndpoint(uint256 length);
    error BadRpc(uint256 length);
    error BadTransportKey();
    /// The signature is not by `nodeAddress` over `registrationDigest`.
    error BadNodeSignature(address recovered);
    error BadProofOfPossession();
    error NodeAddressUsed(address nodeAddress, uint32 nodeId);
    error BlsKeyUsed(bytes blsKey, uint32 nodeId);
    error TransportKeyUsed(bytes32 transportKey, uint32 nodeId);
    /// Seats are left, or the exit waits behind a selection.
    error StillBusy(uint32 nodeId, uint256 usedSlots);

    /// @notice Registers a node of the calling validator, whose free stake must cover it.
    /// @param nodeSignature 65 bytes r ‖ s ‖ v (27 or 28) by nodeAddress over `registrationDigest`.
    /// @param proofOfPossession Uncompressed G2, 256 bytes: the BLS key over Bls.possessionDigest(nodeAddress, key).
    function register(
        Registration calldata registration,
        bytes calldata nodeSignature,
        bytes calldata proofOfPossession
    ) external returns (uint32 nodeId);

    /// @notice By the validator or the node itself.
    function setEndpoint(uint32 nodeId, string calldata endpoint, string calldata rpc) external;

    /// @notice By the validator: no new seats from here on. Selections requested before may still seat the node.
    function exit(uint32 nodeId) external;

    /// @notice By the validator, once no seat is left: frees the stake.
    function retire(uint32 nodeId) external;

    /// @notice keccak256(keccak256("tributary/v1/register") ‖ u256 mainchain id ‖ address of this contract ‖
    /// u32 validatorId ‖ nodeAddress ‖ transportKey ‖ compressed BLS key): what the node's account signs.
    function registrationDigest(uint32 validatorId, Registration calldata registration) external view returns (bytes32);

    function nodeCount() external view returns (uint32);
    function nodeOf(uint32 nodeId) external view returns (Node memory);
    /// @notice Zero where no node has this account.
    function nodeIdOf(address nodeAddress) external view returns (uint32);
    function accountOf(uint32 nodeId) external view returns (address);
    /// @notice Uncompressed, 128 bytes; its proof of possession was checked.
    function blsKeyOf(uint32 nodeId) external view returns (bytes memory);
    function validatorOf(uint32 nodeId) external view returns (uint32);
    function stateOf(uint32 nodeId) external view returns (State);
}
