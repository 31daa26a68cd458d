// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Chains: creation by payment, life cycle, rent in escrow.
/// @dev States and money. A month is 30 days and counts from the moment when the chain runs.
/// Requested -> Failed (no committee): all rent back to the owner.
/// Selected, Keygen -> Failed (key generation failed): all rent back to the owner. Who holds more than f seats can make
/// it fail and so have another draw; key generation names the culprits.
/// Selected, Keygen -> Deleted by the owner: one month is kept, or an owner could throw committees away for nothing until
/// one pleases; the rest back.
/// Running, Paused -> Deleted by the owner: whole months that have not begun go back to the owner.
/// Running, Paused -> Expired by anyone, after the paid time and the grace period: nothing is left to refund.
/// Requested cannot be deleted (selection is at most minutes away): see above.
/// A committee of another size: added seats are paid at the present price for the month that has begun, in full, and for
/// those that follow; what that comes to is held from the request on. Seats that are given up free their share of the
/// months that have not begun. Either counts from the moment when the new committee has its key; until then, and where it
/// does not get one, everything stays as it was.
interface IChains {
    enum State {
        None,
        Requested,
        Selected,
        Keygen,
        Running,
        Paused,
        Expired,
        Deleted,
        Failed
    }

    /// Slots on each node: 1, 16, 128.
    enum Size {
        Small,
        Medium,
        Large
    }

    enum Failure {
        NoCommittee,
        KeyGeneration
    }

    struct Allocation {
        address account;
        uint256 balance;
    }

    /// @param name 1 to 32 bytes of a-z, 0-9 and '-'.
    /// @param owner Gets refunds and may delete.
    /// @param gasLimit Of a block. @param byteLimit Bytes of transactions in a container.
    /// @param allocation Native coin at genesis, wei; empty unless the deployment allows it.
    struct Creation {
        string name;
        address owner;
        Size size;
        uint8 members;
        uint16 months;
        uint64 gasLimit;
        uint32 byteLimit;
        Allocation[] allocation;
    }

    /// @param group keccak256(abi.encode("tributary/group", mainchain id, address of this contract, chainId, nonce)).
    /// @param start, end Seconds; 0 before the chain runs. `end` is when the paid time ends.
    /// @param escrow Rent not yet streamed to the pool.
    struct Chain {
        State state;
        Size size;
        uint8 members;
        uint8 slots;
        uint32 era;
        uint32 epoch;
        uint64 nonce;
        uint64 created;
        uint64 start;
        uint64 end;
        address owner;
        bytes32 group;
        uint256 escrow;
        string name;
    }

    /// @param price Tokens (smallest unit) for one slot of one member for one month.
    /// @param grace Seconds after the end in which a chain can still be extended and cannot be expired.
    struct Parameters {
        uint256 price;
        uint32 grace;
        uint8 minimumMembers;
        uint16 maximumMonths;
    }

    /// @notice Everything that genesis, id and group derive from, with block.timestamp in `timestamp`.
    event ChainRequested(
        uint64 indexed chainId,
        address indexed owner,
        bytes32 indexed group,
        uint64 nonce,
        uint64 timestamp,
        uint8 slots,
        uint256 rent,
        Creation creation
    );
    event ChainSelected(uint64 indexed chainId, bytes32 indexed group, uint32[] nodeIds);
    event ChainKeygen(uint64 indexed chainId, bytes32 indexed group, uint32 era, uint32 epoch, uint32[] nodeIds);
    /// @param groupKey Compressed G1, 48 bytes. @param keysHash keccak256(u16 N ‖ share keys, 48 bytes each).
    event ChainRunning(
        uint64 indexed chainId,
        bytes32 indexed group,
        uint32 era,
        uint32 epoch,
        bytes groupKey,
        bytes32 keysHash,
        uint64 start,
        uint64 end
    );
    event ChainPaused(uint64 indexed chainId);
    event ChainResumed(uint64 indexed chainId);
    event ChainExpired(uint64 indexed chainId);
    event ChainDeleted(uint64 indexed chainId, uint256 refund);
    event ChainFailed(uint64 indexed chainId, Failure failure, uint32[] culprits, uint256 refund);
    /// @param deposit Held for the added seats.
    event ChainResizeRequested(uint64 indexed chainId, uint8 fromMembers, uint8 members, uint256 deposit);
    /// @notice The committee has another size, and the rent with it. @param refund To the owner.
    event ChainResized(uint64 indexed chainId, uint8 members, uint256 refund);
    /// @notice The committee stays as it was. @param refund The deposit, to the owner.
    event ChainResizeFailed(uint64 indexed chainId, uint8 members, uint256 refund);
    event ChainExtended(uint64 indexed chainId, address indexed payer, uint16 months, uint256 rent, uint64 end);
    /// @notice Rent of `months` moved to the pool. @param escrow What is left of the chain's rent.
    event RentEarned(uint64 indexed chainId, uint256 months, uint256 amount, uint256 escrow);
    event ParametersChanged(Parameters parameters);

