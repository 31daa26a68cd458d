// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IKeyGeneration} from "../keys/interfaces/IKeyGeneration.sol";
import {IKeyGenerationHost} from "../keys/interfaces/IKeyGenerationHost.sol";
import {IChains} from "./interfaces/IChains.sol";
import {ICommittees} from "./interfaces/ICommittees.sol";
import {IEras} from "./interfaces/IEras.sol";
import {IRotations} from "./interfaces/IRotations.sol";
import {ChainNames} from "./libraries/ChainNames.sol";
import {RentSchedule} from "./libraries/RentSchedule.sol";
import {Slots} from "./libraries/Slots.sol";

/// @notice Chains: creation by payment, life cycle, rent in escrow. See IChains.
contract Chains is IChains, IKeyGenerationHost, AccessManaged {
    using RentSchedule for RentSchedule.Schedule;
    using SafeERC20 for IERC20;

    /// @param pool Gets earned rent.
    struct Parts {
        IERC20 token;
        address pool;
        ICommittees committees;
        IKeyGeneration keyGeneration;
        IEras eras;
        IRotations rotations;
    }

    struct Record {
        State state;
        Size size;
        uint8 members;
        uint64 nonce;
        uint64 created;
        address owner;
        bytes32 group;
        string name;
        RentSchedule.Schedule rent;
    }

    /// @param members Asked for; 0 while nothing is. @param rate Rent of the added seats for a month.
    /// @param deposit Escrow for them, of all months that were not earned when they were asked for, or bought since.
    struct Resize {
        uint8 members;
        uint256 rate;
        uint256 deposit;
    }

    uint32 private constant FIRST_ERA = 1;
    uint32 private constant FIRST_EPOCH = 1;
    uint64 private constant FIRST_HEIGHT = 1;
    /// Bitmaps of a committee are 64 bits.
    uint256 public constant MOST_MEMBERS = 64;
    uint256 public constant LOWEST_GAS_LIMIT = 1_000_000;
    uint256 public constant HIGHEST_GAS_LIMIT = 1_000_000_000;
    /// A transaction of the pool's largest size must fit.
    uint256 public constant LOWEST_BYTE_LIMIT = 128 * 1024;
    uint256 public constant HIGHEST_BYTE_LIMIT = 32 * 1024 * 1024;
    uint256 public constant LONGEST_ALLOCATION = 64;
    /// Keeps price * slots * members * months within 224 bits.
    uint256 public constant HIGHEST_PRICE = 1e30;
    uint256 public constant LONGEST_GRACE = 365 days;
    uint256 public constant MOST_MONTHS = 120;

    IERC20 public immutable token;
    address public immutable pool;
    ICommittees public immutable committees;
    IKeyGeneration public immutable keyGeneration;
    IEras public immutable eras;
    IRotations public immutable rotations;
    /// Set for development networks only: the creator names accounts that own native coin at genesis.
    bool public immutable devAllocations;

    uint64 public chainCount;
    uint256 public totalEscrow;
    Parameters private _parameters;
    mapping(uint64 nonce => uint64 chainId) public chainAt;
    mapping(uint64 chainId => Record) private _chains;
    mapping(uint64 chainId => Resize) private _resizes;

    /// Upper bounds of what starting a key generation takes; tested.
    uint256 private constant START_GAS = 400_000;
    uint256 private constant START_GAS_PER_MEMBER = 60_000;

    constructor(address authority, Parts memory parts, bool devAllocations_, Parameters memory parameters_)
        AccessManaged(authority)
    {
        token = parts.token;
        pool = parts.pool;
        committees = parts.committees;
        keyGeneration = parts.keyGeneration;
        eras = parts.eras;
        rotations = parts.rotations;
        devAllocations = devAllocations_;
        _setParameters(parameters_);
    }

    modifier onlyCommittees() {
        if (msg.sender != address(committees)) revert OnlyCommittees(msg.sender);
        _;
    }

    modifier onlyKeyGeneration() {
        if (msg.sender != address(keyGeneration)) revert OnlyKeyGeneration(msg.sender);
        _;
    }

    modifier onlyRotations() {
        if (msg.sender != address(rotations)) revert OnlyRotations(msg.sender);
        _;
    }

    /// @inheritdoc IChains
    function createChain(Creation calldata creation, uint256 maximumRent) external returns (uint64 chainId) {
        return _create(creation, maximumRent);
    }

    /// @inheritdoc IChains
    function createChainWithPermit(
        Creation calldata creation,
        uint256 maximumRent,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint64 chainId) {
        // Whoever saw the permit may have used it before: the allowance counts, not this call's success.
        try IERC20Permit(address(token)).permit(msg.sender, address(this), maximumRent, deadline, v, r, s) {} catch {}
        return _create(creation, maximumRent);
    }

    /// @inheritdoc IChains
    function extend(uint64 chainId, uint16 months, uint256 maximumRent) external {
        Record storage chain = _chain(chainId);
        State state = chain.state;
        if (state > State.Paused) revert WrongState(chainId, state);
        if (chain.rent.start != 0 && block.timestamp > chain.rent.end() + _parameters.grace) {
            revert PaidTimeOver(chainId, chain.rent.end() + _parameters.grace);
        }
        _collect(chainId, chain);
        uint256 ahead = chain.rent.bought - chain.rent.earned;
        uint256 most = _parameters.maximumMonths;
        if (months == 0 || ahead + months > most) revert BadMonths(months, most > ahead ? most - ahead : 0);
        uint256 rent = _buy(chainId, chain, months, maximumRent);
        emit ChainExtended(chainId, msg.sender, months, rent, uint64(chain.rent.end()));
    }

    /// @inheritdoc IChains
    function resizeChain(uint64 chainId, uint8 members, uint256 maximumRent) external {
        Record storage chain = _chain(chainId);
        if (msg.sender != chain.owner) revert NotOwner(chainId, msg.sender);
        if (chain.state != State.Running) revert WrongState(chainId, chain.state);
        _checkMembers(members);
        if (members == chain.members) revert SameMembers(chainId, members);
        if (block.timestamp >= chain.rent.end()) revert PaidTimeOver(chainId, chain.rent.end());
        // Refuses a second change before the first one is over.
        rotations.requestResize(chainId, members);
        _collect(chainId, chain);
        uint256 rate = _addedRate(chain, members);
        uint256 deposit = rate * chain.rent.unearned();
        if (deposit > maximumRent) revert RentTooHigh(deposit, maximumRent);
        _resizes[chainId] = Resize(members, rate, deposit);
        totalEscrow += deposit;
        emit ChainResizeRequested(chainId, chain.members, members, deposit);
        if (deposit > 0) token.safeTransferFrom(msg.sender, address(this), deposit);
    }

    /// @inheritdoc IChains
    function deleteChain(uint64 chainId) external {
        Record storage chain = _chain(chainId);
        if (msg.sender != chain.owner) revert NotOwner(chainId, msg.sender);
        State state = chain.state;
        if (state < State.Selected || state > State.Paused) revert WrongState(chainId, state);
        chain.state = State.Deleted;
        (uint256 months, uint256 earned, uint256 refund) = chain.rent.close(block.timestamp);
        refund += _resizes[chainId].deposit;
        delete _resizes[chainId];
        emit ChainDeleted(chainId, refund);
        _pay(chainId, chain, months, earned, refund);
        committees.release(chainId);
        if (state == State.Keygen) keyGeneration.cancel(chainId);
        else if (state > State.Keygen) rotations.chainEnded(chainId);
    }

    /// @inheritdoc IChains
    function expire(uint64 chainId) external {
        Record storage chain = _chain(chainId);
        State state = chain.state;
        if (state != State.Running && state != State.Paused) revert WrongState(chainId, state);
        uint256 until = chain.rent.end() + _parameters.grace;
        if (block.timestamp <= until) revert NotExpired(chainId, until);
        chain.state = State.Expired;
        emit ChainExpired(chainId);
        _collect(chainId, chain);
        uint256 deposit = _resizes[chainId].deposit;
        delete _resizes[chainId];
        _pay(chainId, chain, 0, 0, deposit);
        committees.release(chainId);
        rotations.chainEnded(chainId);
    }

    /// @inheritdoc IChains
    function collect(uint64 chainId) external returns (uint256 amount) {
        return _collect(chainId, _chain(chainId));
    }

    /// @inheritdoc IChains
    function startKeyGeneration(uint64 chainId) external {
        Record storage chain = _chain(chainId);
        if (chain.state != State.Selected) revert WrongState(chainId, chain.state);
        chain.state = State.Keygen;
        uint32[] memory nodeIds = committees.committeeOf(chainId);
        emit ChainKeygen(chainId, chain.group, FIRST_ERA, FIRST_EPOCH, nodeIds);
        keyGeneration.begin(chainId, chain.group, FIRST_ERA, FIRST_EPOCH, nodeIds);
    }

    /// @inheritdoc IChains
    function setPaused(uint64 chainId, bool paused) external restricted {
        Record storage chain = _chain(chainId);
        if (chain.state != (paused ? State.Running : State.Paused)) revert WrongState(chainId, chain.state);
        chain.state = paused ? State.Paused : State.Running;
        if (paused) emit ChainPaused(chainId);
        else emit ChainResumed(chainId);
    }

    /// @inheritdoc IChains
    function committeeSelected(uint64 chainId, uint32[] calldata nodeIds) external onlyCommittees {
        Record storage chain = _chain(chainId);
        chain.state = State.Selected;
        emit ChainSelected(chainId, chain.group, nodeIds);
        // Selections stand in line, so none may fail for what follows; anybody can repeat this step. A caller that
        // brings too little gas for it must fail, or gas estimates would settle on the amount that skips it.
        uint256 required = START_GAS + START_GAS_PER_MEMBER * nodeIds.length;
        if (gasleft() < required) revert GasTooLow(gasleft(), required);
        try this.startKeyGeneration(chainId) {} catch {}
    }

    /// @inheritdoc IChains
    function committeeUnavailable(uint64 chainId) external onlyCommittees {
        _fail(chainId, Failure.NoCommittee, new uint32[](0));
    }

    /// @inheritdoc IChains
    function resized(uint64 chainId) external onlyRotations {
        Record storage chain = _chain(chainId);
        Resize memory resize = _resizes[chainId];
        delete _resizes[chainId];
        _collect(chainId, chain);
        uint256 refund;
        if (resize.members > chain.members) refund = resize.deposit - chain.rent.raise(resize.rate);
        else refund = chain.rent.lower(resize.members, chain.members);
        chain.members = resize.members;
        emit ChainResized(chainId, resize.members, refund);
        _pay(chainId, chain, 0, 0, refund);
    }

    /// @inheritdoc IChains
    function resizeFailed(uint64 chainId) external onlyRotations {
        Resize memory resize = _resizes[chainId];
        delete _resizes[chainId];
        emit ChainResizeFailed(chainId, resize.members, resize.deposit);
        _pay(chainId, _chain(chainId), 0, 0, resize.deposit);
    }

    /// @inheritdoc IKeyGenerationHost
    function keyGenerated(uint64 chainId, uint32 era, uint32 epoch, bytes calldata groupKey, bytes32 keysHash)
        external
        onlyKeyGeneration
    {
        Record storage chain = _chain(chainId);
        if (chain.state != State.Keygen) revert WrongState(chainId, chain.state);
        if (era != FIRST_ERA || epoch != FIRST_EPOCH) revert WrongEpoch(chainId, era, epoch);
        chain.state = State.Running;
        chain.rent.start = uint64(block.timestamp);
        emit ChainRunning(
            chainId, chain.group, era, epoch, groupKey, keysHash, uint64(block.timestamp), uint64(chain.rent.end())
        );
        eras.open(chainId, chain.group, era, FIRST_HEIGHT, groupKey);
    }

    /// @inheritdoc IKeyGenerationHost
    function keyGenerationFailed(uint64 chainId, uint32[] calldata culprits) external onlyKeyGeneration {
        if (_chain(chainId).state != State.Keygen) revert WrongState(chainId, _chain(chainId).state);
        _fail(chainId, Failure.KeyGeneration, culprits);
        committees.release(chainId);
    }

    /// @inheritdoc IChains
    function setParameters(Parameters calldata value) external restricted {
        _setParameters(value);
    }

    /// @inheritdoc IChains
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IChains
    function price(Size size, uint8 members, uint16 months) external view returns (uint256) {
        return RentSchedule.rent(_parameters.price, _slotsOf(size), members, months);
    }

    /// @inheritdoc IChains
    function resizePrice(uint64 chainId, uint8 members) external view returns (uint256) {
        Record storage chain = _chain(chainId);
        return _addedRate(chain, members) * chain.rent.unearnedAt(block.timestamp);
    }

    /// @inheritdoc IChains
    function resizeOf(uint64 chainId) external view returns (uint8 members, uint256 deposit) {
        Resize storage resize = _resizes[chainId];
        return (resize.members, resize.deposit);
    }

    /// @inheritdoc IChains
    function chainOf(uint64 chainId) external view returns (Chain memory) {
        Record storage chain = _chain(chainId);
        uint32 epoch = chain.rent.start == 0 ? 0 : rotations.epochOf(chainId);
        (uint32 era,,,,) = keyGeneration.keyOf(chainId);
        return Chain({
            state: chain.state,
            size: chain.size,
            members: chain.members,
            slots: _slotsOf(chain.size),
            era: era == 0 ? FIRST_ERA : era,
            epoch: epoch == 0 ? FIRST_EPOCH : epoch,
            nonce: chain.nonce,
            created: chain.created,
            start: chain.rent.start,
            end: uint64(chain.rent.end()),
            owner: chain.owner,
            group: chain.group,
            escrow: chain.rent.escrow + _resizes[chainId].deposit,
            name: chain.name
        });
    }

    /// @inheritdoc IChains
    function stateOf(uint64 chainId) external view returns (State) {
        return _chains[chainId].state;
    }

    function _create(Creation calldata creation, uint256 maximumRent) private returns (uint64 chainId) {
        _checkCreation(creation);
        uint64 nonce = ++chainCount;
        chainId = ChainNames.id(block.chainid, address(this), nonce, creation.name);
        Record storage chain = _chains[chainId];
        if (chain.state != State.None) revert ChainIdTaken(chainId);
        chainAt[nonce] = chainId;
        chain.state = State.Requested;
        chain.size = creation.size;
        chain.members = creation.members;
        chain.nonce = nonce;
        chain.created = uint64(block.timestamp);
        chain.owner = creation.owner;
        chain.group = ChainNames.group(block.chainid, address(this), chainId, nonce);
        chain.name = creation.name;
        uint256 rent = _buy(chainId, chain, creation.months, maximumRent);
        uint8 slots = _slotsOf(creation.size);
        emit ChainRequested(chainId, creation.owner, chain.group, nonce, uint64(block.timestamp), slots, rent, creation);
        committees.request(chainId, slots, creation.members);
    }

    function _checkCreation(Creation calldata creation) private view {
        if (!ChainNames.isValid(creation.name)) revert BadName(creation.name);
        if (creation.owner == address(0)) revert BadOwner();
        _checkMembers(creation.members);
        uint256 months = _parameters.maximumMonths;
        if (creation.months == 0 || creation.months > months) revert BadMonths(creation.months, months);
        if (creation.gasLimit < LOWEST_GAS_LIMIT || creation.gasLimit > HIGHEST_GAS_LIMIT) {
            revert BadGasLimit(creation.gasLimit, LOWEST_GAS_LIMIT, HIGHEST_GAS_LIMIT);
        }
        if (creation.byteLimit < LOWEST_BYTE_LIMIT || creation.byteLimit > HIGHEST_BYTE_LIMIT) {
            revert BadByteLimit(creation.byteLimit, LOWEST_BYTE_LIMIT, HIGHEST_BYTE_LIMIT);
        }
        uint256 length = creation.allocation.length;
        if (length > 0 && !devAllocations) revert AllocationNotAllowed();
        if (length > LONGEST_ALLOCATION) revert AllocationTooLong(length, LONGEST_ALLOCATION);
    }

    function _checkMembers(uint8 members) private view {
        uint256 lowest = _parameters.minimumMembers;
        if (members < lowest || members > MOST_MEMBERS) revert BadMembers(members, lowest, MOST_MEMBERS);
    }

    /// A month's rent at the present price of the seats that a larger committee has more.
    function _addedRate(Record storage chain, uint8 members) private view returns (uint256) {
        uint256 added = members > chain.members ? members - chain.members : 0;
        return RentSchedule.rent(_parameters.price, _slotsOf(chain.size), added, 1);
    }

    /// Takes the rent of more months from the caller into escrow, also that of seats which are being added.
    function _buy(uint64 chainId, Record storage chain, uint256 months, uint256 maximumRent)
        private
        returns (uint256 rent)
    {
        uint256 rate = RentSchedule.rent(_parameters.price, _slotsOf(chain.size), chain.members, 1);
        uint256 added = months * _resizes[chainId].rate;
        if (added > 0) _resizes[chainId].deposit += added;
        rent = chain.rent.buy(months, rate) + added;
        if (rent > maximumRent) revert RentTooHigh(rent, maximumRent);
        totalEscrow += rent;
        token.safeTransferFrom(msg.sender, address(this), rent);
    }

    function _collect(uint64 chainId, Record storage chain) private returns (uint256 amount) {
        uint256 months;
        (months, amount) = chain.rent.earn(block.timestamp);
        _pay(chainId, chain, months, amount, 0);
    }

    function _fail(uint64 chainId, Failure failure, uint32[] memory culprits) private {
        Record storage chain = _chain(chainId);
        chain.state = State.Failed;
        uint256 refund = chain.rent.clear();
        emit ChainFailed(chainId, failure, culprits, refund);
        _pay(chainId, chain, 0, 0, refund);
    }

    /// Moves what a schedule gave up out of escrow.
    function _pay(uint64 chainId, Record storage chain, uint256 months, uint256 earned, uint256 refund) private {
        totalEscrow -= earned + refund;
        if (months > 0) {
            emit RentEarned(chainId, months, earned, chain.rent.escrow);
            token.safeTransfer(pool, earned);
        }
        if (refund > 0) token.safeTransfer(chain.owner, refund);
    }

    function _setParameters(Parameters memory value) private {
        if (
            value.price > HIGHEST_PRICE || value.grace > LONGEST_GRACE || value.minimumMembers == 0
                || value.minimumMembers > MOST_MEMBERS || value.maximumMonths == 0 || value.maximumMonths > MOST_MONTHS
        ) revert ParametersOutOfBounds(value);
        _parameters = value;
        emit ParametersChanged(value);
    }

    function _slotsOf(Size size) private pure returns (uint8) {
        if (size == Size.Small) return uint8(Slots.SMALL);
        return size == Size.Medium ? uint8(Slots.MEDIUM) : uint8(Slots.LARGE);
    }

    function _chain(uint64 chainId) private view returns (Record storage chain) {
        chain = _chains[chainId];
        if (chain.state == State.None) revert UnknownChain(chainId);
    }
}
