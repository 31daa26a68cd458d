// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Generates threshold keys among nodes: acceptance of seats with fresh encryption keys, dealings, complaints
/// judged here, READY. Bitmaps have seat 0 in bit 0; seats follow the order of the node ids.
interface IKeyGeneration {
    /// None: never begun. Failed and Done are final for an (era, epoch).
    enum Phase {
        None,
        Accepting,
        Dealing,
        Complaints,
        Done,
        Failed
    }

    /// @notice Seconds. `total` bounds the whole and grows with each reopening.
    struct Windows {
        uint32 accept;
        uint32 dealing;
        uint32 complaints;
        uint32 total;
    }

    /// @notice The chain's newest generation.
    struct Status {
        Phase phase;
        bytes32 group;
        uint32 era;
        uint32 epoch;
        uint32[] nodeIds;
        uint64 accepted;
        uint64 dealt;
        uint64 convicted;
        uint64 phaseUntil;
        uint64 deadline;
    }

    event KeyGenerationBegun(
        uint64 indexed chainId, bytes32 indexed group, uint32 era, uint32 epoch, uint32[] nodeIds, uint64 acceptUntil
    );
    /// @param key E_seat, compressed G1, 48 bytes; its proof of knowledge was checked.
    event SeatAccepted(uint64 indexed chainId, uint32 era, uint32 epoch, uint16 indexed seat, bytes key);
    /// @param accepted Seats with an encryption key; only they deal and get shares.
    event DealingOpened(uint64 indexed chainId, uint32 era, uint32 epoch, uint64 accepted, uint64 until);
    event Dealt(uint64 indexed chainId, uint32 era, uint32 epoch, uint16 indexed seat, bytes dealing);
    /// @param dealers Seats whose dealings count unless convicted. READY is possible after `complaintsUntil`, or at once
    /// when all members dealt and sign.
    event DealingClosed(uint64 indexed chainId, uint32 era, uint32 epoch, uint64 dealers, uint64 complaintsUntil);
    /// @notice Named, not punished: being late is no offence.
    event DealerAbsent(uint64 indexed chainId, uint32 era, uint32 epoch, uint16 indexed seat, uint32 indexed nodeId);
    event DealerConvicted(
        uint64 indexed chainId, uint32 era, uint32 epoch, uint16 indexed seat, uint32 indexed nodeId, Fault fault
    );
    /// @notice Fewer than q dealings are left: those who did not deal may, until `until`. Dealings posted stay.
    event DealingReopened(uint64 indexed chainId, uint32 era, uint32 epoch, uint64 dealers, uint64 until);
    /// @notice A blackboard for READY signatures, so that members need no other channel; nothing is checked here.
    event ReadyPosted(
        uint64 indexed chainId, uint32 era, uint32 epoch, uint16 indexed seat, bytes registered, bytes share
    );
    event KeyGenerated(
        uint64 indexed chainId,
        uint32 era,
        uint32 epoch,
        bytes groupKey,
        bytes32 keysHash,
        bytes32 committee,
        uint64 qualified,
        uint64 signers
    );
    event KeyGenerationFailed(uint64 indexed chainId, uint32 era, uint32 epoch, uint32[] culprits);

    enum Fault {
        Encoding,
        Proof,
        Share
    }

    error OnlyHost(address caller);
    error BadCommittee(uint256 members);
    /// Every (group, era, epoch) is generated once: a retry takes the next epoch, so that no secret serves two attempts.
    error SlotUsed(bytes32 group, uint32 era, uint32 epoch);
    error AlreadyRunning(uint64 chainId);
    error WrongPhase(uint64 chainId, Phase phase);
    error NotYet(uint64 until);
    error NotAMember(uint64 chainId, address caller);
    error AlreadyDone(uint16 seat);
    error BadProof();
    error BadDealing();
    error UnknownDealing(uint16 seat);
    /// The complaint proves nothing; costs its sender the gas.
    error NotGuilty(uint16 dealer);
    error TooFewSigners(uint256 signers, uint256 quorum);
    error BadSignature();

    /// @notice Starts a generation for (group, era, epoch); host only; one at a time for a chain.
    function begin(uint64 chainId, bytes32 group, uint32 era, uint32 epoch, uint32[] calldata nodeIds) external;

    /// @notice Ends a running generation without a call back (the chain was deleted); host only.
    function cancel(uint64 chainId) external;

    /// @notice The caller's node takes its seat. @param proof c ‖ z, 32 bytes each.
    function acceptSeat(uint64 chainId, bytes calldata encryptionKey, bytes calldata proof) external;

    /// @notice The dealing of the caller's seat: R (48) ‖ c ‖ z ‖ A_0..A_{q-1} (48 each) ‖ ct_0..ct_{N-1} (32 each).
    function deal(uint64 chainId, bytes calldata dealing) external;

    /// @notice Moves to the next phase when a window has passed. Anyone; reverts where there is nothing to do.
    function advance(uint64 chainId) external;

    /// @notice Convicts when point `index` of the dealing (0: R, k+1: A_k) is not on the curve or not in the subgroup.
    function complainEncoding(uint64 chainId, uint16 dealer, bytes calldata dealing, uint256 index) external;

    /// @notice Convicts when the dealer's proof of knowledge of rho fails.
    function complainProof(uint64 chainId, uint16 dealer, bytes calldata dealing) external;

    /// @notice Convicts when the caller's share does not lie on the dealer's polynomial.
    /// @param shared S = e_j R, compressed. @param challenge, response of the proof that S and E_j have the same e_j.
    function complainShare(
        uint64 chainId,
        uint16 dealer,
        bytes calldata dealing,
        bytes calldata shared,
        uint256 challenge,
        uint256 response
    ) external;

    /// @notice Publishes the caller's two READY signatures, compressed (96 bytes each), for whoever puts `ready` together.
    function postReady(uint64 chainId, bytes calldata registered, bytes calldata share) external;

    /// @notice The end: q registered BLS keys and the new key itself sign digest("ready", ..). Points uncompressed.
    function ready(
        uint64 chainId,
        bytes calldata groupKey128,
        bytes32 keysHash,
        uint64 signers,
        bytes calldata aggregate256,
        bytes calldata threshold256
    ) external;

    /// @notice Ends a generation that cannot finish: its total window has passed.
    function fail(uint64 chainId) external;

    function host() external view returns (address);
    function windows() external view returns (Windows memory);

    function statusOf(uint64 chainId) external view returns (Status memory);

    /// @notice Node ids by seat of the committee that generated a key in this group, era and epoch; empty where none did.
    /// Kept for ever: what members signed is judged by it.
    function committeeOf(bytes32 group, uint32 era, uint32 epoch)
        external
        view
        returns (uint64 chainId, uint32[] memory nodeIds);

    function encryptionKeyOf(uint64 chainId, uint16 seat) external view returns (bytes memory);
    function dealingHashOf(uint64 chainId, uint16 seat) external view returns (bytes32);

    /// @notice The newest generated key of the chain; empty before there is one.
    function keyOf(uint64 chainId)
        external
        view
        returns (uint32 era, uint32 epoch, bytes memory groupKey, bytes32 keysHash, bytes32 committee);
}