    error UnknownChain(uint64 chainId);
    error WrongState(uint64 chainId, State state);
    error NotOwner(uint64 chainId, address caller);
    error BadName(string name);
    error BadOwner();
    error BadMembers(uint256 members, uint256 lowest, uint256 highest);
    error SameMembers(uint64 chainId, uint256 members);
    error BadMonths(uint256 months, uint256 highest);
    error BadGasLimit(uint256 gasLimit, uint256 lowest, uint256 highest);
    error BadByteLimit(uint256 byteLimit, uint256 lowest, uint256 highest);
    error AllocationNotAllowed();
    error AllocationTooLong(uint256 length, uint256 highest);
    error RentTooHigh(uint256 rent, uint256 maximumRent);
    /// Two names met in one id: take another name.
    error ChainIdTaken(uint64 chainId);
    error NotExpired(uint64 chainId, uint256 until);
    error PaidTimeOver(uint64 chainId, uint256 until);
    error OnlyCommittees(address caller);
    error OnlyKeyGeneration(address caller);
    error OnlyRotations(address caller);
    /// Too little gas to start key generation after the selection.
    error GasTooLow(uint256 gasLeft, uint256 required);
    error WrongEpoch(uint64 chainId, uint32 era, uint32 epoch);
    error ParametersOutOfBounds(Parameters parameters);

    /// @notice Orders a chain; the caller pays the rent (approved to this contract before), at most `maximumRent`.
    function createChain(Creation calldata creation, uint256 maximumRent) external returns (uint64 chainId);

    /// @notice As createChain, with an ERC-2612 permit of the caller over exactly `maximumRent`.
    function createChainWithPermit(
        Creation calldata creation,
        uint256 maximumRent,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint64 chainId);

    /// @notice Buys more months at the present price. Anyone may pay; refunds go to the owner all the same.
    function extend(uint64 chainId, uint16 months, uint256 maximumRent) external;

    /// @notice Asks for a committee of another size, of those that a chain may be created with. The owner only, and one
    /// change at a time; at most `maximumRent` is taken from it for added seats. Refused where too few nodes have room, and
    /// where too few validators are left for a smaller committee.
    function resizeChain(uint64 chainId, uint8 members, uint256 maximumRent) external;

    function deleteChain(uint64 chainId) external;

    /// @notice Ends a chain whose paid time and grace period are over. Anyone.
    function expire(uint64 chainId) external;

    /// @notice Streams the rent of months that have passed to the pool. Anyone.
    function collect(uint64 chainId) external returns (uint256 amount);

    /// @notice Starts key generation where that did not work in the selection's own transaction. Anyone.
    function startKeyGeneration(uint64 chainId) external;

    /// @notice Records that a chain has lost its quorum, or has it back. By role.
    function setPaused(uint64 chainId, bool paused) external;

    /// @notice By the committees contract.
    function committeeSelected(uint64 chainId, uint32[] calldata nodeIds) external;
    function committeeUnavailable(uint64 chainId) external;

    /// @notice By the rotations: the committee that was asked for is in charge, or it came to nothing.
    function resized(uint64 chainId) external;
    function resizeFailed(uint64 chainId) external;

    function parameters() external view returns (Parameters memory);
    function setParameters(Parameters calldata value) external;

    /// @notice Rent for a chain: a pure function of slots, members and months at the present price.
    function price(Size size, uint8 members, uint16 months) external view returns (uint256);
    /// @notice What `resizeChain` would take now.
    function resizePrice(uint64 chainId, uint8 members) external view returns (uint256);
    /// @notice The size that was asked for, 0 where none is, and what is held for its added seats.
    function resizeOf(uint64 chainId) external view returns (uint8 members, uint256 deposit);
    function chainCount() external view returns (uint64);
    /// @notice Id of the nth created chain, from 1.
    function chainAt(uint64 nonce) external view returns (uint64 chainId);
    function chainOf(uint64 chainId) external view returns (Chain memory);
    function stateOf(uint64 chainId) external view returns (State);
    /// @notice Sum of all rent in escrow: the contract's balance is never below it.
    function totalEscrow() external view returns (uint256);
    function devAllocations() external view returns (bool);
}
