// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Hands a group key on to the next committee: its members accept their seats with fresh encryption keys, the old
/// members deal their shares to them, dealings are judged here, READY by the new members ends it. The group key
/// stays, all shares change. Bitmaps have seat 0 in bit 0; dealers are seats of the old committee, all others seats of
/// the new one. The old committee goes on unless and until READY.
interface IResharing {
    /// None: never begun. Failed and Done are final for an (era, epoch).
    enum Phase {
        None,
        Accepting,
        Dealing,
        Complaints,
        Done,
        Failed
    }

    enum Fault {
        Encoding,
        Proof,
        Share,
        Constant
    }

    /// @notice Seconds. `total` bounds the whole and grows with each reopening.
    struct Windows {
        uint32 accept;
        uint32 dealing;
        uint32 complaints;
        uint32 total;
    }

    /// @param groupKey Compressed, 48 bytes: the era's. @param keysHash Of the old committee's share keys.
    struct Terms {
        bytes32 group;
        uint32 era;
        uint32 fromEpoch;
        uint32 epoch;
        bytes groupKey;
        bytes32 keysHash;
        uint32[] oldNodeIds;
        uint32[] nodeIds;
    }

    /// @notice The chain's newest resharing.
    struct Status {
        Phase phase;
        bytes32 group;
        uint32 era;
        uint32 fromEpoch;
        uint32 epoch;
        uint32[] oldNodeIds;
        uint32[] nodeIds;
        uint64 accepted;
        uint64 dealt;
        uint64 convicted;
        uint64 phaseUntil;
        uint64 deadline;
    }

    event ResharingBegun(
        uint64 indexed chainId,
        bytes32 indexed group,
        uint32 era,
        uint32 fromEpoch,
        uint32 epoch,
        uint32[] oldNodeIds,
        uint32[] nodeIds,
        uint64 acceptUntil
    );
    /// @param key E_seat, compressed G1, 48 bytes; its proof of knowledge was checked.
    event NewSeatAccepted(uint64 indexed chainId, uint32 era, uint32 epoch, uint16 indexed seat, bytes key);
    /// @param accepted New seats with an encryption key; only they get shares.
    event ResharingOpened(uint64 indexed chainId, uint32 era, uint32 epoch, uint64 accepted, uint64 until);
    event ShareDealt(uint64 indexed chainId, uint32 era, uint32 epoch, uint16 indexed dealer, bytes dealing);
    /// @param dealers Old seats whose dealings count unless convicted; the q lowest of them are used. READY is possible after
    /// `complaintsUntil`, or at once when every new member signs: then nobody is left to complain.
    event ResharingClosed(uint64 indexed chainId, uint32 era, uint32 epoch, uint64 dealers, uint64 complaintsUntil);
    /// @notice Named, not punished: being late is no offence.
    event ShareDealerAbsent(uint64 indexed chainId, uint32 era, uint32 epoch, uint16 indexed dealer, uint32 nodeId);
    event ShareDealerConvicted(
        uint64 indexed chainId, uint32 era, uint32 epoch, uint16 indexed dealer, uint32 indexed nodeId, Fault fault
    );
    /// @notice Fewer than q dealings are left: those who did not deal may, until `until`. Dealings posted stay.
    event ResharingReopened(uint64 indexed chainId, uint32 era, uint32 epoch, uint64 dealers, uint64 until);
    /// @param committee keccak256(u16 N ‖ u32 node ids by seat ‖ keysHash).
    event KeyReshared(
        uint64 indexed chainId,
        uint32 era,
        uint32 epoch,
        bytes groupKey,
        bytes32 keysHash,
        bytes32 committee,
        uint64 qualified,
        uint64 signers
    );
    event ResharingFailed(uint64 indexed chainId, uint32 era, uint32 epoch, uint32[] culprits);

    error OnlyHost(address caller);
    error BadWindows();
    error BadCommittee(uint256 members);
    error BadEpoch(uint32 fromEpoch, uint32 epoch);
    /// Every (group, era, epoch) is reshared once: a retry takes the next epoch, so that no secret serves two attempts.
    error SlotUsed(bytes32 group, uint32 era, uint32 epoch);
    error AlreadyRunning(uint64 chainId);
    error WrongPhase(uint64 chainId, Phase phase);
    error NotYet(uint64 until);
    error NotAMember(uint64 chainId, address caller);
    error AlreadyDone(uint16 seat);
    error BadProof();
    error BadDealing();
    error UnknownDealing(uint16 seat);
    /// Not the share keys of the old committee.
    error WrongKeys();
    /// Another group key than the era's.
    error WrongGroupKey();
    /// The complaint proves nothing; costs its sender the gas.
    error NotGuilty(uint16 dealer);
    error TooFewSigners(uint256 signers, uint256 quorum);
    error BadSignature();

    /// @notice Starts the resharing of `terms.epoch`; host only; one at a time for a chain.
    function begin(uint64 chainId, Terms calldata terms) external;

    /// @notice Ends a running resharing without a call back (the chain ended); host only.
    function cancel(uint64 chainId) external;

    /// @notice The caller's node takes its new seat. @param proof c ‖ z, 32 bytes each.
    function acceptSeat(uint64 chainId, bytes calldata encryptionKey, bytes calldata proof) external;

    /// @notice The old share of the caller's seat, dealt to the new seats, encoded as in key generation with A_0 = Y_seat.
    function deal(uint64 chainId, bytes calldata dealing) external;

    /// @notice Moves to the next phase when a window has passed; ends a resharing whose new members did not accept in
    /// time. Anyone; reverts where there is nothing to do.
    function advance(uint64 chainId) external;

    /// @notice Convicts when point `index` of the dealing (0: R, k+1: A_k) is not on the curve or not in the subgroup.
    function complainEncoding(uint64 chainId, uint16 dealer, bytes calldata dealing, uint256 index) external;

    /// @notice Convicts when the dealer's proof of knowledge of rho fails.
    function complainProof(uint64 chainId, uint16 dealer, bytes calldata dealing) external;

    /// @notice Convicts when A_0 is not the dealer's old share key. @param shareKeys All of the old committee, 48 bytes each.
    function complainConstant(uint64 chainId, uint16 dealer, bytes calldata dealing, bytes calldata shareKeys) external;

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

    /// @notice The end: q registered BLS keys of the new members, and the group key by their new shares, sign
    /// digest("ready", ..). Points uncompressed.
    function ready(
        uint64 chainId,
        bytes calldata groupKey128,
        bytes32 keysHash,
        uint64 signers,
        bytes calldata aggregate256,
        bytes calldata threshold256
    ) external;

    /// @notice Ends a resharing that cannot finish: its total window has passed.
    function fail(uint64 chainId) external;

    function host() external view returns (address);
    function windows() external view returns (Windows memory);
    function statusOf(uint64 chainId) external view returns (Status memory);

    /// @notice Node ids by seat of the committee that was reshared to in this group, era and epoch; empty where none was.
    /// Kept for ever: what members signed is judged by it.
    function committeeOf(bytes32 group, uint32 era, uint32 epoch)
        external
        view
        returns (uint64 chainId, uint32[] memory nodeIds);

    function encryptionKeyOf(uint64 chainId, uint16 seat) external view returns (bytes memory);
    function dealingHashOf(uint64 chainId, uint16 dealer) external view returns (bytes32);

    /// @notice The q lowest unconvicted dealers as things stand, fewer where there are not so many.
    function qualifiedOf(uint64 chainId) external view returns (uint64);
}
