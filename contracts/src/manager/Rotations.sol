// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Bls} from "../keys/Bls.sol";
import {Ready} from "../keys/Ready.sol";
import {Seats} from "../keys/Seats.sol";
import {IKeyGeneration} from "../keys/interfaces/IKeyGeneration.sol";
import {INodeKeys} from "../keys/interfaces/INodeKeys.sol";
import {IResharing} from "../keys/interfaces/IResharing.sol";
import {IResharingHost} from "../keys/interfaces/IResharingHost.sol";
import {IChains} from "./interfaces/IChains.sol";
import {ICommittees} from "./interfaces/ICommittees.sol";
import {INodes} from "./interfaces/INodes.sol";
import {IRecovery} from "./interfaces/IRecovery.sol";
import {IRenewals} from "./interfaces/IRenewals.sol";
import {IRotations} from "./interfaces/IRotations.sol";
import {Shrinking} from "./libraries/Shrinking.sol";

/// @notice Epoch changes of chains. See IRotations.
contract Rotations is IRotations, IResharingHost, AccessManaged {
    struct Parts {
        IChains chains;
        ICommittees committees;
        INodes nodes;
        IKeyGeneration keyGeneration;
        IResharing resharing;
        IRecovery recovery;
        IRenewals renewals;
    }

    bytes32 private constant REPLACE = keccak256("tributary/v1/replace");
    uint256 public constant LONGEST_PERIOD = 365 days;
    /// Upper bounds of what beginning a resharing takes; tested.
    uint256 private constant START_GAS = 500_000;
    uint256 private constant START_GAS_PER_MEMBER = 100_000;

    IChains public immutable chains;
    ICommittees public immutable committees;
    INodes public immutable nodes;
    IKeyGeneration public immutable keyGeneration;
    IResharing public immutable resharing;
    IRecovery public immutable recovery;
    IRenewals public immutable renewals;

    Parameters private _parameters;
    mapping(uint64 chainId => Rotation) private _rotations;
    /// Next seat to leave by schedule.
    mapping(uint64 chainId => uint256) private _turns;
    mapping(uint64 chainId => uint32[]) private _next;

    constructor(address authority, Parts memory parts, Parameters memory parameters_) AccessManaged(authority) {
        chains = parts.chains;
        committees = parts.committees;
        nodes = parts.nodes;
        keyGeneration = parts.keyGeneration;
        resharing = parts.resharing;
        recovery = parts.recovery;
        renewals = parts.renewals;
        _setParameters(parameters_);
    }

    modifier onlyCommittees() {
        if (msg.sender != address(committees)) revert OnlyCommittees(msg.sender);
        _;
    }

    modifier onlyResharing() {
        if (msg.sender != address(resharing)) revert OnlyResharing(msg.sender);
        _;
    }

    modifier onlyRecovery() {
        if (msg.sender != address(recovery)) revert OnlyRecovery(msg.sender);
        _;
    }

    // --- requests

    /// @inheritdoc IRotations
    function requestExit(uint64 chainId, uint32[] calldata leaving) external {
        Rotation storage rotation = _quiet(chainId);
        for (uint256 i = 0; i < leaving.length; i++) {
            if (nodes.stateOf(leaving[i]) != INodes.State.Exiting) revert NotExiting(leaving[i]);
        }
        _request(chainId, rotation, Cause.Exit, leaving);
    }

    /// @inheritdoc IRotations
    function requestScheduled(uint64 chainId) external {
        Rotation storage rotation = _quiet(chainId);
        uint64 due = rotation.since + _parameters.period;
        if (block.timestamp < due) revert NotYet(due);
        uint32[] memory members = committees.committeeOf(chainId);
        _request(chainId, rotation, Cause.Schedule, _inTurn(chainId, members));
    }

    /// @inheritdoc IRotations
    function requestFailure(uint64 chainId, uint32[] calldata leaving, uint64 signers, bytes calldata aggregate256)
        external
    {
        Rotation storage rotation = _quiet(chainId);
        uint32[] memory members = committees.committeeOf(chainId);
        uint256 count = Seats.count(signers);
        if (count < Seats.quorum(members.length)) revert TooFewSigners(count, Seats.quorum(members.length));
        if ((signers & ~Seats.all(members.length)) != 0) revert BadSignature();
        bytes memory packed =
            abi.encodePacked(REPLACE, chains.chainOf(chainId).group, rotation.era, rotation.epoch, uint64(0));
        for (uint256 i = 0; i < leaving.length; i++) {
            packed = abi.encodePacked(packed, leaving[i]);
        }
        bytes memory key = Ready.sumOfKeys(members, INodeKeys(address(nodes)), signers);
        if (!Bls.verify(key, keccak256(packed), aggregate256)) revert BadSignature();
        _request(chainId, rotation, Cause.Failure, leaving);
    }

    /// @inheritdoc IRotations
    function requestResize(uint64 chainId, uint8 members) external {
        if (msg.sender != address(chains)) revert OnlyChains(msg.sender);
        Rotation storage rotation = _quiet(chainId);
        uint32[] memory committee = committees.committeeOf(chainId);
        uint32[] memory leaving =
            members < committee.length ? Shrinking.leavers(committee, members, nodes) : new uint32[](0);
        uint256 seats = members < committee.length ? 0 : members - committee.length;
        _draw(chainId, rotation, Cause.Resize, leaving, seats);
    }

    // --- progress

    /// @inheritdoc IRotations
    function seatsSelected(uint64 chainId, uint32[] calldata nodeIds) external onlyCommittees {
        Stage stage = _rotations[chainId].stage;
        // Neither: the chain has ended while its request stood in line, and its release frees what was drawn.
        if (stage == Stage.Selecting) _select(chainId, nodeIds);
        else if (stage == Stage.Recovering) recovery.seatsSelected(chainId, nodeIds);
    }

    /// @inheritdoc IRotations
    function seatsUnavailable(uint64 chainId) external onlyCommittees {
        Rotation storage rotation = _rotations[chainId];
        if (rotation.stage == Stage.Recovering) {
            rotation.stage = Stage.Idle;
            recovery.seatsUnavailable(chainId);
            return;
        }
        if (rotation.stage != Stage.Selecting) return;
        emit ReplacementsUnavailable(chainId, rotation.lastEpoch);
        if (rotation.cause == Cause.Schedule) {
            _select(chainId, committees.committeeOf(chainId));
        } else {
            _fail(chainId, rotation);
        }
    }

    /// @inheritdoc IRotations
    function start(uint64 chainId) external {
        Rotation storage rotation = _rotations[chainId];
        if (rotation.stage != Stage.Selected) revert WrongStage(chainId, rotation.stage);
        rotation.stage = Stage.Resharing;
        uint32[] memory nodeIds = _next[chainId];
        emit RotationBegun(chainId, rotation.lastEpoch, nodeIds);
        (,, bytes memory groupKey,,) = keyGeneration.keyOf(chainId);
        resharing.begin(
            chainId,
            IResharing.Terms({
                group: chains.chainOf(chainId).group,
                era: rotation.era,
                fromEpoch: rotation.epoch,
                epoch: rotation.lastEpoch,
                groupKey: groupKey,
                keysHash: rotation.keysHash,
                oldNodeIds: committees.committeeOf(chainId),
                nodeIds: nodeIds
            })
        );
    }

    /// @inheritdoc IResharingHost
    function keyReshared(uint64 chainId, uint32 era, uint32 epoch, bytes32 keysHash) external onlyResharing {
        Rotation storage rotation = _rotations[chainId];
        bool expected = rotation.stage == Stage.Resharing && rotation.era == era && rotation.lastEpoch == epoch;
        if (!expected) revert WrongStage(chainId, rotation.stage);
        rotation.epoch = epoch;
        rotation.keysHash = keysHash;
        rotation.since = uint64(block.timestamp);
        rotation.readyBlock = uint64(block.number);
        emit EpochReady(chainId, era, epoch, keysHash, _next[chainId]);
        committees.commitSeats(chainId);
        _end(chainId, rotation);
        if (rotation.cause == Cause.Resize) chains.resized(chainId);
    }

    /// @inheritdoc IResharingHost
    function resharingFailed(uint64 chainId, uint32[] calldata culprits) external onlyResharing {
        Rotation storage rotation = _rotations[chainId];
        if (rotation.stage != Stage.Resharing) revert WrongStage(chainId, rotation.stage);
        emit RotationFailed(chainId, rotation.lastEpoch, culprits);
        committees.dropSeats(chainId);
        _fail(chainId, rotation);
    }

    /// @inheritdoc IRotations
    function releaseLeavers(uint64 chainId) external {
        Rotation storage rotation = _rotations[chainId];
        if (rotation.stage != Stage.Idle) revert WrongStage(chainId, rotation.stage);
        if (block.timestamp < rotation.quietUntil) revert NotYet(rotation.quietUntil);
        if (!committees.releaseLeavers(chainId)) revert NothingToRelease(chainId);
        emit LeaversReleased(chainId, rotation.epoch);
    }

    /// @inheritdoc IRotations
    function chainEnded(uint64 chainId) external {
        if (msg.sender != address(chains)) revert OnlyChains(msg.sender);
        Rotation storage rotation = _rotations[chainId];
        if (rotation.stage == Stage.Resharing) resharing.cancel(chainId);
        rotation.stage = Stage.Idle;
        delete _next[chainId];
        renewals.chainEnded(chainId);
        recovery.chainEnded(chainId);
    }

    // --- Recovery

    /// @inheritdoc IRotations
    function suspend(uint64 chainId) external onlyRecovery {
        Rotation storage rotation = _rotations[chainId];
        if (rotation.stage == Stage.Idle) return;
        // What stands in line cannot be taken out of it.
        if (rotation.stage == Stage.Selecting) revert WrongStage(chainId, rotation.stage);
        if (rotation.stage == Stage.Resharing) resharing.cancel(chainId);
        emit RotationFailed(chainId, rotation.lastEpoch, new uint32[](0));
        committees.dropSeats(chainId);
        _fail(chainId, rotation);
    }

    /// @inheritdoc IRotations
    function requestRecoverySeats(uint64 chainId, uint32[] calldata leaving) external onlyRecovery {
        Rotation storage rotation = _rotations[chainId];
        if (rotation.stage != Stage.Idle) revert WrongStage(chainId, rotation.stage);
        if (committees.releaseLeavers(chainId)) emit LeaversReleased(chainId, rotation.epoch);
        rotation.stage = Stage.Recovering;
        // At most a committee's seats.
        // forge-lint: disable-next-line(unsafe-typecast)
        committees.requestSeats(chainId, leaving, uint8(leaving.length));
    }

    /// @inheritdoc IRotations
    function dropRecoverySeats(uint64 chainId) external onlyRecovery {
        Rotation storage rotation = _rotations[chainId];
        if (rotation.stage != Stage.Recovering) return;
        rotation.stage = Stage.Idle;
        committees.dropSeats(chainId);
    }

    /// @inheritdoc IRotations
    function recovered(uint64 chainId, uint32 era, uint32 epoch, bytes32 keysHash) external onlyRecovery {
        Rotation storage rotation = _rotations[chainId];
        rotation.era = era;
        rotation.epoch = epoch;
        rotation.lastEpoch = epoch;
        rotation.keysHash = keysHash;
        rotation.since = uint64(block.timestamp);
        rotation.readyBlock = 0;
        if (rotation.stage == Stage.Recovering) committees.commitSeats(chainId);
        _end(chainId, rotation);
    }

    /// @inheritdoc IRotations
    function renewed(uint64 chainId, uint32 era, uint32 epoch, bytes32 keysHash) external {
        if (msg.sender != address(renewals)) revert OnlyRenewals(msg.sender);
        Rotation storage rotation = _rotations[chainId];
        (rotation.era, rotation.epoch, rotation.lastEpoch) = (era, epoch, epoch);
        rotation.keysHash = keysHash;
        rotation.since = uint64(block.timestamp);
        rotation.readyBlock = uint64(block.number);
    }

    // --- parameters and reading

    /// @inheritdoc IRotations
    function setParameters(Parameters calldata value) external restricted {
        _setParameters(value);
    }

    /// @inheritdoc IRotations
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IRotations
    function rotationOf(uint64 chainId) public view returns (Rotation memory rotation) {
        rotation = _rotations[chainId];
        (uint32 era, uint32 epoch,, bytes32 keysHash,) = keyGeneration.keyOf(chainId);
        // A fresh key begins with its own epoch and share keys.
        if (rotation.era != era) {
            rotation.era = era;
            rotation.epoch = epoch;
            rotation.lastEpoch = epoch;
            rotation.keysHash = keysHash;
            rotation.since = chains.chainOf(chainId).start;
            rotation.readyBlock = 0;
        }
    }

    /// @inheritdoc IRotations
    function epochOf(uint64 chainId) external view returns (uint32) {
        uint32 epoch = _rotations[chainId].epoch;
        if (epoch != 0) return epoch;
        (, epoch,,,) = keyGeneration.keyOf(chainId);
        return epoch;
    }

    /// @inheritdoc IRotations
    function mostLeaving(uint256 members) public pure returns (uint256) {
        uint256 half = (members - Seats.quorum(members)) / 2;
        return half == 0 ? 1 : half;
    }

    // --- inside

    /// A chain that runs and has no rotation, nor had one just now.
    function _quiet(uint64 chainId) private returns (Rotation storage rotation) {
        if (chains.stateOf(chainId) != IChains.State.Running) revert NotRunning(chainId);
        rotation = _rotations[chainId];
        if (rotation.stage != Stage.Idle) revert WrongStage(chainId, rotation.stage);
        if (block.timestamp < rotation.quietUntil) revert NotYet(rotation.quietUntil);
        if (recovery.isUnderWay(chainId)) revert UnderRecovery(chainId);
        if (renewals.isUnderWay(chainId)) revert UnderRenewal(chainId);
        Rotation memory current = rotationOf(chainId);
        if (rotation.era != current.era) _rotations[chainId] = current;
    }

    function _request(uint64 chainId, Rotation storage rotation, Cause cause, uint32[] memory leaving) private {
        uint32[] memory members = committees.committeeOf(chainId);
        uint256 most = mostLeaving(members.length);
        if (leaving.length == 0 || leaving.length > most) revert TooMany(leaving.length, most);
        _requireSeatsInOrder(members, leaving);
        _draw(chainId, rotation, cause, leaving, leaving.length);
    }

    function _draw(uint64 chainId, Rotation storage rotation, Cause cause, uint32[] memory leaving, uint256 seats)
        private
    {
        if (committees.releaseLeavers(chainId)) emit LeaversReleased(chainId, rotation.epoch);
        rotation.stage = Stage.Selecting;
        rotation.cause = cause;
        uint32 epoch = ++rotation.lastEpoch;
        emit RotationRequested(chainId, cause, epoch, leaving);
        // At most a committee's seats.
        // forge-lint: disable-next-line(unsafe-typecast)
        committees.requestSeats(chainId, leaving, uint8(seats));
    }

    function _requireSeatsInOrder(uint32[] memory members, uint32[] memory leaving) private pure {
        uint256 seat = 0;
        for (uint256 i = 0; i < leaving.length; i++) {
            uint256 from = seat;
            while (seat < members.length && members[seat] != leaving[i]) seat++;
            if (seat == members.length) {
                for (uint256 before = 0; before < from; before++) {
                    if (members[before] == leaving[i]) revert SeatsOutOfOrder(leaving[i]);
                }
                revert NotAMember(leaving[i]);
            }
            seat++;
        }
    }

    /// The seats whose turn it is, ascending.
    function _inTurn(uint64 chainId, uint32[] memory members) private returns (uint32[] memory leaving) {
        uint256 most = mostLeaving(members.length);
        uint256 first = _turns[chainId] % members.length;
        _turns[chainId] = first + most;
        uint256 wrapped = first + most > members.length ? first + most - members.length : 0;
        leaving = new uint32[](most);
        for (uint256 i = 0; i < most; i++) {
            leaving[i] = members[i < wrapped ? i : first + i - wrapped];
        }
    }

    function _select(uint64 chainId, uint32[] memory nodeIds) private {
        _rotations[chainId].stage = Stage.Selected;
        _next[chainId] = nodeIds;
        // Selections stand in line, so none may fail for what follows; anybody can repeat this step. A caller that
        // brings too little gas for it must fail, or gas estimates would settle on the amount that skips it.
        uint256 required = START_GAS + START_GAS_PER_MEMBER * nodeIds.length;
        if (gasleft() < required) revert IChains.GasTooLow(gasleft(), required);
        try this.start(chainId) {} catch {}
    }

    /// The committee stays as it is.
    function _fail(uint64 chainId, Rotation storage rotation) private {
        _end(chainId, rotation);
        if (rotation.cause == Cause.Resize) chains.resizeFailed(chainId);
    }

    function _end(uint64 chainId, Rotation storage rotation) private {
        rotation.stage = Stage.Idle;
        rotation.quietUntil = uint64(block.timestamp) + _parameters.linger;
        delete _next[chainId];
    }

    function _setParameters(Parameters memory value) private {
        if (value.period > LONGEST_PERIOD || value.linger > LONGEST_PERIOD) revert ParametersOutOfBounds(value);
        _parameters = value;
        emit RotationParametersChanged(value);
    }
}
