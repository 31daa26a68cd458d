// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice How a chain that lost its quorum for good goes on: a challenge that the group does not answer (or governance)
/// opens a Recovery; the highest certificates are claimed; then the era ends at the highest final container, and a
/// committee of members that stand and of nodes drawn for the others makes a fresh key for the next era. consensus.md 15.
/// @dev Where both the group's key and all of its data are gone nothing is claimed and nothing can be closed. A window in
/// which nobody showed a sign of life does not end: it begins anew with the first, so that nobody who waited for its end
/// alone can set a chain back to an old certificate at once.
interface IRecovery {
    /// Challenged: the group is asked for a sign of life. Open: members sign nothing more in the era; claims are taken.
    /// Closed: the era has its end, and the next one's key is in the making. Done: it has its key.
    enum State {
        None,
        Challenged,
        Open,
        Closed,
        Done
    }

    /// Of a closed Recovery: nothing runs, seats are being drawn, they are drawn, the key is being generated.
    enum Step {
        Idle,
        Selecting,
        Selected,
        Keygen
    }

    /// @param silence Seconds for which a challenge goes unanswered before a Recovery opens; also the pause after a draw
    /// that found too few nodes. @param claims Seconds for which claims are taken.
    /// @param bond Tokens of a challenger: lost where the group answers, returned where it does not.
    struct Parameters {
        uint32 silence;
        uint32 claims;
        uint128 bond;
    }

    /// @param era The one that is recovered from; the next one is its successor.
    /// @param openedAt When claims began, 0 before. @param closesAt When claims end; of a challenge, when it counts as
    /// unanswered.
    /// @param finalHeight, finalDigest Highest final container so far: its header's hash.
    /// @param orderHeight, orderDigest Highest order so far: D of that height. Never below the final one.
    struct Opening {
        bytes32 openingId;
        uint32 era;
        uint64 openedAt;
        uint64 closesAt;
        uint64 finalHeight;
        bytes32 finalDigest;
        uint64 orderHeight;
        bytes32 orderDigest;
        State state;
    }

    /// Where an era began that follows a Recovery: finality above finalHeight, agreement above orderHeight. A height 0
    /// stands for the genesis and has digest 0.
    struct Beginning {
        uint64 finalHeight;
        bytes32 finalDigest;
        uint64 orderHeight;
        bytes32 orderDigest;
    }

    /// @param standing Old seats that take part on. @param attempt Number of the newest attempt at a key; its epoch.
    /// @param retryAt When seats may be drawn again after too few nodes had room.
    /// @param nodeIds Members of the attempt, by seat; empty before they are known.
    struct Progress {
        Step step;
        uint64 standing;
        uint32 attempt;
        uint64 retryAt;
        uint32[] nodeIds;
    }

    /// D(height) = digest("order", (group, era, epoch, height), content).
    /// @param content D(height - 1) ‖ u16 count ‖ (u16 seat ‖ p) by ascending seat.
    struct Order {
        uint32 epoch;
        uint64 height;
        bytes content;
    }

    event RecoveryChallenged(
        uint64 indexed chainId, bytes32 indexed openingId, uint32 era, uint64 opensAt, address challenger
    );
    /// @notice Members sign nothing more in the era, but shares over `cancelDigest`.
    event RecoveryOpened(
        uint64 indexed chainId, bytes32 indexed openingId, bytes32 group, uint32 era, uint64 closesAt, uint32[] nodeIds
    );
    /// @notice The group answered: the era goes on.
    event RecoveryCancelled(uint64 indexed chainId, bytes32 indexed openingId);
    event FinalClaimed(uint64 indexed chainId, bytes32 indexed openingId, uint64 height, bytes32 digest);
    event OrderClaimed(uint64 indexed chainId, bytes32 indexed openingId, uint64 height, bytes32 digest);
    /// @notice An order of an earlier era that this one took over, to fall back to.
    event InheritedClaimed(uint64 indexed chainId, bytes32 indexed openingId, uint64 height, bytes32 digest);
    /// @notice The member cannot have all that the era took over.
    event InheritedLacks(uint64 indexed chainId, bytes32 indexed openingId, uint32 nodeId);
    event MemberStands(uint64 indexed chainId, bytes32 indexed openingId, uint32 nodeId);
    /// @notice The first sign of life: the window begins anew.
    event ClaimsExtended(uint64 indexed chainId, bytes32 indexed openingId, uint64 closesAt);
    /// @param era The next one.
    event RecoveryClosed(uint64 indexed chainId, bytes32 indexed openingId, uint32 era, Beginning beginning);
    event RecoverySeatsRequested(uint64 indexed chainId, uint32[] leaving);
    /// @notice Members of the next attempt by seat.
    event RecoverySeatsSelected(uint64 indexed chainId, uint32[] nodeIds);
    event RecoverySeatsUnavailable(uint64 indexed chainId, uint64 retryAt);
    event RecoveryKeygen(uint64 indexed chainId, uint32 era, uint32 epoch, uint32[] nodeIds);
    event RecoveryAttemptFailed(uint64 indexed chainId, uint32 era, uint32 epoch, uint32[] culprits);
    event EraRecovered(
        uint64 indexed chainId,
        bytes32 indexed group,
        uint32 era,
        uint32 epoch,
        bytes groupKey,
        bytes32 keysHash,
        Beginning beginning
    );
    /// @notice The chain ended meanwhile.
    event RecoveryAbandoned(uint64 indexed chainId, bytes32 indexed openingId);
    event RecoveryParametersChanged(Parameters parameters);

