// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Seats} from "../keys/Seats.sol";
import {IKeyGenerationHost} from "../keys/interfaces/IKeyGenerationHost.sol";
import {IChains} from "./interfaces/IChains.sol";
import {IRecovery} from "./interfaces/IRecovery.sol";
import {IRenewals} from "./interfaces/IRenewals.sol";
import {RecoveryClaims} from "./RecoveryClaims.sol";
import {Certificates} from "./libraries/Certificates.sol";

/// @notice Recovery of chains that lost their quorum for good. See IRecovery.
contract Recovery is RecoveryClaims, IKeyGenerationHost {
    using SafeERC20 for IERC20;

    bytes32 private constant TAG = keccak256("tributary/v1/recovery");

    uint256 private _openings;
    /// From when on members challenge without a bond.
    mapping(uint64 chainId => uint64) private _freeAt;

    constructor(address authority, Parts memory parts, Parameters memory parameters_)
        RecoveryClaims(authority, parts, parameters_)
    {}

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
        _requireSigned(chainId, record.opening.era, cancelDigest(chainId), groupKey128, signature256);
        record.opening.state = State.None;
        emit RecoveryCancelled(chainId, record.opening.openingId);
        if (state == State.Challenged && record.bond == 0) {
            _freeAt[chainId] = uint64(block.timestamp) + _parameters.claims;
        }
        _settleBond(record, pool);
    }

    // --- those who stand, and the end of claims

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
        _dropLacking(chainId, record);
        _recovered[chainId][era] = true;
        _finalOrders[chainId][era] = record.finalOrder;
        // What was dealt for an era by schedule serves nobody else.
        record.attempt = renewals.attempts(chainId, era);
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
        renewals.superseded(chainId);
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
        _base(chainId, record);
        bytes32 openingId = _name(chainId, record);
        uint32[] memory members = committees.committeeOf(chainId);
        bytes32 group = chains.chainOf(chainId).group;
        emit RecoveryOpened(chainId, openingId, group, opening.era, opening.closesAt, members);
        rotations.suspend(chainId);
        renewals.suspend(chainId);
        _settleBond(record, record.challenger);
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

    function _attempting(uint64 chainId) private view returns (Record storage record) {
        record = _in(chainId, State.Closed);
        if (record.step != Step.Keygen) revert WrongStep(chainId, record.step);
    }
}
