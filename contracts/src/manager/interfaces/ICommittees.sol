// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Slots of nodes, and the selection of committees by the mainchain's randomness, weighted by free slots.
/// @dev Selections and changes of slots form one line: a committee depends on the changes before its request, the
/// selections before it, and the mixHash of its seed block (which lies after the request), and on nothing else. So
/// neither who calls, nor when, nor what is registered after the randomness is known, moves a seat. The price: requests
/// are selected in order, and changes made behind a waiting request take effect after it.
/// Left to a block's proposer: to withhold its block and so draw once more, at the cost of the block.
interface ICommittees {
    /// @param replacement For some seats of a running chain's committee; `members` is how many nodes are drawn.
    struct Request {
        uint64 chainId;
        uint64 seedBlock;
        uint64 changesBefore;
        uint8 slots;
        uint8 members;
        bool replacement;
    }

    event SelectionRequested(uint64 indexed chainId, uint64 seedBlock, uint8 slots, uint8 members);
    /// @notice The seed block's hash is out of the mainchain's reach: a new one, again in the future.
    event SelectionRearmed(uint64 indexed chainId, uint64 expiredBlock, uint64 seedBlock);
    /// @notice Seats in order. The slots are taken from here on.
    event CommitteeSelected(uint64 indexed chainId, uint64 seedBlock, bytes32 seed, uint32[] nodeIds);
    /// @notice The nodes with enough free slots, at most `seatCap` of one validator, do not fill the committee.
    event CommitteeUnavailable(uint64 indexed chainId, uint256 seatsFilled, uint256 members, uint256 seatCap);
    /// @notice Nodes drawn for the seats of `leaving`, in their order; more of them where the committee grows, fewer where
    /// it shrinks. Their slots are taken from here on.
    event SeatsSelected(uint64 indexed chainId, uint64 seedBlock, bytes32 seed, uint32[] leaving, uint32[] nodeIds);
    /// @notice Nobody leaves: too few nodes have room, at most `seatCap` of one validator.
    event SeatsUnavailable(uint64 indexed chainId, uint256 seatsFilled, uint256 seats);
    event SlotsReleased(uint64 indexed chainId, uint8 slots, uint32[] nodeIds);
    event NodeAvailable(uint32 indexed nodeId, uint32 indexed validatorId);
    event NodeUnavailable(uint32 indexed nodeId);
    event SelectionDelayChanged(uint32 blocks);

    error OnlyNodes(address caller);
    error OnlyChains(address caller);
    error OnlyRotations(address caller);
    /// Slots of the last rotation still wait in line: call `settle`, or select what stands before them.
    error StillReleasing(uint64 chainId);
    /// Fewer nodes than seats have room for the chain.
    error NotEnoughNodes(uint256 nodes, uint256 members);
    error NothingRequested(uint64 chainId);
    /// Requests are selected in order; `next` comes first.
    error NotNext(uint64 chainId, uint64 next);
    error SeedBlockNotReached(uint64 seedBlock, uint256 blockNumber);
    /// Out of reach of the block hash history: call `rearm`.
    error SeedBlockExpired(uint64 seedBlock);
    error SeedBlockStillKnown(uint64 seedBlock);
    error WrongHeader(uint64 seedBlock, bytes32 expectedHash, bytes32 headerHash);
    error SelectionDelayOutOfBounds(uint32 blocks, uint32 lowest, uint32 highest);

    /// @notice Selects the committee of the oldest request, with the RLP header of its seed block. Anyone.
    function select(uint64 chainId, bytes calldata headerRlp) external;

    /// @notice Gives the oldest request a new seed block when the hash of the old one cannot be read any more. Anyone.
    function rearm(uint64 chainId) external;

    /// @notice Applies at most `entries` waiting changes (a release counts once) that no request stands before. Anyone;
    /// needed only where so many wait that `select` would not fit in a block.
    function settle(uint256 entries) external returns (uint256 applied);

    /// @notice By the chain registry. @param slots 1, 16 or 128. @param members 1 to 64.
    function request(uint64 chainId, uint8 slots, uint8 members) external returns (uint64 seedBlock);

    /// @notice By the chain registry: the chain has ended.
    function release(uint64 chainId) external;

    /// @notice By the rotations: some members, named by ascending seat, are to leave, and so many nodes are drawn to take
    /// their seats. More of these let the committee grow, and are refused where too few nodes have room.
    function requestSeats(uint64 chainId, uint32[] calldata leaving, uint8 seats) external returns (uint64 seedBlock);

    /// @notice By the rotations: those drawn are the members from here on; the leavers keep their slots.
    function commitSeats(uint64 chainId) external;

    /// @notice By the rotations: the rotation came to nothing; those drawn give their slots back.
    function dropSeats(uint64 chainId) external;

    /// @notice By the rotations: leavers give their slots back. False where none keep any.
    function releaseLeavers(uint64 chainId) external returns (bool);

    /// @notice By the node registry.
    function nodeRegistered(uint32 nodeId, uint32 validatorId) external;
    function nodeExiting(uint32 nodeId) external;

    function selectionDelay() external view returns (uint32 blocks);
    function setSelectionDelay(uint32 blocks) external;

    /// @notice The oldest request; all zero when none waits.
    function nextRequest() external view returns (Request memory);
    function requestOf(uint64 chainId) external view returns (Request memory);
    /// @notice Whether the request's seed block has passed and its hash can still be read.
    function seedBlockKnown(uint64 chainId) external view returns (bool);
    function pendingRequests() external view returns (uint256);
    function pendingChanges() external view returns (uint256);
    /// @notice Seats in order; empty before selection and after release.
    function committeeOf(uint64 chainId) external view returns (uint32[] memory nodeIds);
    /// @notice Who holds slots of the chain beside its members: those drawn for seats of a rotation under way, and
    /// leavers of one that is done.
    function rotatingOf(uint64 chainId) external view returns (uint32[] memory incoming, uint32[] memory leavers);
    function slotsOf(uint32 nodeId) external view returns (bool available, uint256 used, uint256 free);
    /// @notice No slot used and out of every later selection.
    function isIdle(uint32 nodeId) external view returns (bool);
    /// @notice Sum of the free slots of available nodes that have at least `slots` of them (1, 16 or 128).
    function freeSlots(uint8 slots) external view returns (uint256);
    /// @notice How many available nodes have at least `slots` free slots.
    function nodesWith(uint8 slots) external view returns (uint256);
}