    error OnlyRotations(address caller);
    error OnlyKeyGeneration(address caller);
    error NotRunning(uint64 chainId);
    error WrongRecoveryState(uint64 chainId, State state);
    error WrongStep(uint64 chainId, Step step);
    error NotYet(uint64 until);
    error ClaimsOver(uint64 closedAt);
    error NoSignOfLife(uint64 chainId);
    /// The era that is recovered from did not take this height over from that era, or its last one.
    error NotInherited(uint32 era, uint64 height);
    error NothingInherited(uint64 chainId);
    error AlreadyLacks(uint32 nodeId);
    error NotAMember(uint64 chainId, address account);
    error AlreadyStands(uint32 nodeId);
    error MalformedContainer();
    error MalformedOrder();
    error OtherGroup(bytes32 group);
    error NotHigher(uint64 height, uint64 highest);
    /// Not the signature of the era's group key.
    error BadCertificate();
    error WrongEpoch(uint64 chainId, uint32 era, uint32 epoch);
    error ParametersOutOfBounds(Parameters parameters);

    /// @notice Asks the group of a running chain for a sign of life, for a bond. Anyone. Nodes of members pay none, unless
    /// the group answered one such challenge less than `claims` seconds ago.
    function challenge(uint64 chainId) external;

    /// @notice Opens a Recovery after a challenge that went unanswered; the bond goes back. Anyone. A change of the
    /// committee that is under way comes to nothing; nodes being drawn for one must be selected first.
    function open(uint64 chainId) external;

    /// @notice Opens one at once. By role.
    function openNow(uint64 chainId) external;

    /// @notice Answers a challenge or ends an open Recovery: the group is back. Anyone submits it.
    /// @param groupKey128, signature256 Points as EIP-2537 takes them; the signature over `cancelDigest`.
    function cancel(uint64 chainId, bytes calldata groupKey128, bytes calldata signature256) external;

    /// @notice Claims a final container that is higher than what was claimed before. Anyone.
    /// @param container Its header as it is signed, 292 bytes. @param certificate256 F of the era that is recovered from.
    function claimFinal(
        uint64 chainId,
        bytes calldata container,
        bytes calldata groupKey128,
        bytes calldata certificate256
    ) external;

    /// @notice Claims an order of the era that is higher than what was claimed before. Anyone.
    function claimOrder(uint64 chainId, Order calldata order, bytes calldata groupKey128, bytes calldata certificate256)
        external;

    /// @notice Claims an order of an earlier era that this one took over, below the last of those. Anyone. It counts where
    /// q members lack what is above it.
    function claimInherited(
        uint64 chainId,
        uint32 era,
        Order calldata order,
        bytes calldata groupKey128,
        bytes calldata certificate256
    ) external;

    /// @notice By the account of a member's node, which signs nothing more in the era: the orders that the era took over,
    /// or their bodies, are not to be had. Where q members say so, no height that they lack became final in the era, nor
    /// ever will: it was claimed by somebody who does not serve it. The next era goes on from the highest final height, or
    /// from the highest order below that was claimed.
    function lack(uint64 chainId) external;

    /// @notice By the account of a member's node: it keeps its seat in the next era. Nodes are drawn for the others.
    function stand(uint64 chainId) external;

    /// @notice Ends the era where the claims are. Anyone, when claims are over.
    function close(uint64 chainId) external;

    /// @notice The next step towards a key: asks for seats, or begins the key generation. Anyone.
    function start(uint64 chainId) external;

    /// @notice By the rotations: the committee by seat, after the draw.
    function seatsSelected(uint64 chainId, uint32[] calldata nodeIds) external;
    function seatsUnavailable(uint64 chainId) external;

    /// @notice By the rotations: whatever runs is given up.
    function chainEnded(uint64 chainId) external;

    function parameters() external view returns (Parameters memory);
    function setParameters(Parameters calldata value) external;

    function opened(uint64 chainId) external view returns (Opening memory);
    function progressOf(uint64 chainId) external view returns (Progress memory);
    /// @notice All zero for an era that no Recovery began.
    function beginningOf(uint64 chainId, uint32 era) external view returns (Beginning memory);
    /// @notice Whether one is challenged, open, or without its key: committees do not change meanwhile.
    function isUnderWay(uint64 chainId) external view returns (bool);
    /// @notice digest("cancel", (group, era, epoch 0, height 0), openingId).
    function cancelDigest(uint64 chainId) external view returns (bytes32);
}
