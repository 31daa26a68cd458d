// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Seats} from "../keys/Seats.sol";
import {IKeyGeneration} from "../keys/interfaces/IKeyGeneration.sol";
import {IKeyGenerationHost} from "../keys/interfaces/IKeyGenerationHost.sol";
import {IChains} from "./interfaces/IChains.sol";
import {ICommittees} from "./interfaces/ICommittees.sol";
import {IEras} from "./interfaces/IEras.sol";
import {INodes} from "./interfaces/INodes.sol";
import {IRecovery} from "./interfaces/IRecovery.sol";
import {IRotations} from "./interfaces/IRotations.sol";
import {Certificates} from "./libraries/Certificates.sol";

/// @notice Recovery of chains that lost their quorum for good. See IRecovery.
contract Recovery is IRecovery, IKeyGenerationHost, AccessManaged {
    using SafeERC20 for IERC20;

    /// @param pool Gets lost bonds.
    struct Parts {
        IERC20 token;
        address pool;
        IChains chains;
        ICommittees committees;
        INodes nodes;
        IKeyGeneration keyGeneration;
        IEras eras;
        IRotations rotations;
    }

    /// @param alive Whether anybody claimed or stood. @param bond What is held of the challenger.
    struct Record {
        Opening opening;
        bool alive;
        Step step;
        uint64 standing;
        uint32 attempt;
        uint64 retryAt;
        address challenger;
        uint128 bond;
        uint32[] next;
    }

    bytes32 private constant TAG = keccak256("tributary/v1/recovery");
    uint256 public constant LONGEST_WINDOW = 365 days;

    IERC20 public immutable token;
    address public immutable pool;
    IChains public immutable chains;
    ICommittees public immutable committees;
    INodes public immutable nodes;
    IKeyGeneration public immutable keyGeneration;
    IEras public immutable eras;
    IRotations public immutable rotations;

    Parameters private _parameters;
    uint256 private _openings;
    mapping(uint64 chainId => Record) private _records;
    mapping(uint64 chainId => mapping(uint32 era => Beginning)) private _beginnings;
    /// From when on members challenge without a bond.
    mapping(uint64 chainId => uint64) private _freeAt;

    constructor(address authority, Parts memory parts, Parameters memory parameters_) AccessManaged(authority) {
        token = parts.token;
        pool = parts.pool;
        chains = parts.chains;
        committees = parts.committees;
        nodes = parts.nodes;
        keyGeneration = parts.keyGeneration;
        eras = parts.eras;
        rotations = parts.rotations;
        _setParameters(parameters_);
    }

    modifier onlyRotations() {
        if (msg.sender != address(rotations)) revert OnlyRotations(msg.sender);
        _;
    }

    modifier onlyKeyGeneration() {
        if (msg.sender != address(keyGeneration)) revert OnlyKeyGeneration(msg.sender);
        _;
    }

    // --- the opening

    /// @inheritdoc IRecovery
    function challenge(uint64 chainId) external {
        Record storage record = _fresh(chainId);
        uint64 opensAt = uint64(block.timestamp) + _parameters.silence;
        record.opening.state = State.Challenged;
        record.opening.closesAt = opensAt;
        record.challenger = msg.sender;
        (uint32 nodeId,) = _memberOf(chainId, msg.sender);
        bool free = nodeId != 0 && block.timestamp >= _freeAt[chainId];
        record.bond = free ? 0 : _parameters.bond;
        bytes32 openingId = _name(chainId, record);
        emit RecoveryChallenged(chainId, openingId, record.opening.era, opensAt, msg.sender);
        if (record.bond > 0) token.safeTransferFrom(msg.sender, address(this), record.bond);
    }

    /// @inheritdoc IRecovery
    function open(uint64 chainId) external {
        Record storage record = _in(chainId, State.Challenged);
        if (block.timestamp < record.opening.closesAt) revert NotYet(record.opening.closesAt);
        _open(chainId, record);
    }

    /// @inheritdoc IRecovery
    function openNow(uint64 chainId) external restricted {
        Record storage record = _records[chainId];
        if (record.opening.state != State.Challenged) record = _fresh(chainId);
        _open(chainId, record);
    }

    /// @inheritdoc IRecovery
    function cancel(uint64 chainId, bytes calldata groupKey128, bytes calldata signature256) external {
        Record storage record = _records[chainId];
        State state = record.opening.state;
        if (state != State.Challenged && state != State.Open) revert WrongRecoveryState(chainId, state);
        _requireSigned(chainId, record, cancelDigest(chainId), groupKey128, signature256);
        record.opening.state = State.None;
        emit RecoveryCancelled(chainId, record.opening.openingId);
        if (state == State.Challenged && record.bond == 0) {
            _freeAt[chainId] = uint64(block.timestamp) + _parameters.claims;
        }
        _settleBond(record, pool);
    }

    // --- claims

    /// @inheritdoc IRecovery
    function claimFinal(
        uint64 chainId,
        bytes calldata container,
        bytes calldata groupKey128,
        bytes calldata certificate256
    ) external {
        Record storage record = _claiming(chainId);
        Opening storage opening = record.opening;
        if (container.length != Certificates.CONTAINER_BYTES) revert MalformedContainer();
        uint64 height = Certificates.heightOf(container);
        if (height > Certificates.MOST_HEIGHT) revert MalformedContainer();
        if (height <= opening.finalHeight) revert NotHigher(height, opening.finalHeight);
        bytes32 group = Certificates.groupOf(container);
        if (group != chains.chainOf(chainId).group) revert OtherGroup(group);
        bytes32 signed = Certificates.finalDigest(container, opening.era);
        _requireSigned(chainId, record, signed, groupKey128, certificate256);
        opening.finalHeight = height;
        opening.finalDigest = keccak256(container);
        emit FinalClaimed(chainId, opening.openingId, height, opening.finalDigest);
        // What is final was ordered.
        if (height > opening.orderHeight) {
            opening.orderHeight = height;
            opening.orderDigest = Certificates.orderOf(container);
        }
        _showLife(chainId, record);
    }

    /// @inheritdoc IRecovery
    function claimOrder(uint64 chainId, Order calldata order, bytes calldata groupKey128, bytes calldata certificate256)
        external
    {
        Record storage record = _claiming(chainId);
        Opening storage opening = record.opening;
        if (!Certificates.isOrder(order.content, Seats.MOST)) revert MalformedOrder();
        if (order.height > Certificates.MOST_HEIGHT) revert MalformedOrder();
        if (order.height <= opening.orderHeight) revert NotHigher(order.height, opening.orderHeight);
        bytes32 digest = Certificates.orderDigest(
            chains.chainOf(chainId).group, opening.era, order.epoch, order.height, order.content
        );
        _requireSigned(chainId, record, digest, groupKey128, certificate256);
        opening.orderHeight = order.height;
        opening.orderDigest = digest;
        emit OrderClaimed(chainId, opening.openingId, order.height, digest);
        _showLife(chainId, record);
    }

    /// @inheritdoc IRecovery
    function stand(uint64 chainId) external {
        Record storage record = _records[chainId];
        State state = record.opening.state;
        if (state != State.Open && state != State.Closed) revert WrongRecoveryState(chainId, state);
        // Seats are asked for by who stands.
        if (record.step != Step.Idle) revert WrongStep(chainId, record.step);
        (uint32 nodeId, uint256 seat) = _memberOf(chainId, msg.sender);
        if (nodeId == 0) revert NotAMember(chainId, msg.sender);
        if (Seats.has(record.standing, seat)) revert AlreadyStands(nodeId);
        record.standing |= Seats.bit(seat);
        emit MemberStands(chainId, record.opening.openingId, nodeId);
        if (state == State.Open) _showLife(chainId, record);
    }

    /// @inheritdoc IRecovery
    function close(uint64 chainId) external {
        Record storage record = _in(chainId, State.Open);
        Opening storage opening = record.opening;
        if (!record.alive) revert NoSignOfLife(chainId);
        if (block.timestamp < opening.closesAt) revert NotYet(opening.closesAt);
        opening.state = State.Closed;
        uint32 era = opening.era + 1;
        Beginning memory beginning =
            Beginning(opening.finalHeight, opening.finalDigest, opening.orderHeight, opening.orderDigest);
        _beginnings[chainId][era] = beginning;
        emit RecoveryClosed(chainId, opening.openingId, era, beginning);
    }

    // --- the next era's committee and key

    /// @inheritdoc IRecovery
    function start(uint64 chainId) external {
        Record storage record = _in(chainId, State.Closed);
        if (record.step == Step.Selected) {
            _beginKey(chainId, record);
        } else if (record.step == Step.Idle) {
            if (block.timestamp < record.retryAt) revert NotYet(record.retryAt);
            _takeSeats(chainId, record);
        } else {
            revert WrongStep(chainId, record.step);
        }
    }

    /// @inheritdoc IRecovery
    function seatsSelected(uint64 chainId, uint32[] calldata nodeIds) external onlyRotations {
        Record storage record = _records[chainId];
        if (record.step != Step.Selecting) revert WrongStep(chainId, record.step);
        record.step = Step.Selected;
        record.next = nodeIds;
        emit RecoverySeatsSelected(chainId, nodeIds);
    }

    /// @inheritdoc IRecovery
    function seatsUnavailable(uint64 chainId) external onlyRotations {
        Record storage record = _records[chainId];
        if (record.step != Step.Selecting) revert WrongStep(chainId, record.step);
        record.retryAt = uint64(block.timestamp) + _parameters.silence;
        emit RecoverySeatsUnavailable(chainId, record.retryAt);
        uint32[] memory members = committees.committeeOf(chainId);
        // A quorum that stands goes on by itself, with the seats of the others as they are.
        bool enough = Seats.count(record.standing) >= Seats.quorum(members.length);
        record.step = enough ? Step.Selected : Step.Idle;
        if (!enough) return;
        record.next = members;
        emit RecoverySeatsSelected(chainId, members);
    }

    /// @inheritdoc IKeyGenerationHost
    function keyGenerated(uint64 chainId, uint32 era, uint32 epoch, bytes calldata groupKey, bytes32 keysHash)
        external
        onlyKeyGeneration
    {
        Record storage record = _attempting(chainId);
        if (era != record.opening.era + 1 || epoch != record.attempt) revert WrongEpoch(chainId, era, epoch);
        record.opening.state = State.Done;
        record.step = Step.Idle;
        bytes32 group = chains.chainOf(chainId).group;
        Beginning memory beginning = _beginnings[chainId][era];
        emit EraRecovered(chainId, group, era, epoch, groupKey, keysHash, beginning);
        eras.open(chainId, group, era, beginning.finalHeight + 1, groupKey);
        rotations.recovered(chainId, era, epoch, keysHash);
    }

    /// @inheritdoc IKeyGenerationHost
    function keyGenerationFailed(uint64 chainId, uint32[] calldata culprits) external onlyKeyGeneration {
        Record storage record = _attempting(chainId);
        record.step = Step.Idle;
        emit RecoveryAttemptFailed(chainId, record.opening.era + 1, record.attempt, culprits);
        uint32[] memory members = committees.committeeOf(chainId);
        for (uint256 seat = 0; seat < members.length; seat++) {
            for (uint256 i = 0; i < culprits.length; i++) {
                if (members[seat] == culprits[i]) record.standing &= ~Seats.bit(seat);
            }
        }
        rotations.dropRecoverySeats(chainId);
    }

    /// @inheritdoc IRecovery
    function chainEnded(uint64 chainId) external onlyRotations {
        if (!isUnderWay(chainId)) return;
        Record storage record = _records[chainId];
        if (record.step == Step.Keygen) keyGeneration.cancel(chainId);
        record.opening.state = State.None;
        record.step = Step.Idle;
        emit RecoveryAbandoned(chainId, record.opening.openingId);
        _settleBond(record, record.challenger);
    }

    // --- parameters and reading

    /// @inheritdoc IRecovery
    function setParameters(Parameters calldata value) external restricted {
        _setParameters(value);
    }

    /// @inheritdoc IRecovery
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IRecovery
    function opened(uint64 chainId) external view returns (Opening memory) {
        return _records[chainId].opening;
    }

    /// @inheritdoc IRecovery
    function progressOf(uint64 chainId) external view returns (Progress memory) {
        Record storage record = _records[chainId];
        return Progress(record.step, record.standing, record.attempt, record.retryAt, record.next);
    }

    /// @inheritdoc IRecovery
    function beginningOf(uint64 chainId, uint32 era) external view returns (Beginning memory) {
        return _beginnings[chainId][era];
    }

    /// @inheritdoc IRecovery
    function isUnderWay(uint64 chainId) public view returns (bool) {
        State state = _records[chainId].opening.state;
        return state != State.None && state != State.Done;
    }

    /// @inheritdoc IRecovery
    function cancelDigest(uint64 chainId) public view returns (bytes32) {
        Opening storage opening = _records[chainId].opening;
        return Certificates.cancelDigest(chains.chainOf(chainId).group, opening.era, opening.openingId);
    }

    // --- inside

    /// Of a running chain with none under way: everything of the last one is gone.
    function _fresh(uint64 chainId) private returns (Record storage record) {
        if (isUnderWay(chainId)) revert WrongRecoveryState(chainId, _records[chainId].opening.state);
        IChains.State state = chains.stateOf(chainId);
        if (state != IChains.State.Running && state != IChains.State.Paused) revert NotRunning(chainId);
        delete _records[chainId];
        record = _records[chainId];
        record.opening.era = chains.chainOf(chainId).era;
    }

    /// No two have a name in common, also of one era: an old answer does not cancel a later opening.
    function _name(uint64 chainId, Record storage record) private returns (bytes32 openingId) {
        openingId = keccak256(
            abi.encode(TAG, block.chainid, address(this), chainId, record.opening.era, block.number, ++_openings)
        );
        record.opening.openingId = openingId;
    }

    function _open(uint64 chainId, Record storage record) private {
        Opening storage opening = record.opening;
        opening.state = State.Open;
        opening.openedAt = uint64(block.timestamp);
        opening.closesAt = uint64(block.timestamp) + _parameters.claims;
        Beginning storage base = _beginnings[chainId][opening.era];
        opening.finalHeight = base.finalHeight;
        opening.finalDigest = base.finalDigest;
        opening.orderHeight = base.orderHeight;
        opening.orderDigest = base.orderDigest;
        bytes32 openingId = _name(chainId, record);
        uint32[] memory members = committees.committeeOf(chainId);
        bytes32 group = chains.chainOf(chainId).group;
        emit RecoveryOpened(chainId, openingId, group, opening.era, opening.closesAt, members);
        rotations.suspend(chainId);
        _settleBond(record, record.challenger);
    }

    function _showLife(uint64 chainId, Record storage record) private {
        if (record.alive) return;
        record.alive = true;
        record.opening.closesAt = uint64(block.timestamp) + _parameters.claims;
        emit ClaimsExtended(chainId, record.opening.openingId, record.opening.closesAt);
    }

    function _takeSeats(uint64 chainId, Record storage record) private {
        uint32[] memory members = committees.committeeOf(chainId);
        uint32[] memory leaving = new uint32[](members.length - Seats.count(record.standing));
        uint256 found = 0;
        for (uint256 seat = 0; seat < members.length; seat++) {
            if (!Seats.has(record.standing, seat)) leaving[found++] = members[seat];
        }
        if (found == 0) {
            record.next = members;
            _beginKey(chainId, record);
            return;
        }
        record.step = Step.Selecting;
        emit RecoverySeatsRequested(chainId, leaving);
        rotations.requestRecoverySeats(chainId, leaving);
    }

    function _beginKey(uint64 chainId, Record storage record) private {
        record.step = Step.Keygen;
        uint32 era = record.opening.era + 1;
        uint32 epoch = ++record.attempt;
        uint32[] memory nodeIds = record.next;
        emit RecoveryKeygen(chainId, era, epoch, nodeIds);
        keyGeneration.begin(chainId, chains.chainOf(chainId).group, era, epoch, nodeIds);
    }

    function _settleBond(Record storage record, address to) private {
        uint128 bond = record.bond;
        if (bond == 0) return;
        record.bond = 0;
        token.safeTransfer(to, bond);
    }

    function _requireSigned(
        uint64 chainId,
        Record storage record,
        bytes32 digest,
        bytes calldata groupKey128,
        bytes calldata signature256
    ) private view {
        (bytes memory expected,,) = eras.eraKey(chainId, record.opening.era);
        if (!Certificates.isSigned(expected, groupKey128, digest, signature256)) revert BadCertificate();
    }

    function _in(uint64 chainId, State state) private view returns (Record storage record) {
        record = _records[chainId];
        if (record.opening.state != state) revert WrongRecoveryState(chainId, record.opening.state);
    }

    function _claiming(uint64 chainId) private view returns (Record storage record) {
        record = _in(chainId, State.Open);
        // Without a sign of life the window has not run yet.
        if (record.alive && block.timestamp >= record.opening.closesAt) revert ClaimsOver(record.opening.closesAt);
    }

    /// Node and seat of a member's account; 0 for strangers.
    function _memberOf(uint64 chainId, address account) private view returns (uint32 nodeId, uint256 seat) {
        nodeId = nodes.nodeIdOf(account);
        uint32[] memory members = committees.committeeOf(chainId);
        while (seat < members.length && members[seat] != nodeId) seat++;
        if (seat == members.length) nodeId = 0;
    }

    function _attempting(uint64 chainId) private view returns (Record storage record) {
        record = _in(chainId, State.Closed);
        if (record.step != Step.Keygen) revert WrongStep(chainId, record.step);
    }

    function _setParameters(Parameters memory value) private {
        if (value.silence > LONGEST_WINDOW || value.claims > LONGEST_WINDOW) revert ParametersOutOfBounds(value);
        _parameters = value;
        emit RecoveryParametersChanged(value);
    }
}
