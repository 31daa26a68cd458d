// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Changes of a chain's committee under the same group key: some members are replaced (because they exit, by
/// schedule, or because a quorum of the others says that they failed), or the owner asked for more or fewer of them;
/// everybody's share is refreshed, and the next epoch is recorded. The committee stays in charge until READY; whatever fails before leaves it so.
interface IRotations {
    /// Selecting: replacements are being drawn. Selected: drawn, the resharing is not begun yet. Recovering: seats are
    /// drawn, or were, for the committee of the next era.
    enum Stage {
        Idle,
        Selecting,
        Selected,
        Resharing,
        Recovering
    }

    enum Cause {
        Exit,
        Schedule,
        Failure,
        Resize
    }

    /// @param period Seconds after which an epoch may be ended by schedule.
    /// @param linger Seconds from the end of one rotation to the next, and for which leavers keep their slots after READY:
    /// they run until the new committee has taken over.
    struct Parameters {
        uint32 period;
        uint32 linger;
    }

    /// @param epoch In charge, or about to be: recorded at READY. @param lastEpoch Newest that was attempted.
    /// @param readyBlock Mainchain block of READY; 0 for an epoch with a freshly generated key.
    struct Rotation {
        Stage stage;
        Cause cause;
        uint32 era;
        uint32 epoch;
        uint32 lastEpoch;
        uint64 since;
        uint64 readyBlock;
        uint64 quietUntil;
        bytes32 keysHash;
    }

    event RotationRequested(uint64 indexed chainId, Cause cause, uint32 epoch, uint32[] leaving);
    /// @notice Nobody could be drawn. A scheduled rotation goes on as a refresh of the same members' shares.
    event ReplacementsUnavailable(uint64 indexed chainId, uint32 epoch);
    event RotationBegun(uint64 indexed chainId, uint32 epoch, uint32[] nodeIds);
    /// @notice (epoch, keysHash) is recorded in this mainchain block: the first height of the epoch follows from it.
    event EpochReady(uint64 indexed chainId, uint32 era, uint32 epoch, bytes32 keysHash, uint32[] nodeIds);
    event RotationFailed(uint64 indexed chainId, uint32 epoch, uint32[] culprits);
    event LeaversReleased(uint64 indexed chainId, uint32 epoch);
    event RotationParametersChanged(Parameters parameters);

    error OnlyChains(address caller);
    error OnlyCommittees(address caller);
    error OnlyResharing(address caller);
    error OnlyRecovery(address caller);
    error OnlyRenewals(address caller);
    error NotRunning(uint64 chainId);
    error UnderRecovery(uint64 chainId);
    error UnderRenewal(uint64 chainId);
    error WrongStage(uint64 chainId, Stage stage);
    error NotYet(uint64 until);
    /// At most max(1, floor(f/2)) members are replaced at a time, at least one.
    error TooMany(uint256 leaving, uint256 most);
    error NotAMember(uint32 nodeId);
    /// Seats are named once, ascending.
    error SeatsOutOfOrder(uint32 nodeId);
    error NotExiting(uint32 nodeId);
    error TooFewSigners(uint256 signers, uint256 quorum);
    error BadSignature();
    error NothingToRelease(uint64 chainId);
    error ParametersOutOfBounds(Parameters parameters);

    /// @notice Replaces members whose nodes are exiting, by ascending seat. Anyone.
    function requestExit(uint64 chainId, uint32[] calldata leaving) external;

    /// @notice Ends an epoch that has lasted its period: the next seats in turn are replaced. Anyone.
    function requestScheduled(uint64 chainId) external;

    /// @notice Replaces members that failed, by ascending seat: q of the committee say so with their registered BLS keys
    /// over digest("replace", era, epoch, u32 node ids), height 0. Anyone submits it.
    function requestFailure(uint64 chainId, uint32[] calldata leaving, uint64 signers, bytes calldata aggregate256)
        external;

    /// @notice By the chain registry, whose owner wants a committee of so many. Growing draws nodes for the added seats;
    /// shrinking lets members go as `Shrinking` says.
    function requestResize(uint64 chainId, uint8 members) external;

    /// @notice Begins the resharing where that did not happen with the selection. Anyone.
    function start(uint64 chainId) external;

    /// @notice Gives the leavers' slots back when they have lingered. Anyone.
    function releaseLeavers(uint64 chainId) external;

    /// @notice By the committees contract: who takes the leavers' seats; the whole committee by seat.
    function seatsSelected(uint64 chainId, uint32[] calldata nodeIds) external;
    function seatsUnavailable(uint64 chainId) external;

    /// @notice By the chain registry: whatever runs is given up.
    function chainEnded(uint64 chainId) external;

    /// @notice By the Recovery: a rotation under way comes to nothing. Refused while its seats are being drawn.
    function suspend(uint64 chainId) external;

    /// @notice By the Recovery: draw nodes for the seats of members that do not stand; any number of them, all too.
    function requestRecoverySeats(uint64 chainId, uint32[] calldata leaving) external;

    /// @notice By the Recovery: the attempt came to nothing; those drawn give their slots back.
    function dropRecoverySeats(uint64 chainId) external;

    /// @notice By the Recovery: the next era has its key, and those drawn are members.
    function recovered(uint64 chainId, uint32 era, uint32 epoch, bytes32 keysHash) external;

    /// @notice By the Renewals: READY of a scheduled era with the committee as it is.
    function renewed(uint64 chainId, uint32 era, uint32 epoch, bytes32 keysHash) external;

    function parameters() external view returns (Parameters memory);
    function setParameters(Parameters calldata value) external;
    function rotationOf(uint64 chainId) external view returns (Rotation memory);

    /// @notice The epoch in charge; 0 before the chain has a key.
    function epochOf(uint64 chainId) external view returns (uint32);

    /// @notice max(1, floor(f/2)) for so many members.
    function mostLeaving(uint256 members) external pure returns (uint256);
}
