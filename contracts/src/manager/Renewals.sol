// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IKeyGeneration} from "../keys/interfaces/IKeyGeneration.sol";
import {IKeyGenerationHost} from "../keys/interfaces/IKeyGenerationHost.sol";
import {IChains} from "./interfaces/IChains.sol";
import {ICommittees} from "./interfaces/ICommittees.sol";
import {IEras} from "./interfaces/IEras.sol";
import {IRecovery} from "./interfaces/IRecovery.sol";
import {IRenewals} from "./interfaces/IRenewals.sol";
import {IRotations} from "./interfaces/IRotations.sol";
import {Certificates} from "./libraries/Certificates.sol";

/// @notice Fresh group keys by schedule. See IRenewals.
contract Renewals is IRenewals, IKeyGenerationHost, AccessManaged {
    struct Parts {
        IChains chains;
        ICommittees committees;
        IKeyGeneration keyGeneration;
        IEras eras;
        IRotations rotations;
        IRecovery recovery;
    }

    /// Heights from the first container that shows READY to the first one of the new key. consensus.md 14.
    uint64 public constant MARGIN = 4;
    uint256 public constant LONGEST_PERIOD = 365 days;

    IChains public immutable chains;
    ICommittees public immutable committees;
    IKeyGeneration public immutable keyGeneration;
    IEras public immutable eras;
    IRotations public immutable rotations;
    IRecovery public immutable recovery;

    Parameters private _parameters;
    mapping(uint64 chainId => Renewal) private _renewals;
    /// @inheritdoc IRenewals
    mapping(uint64 chainId => mapping(uint32 era => uint32)) public attempts;
    mapping(uint64 chainId => mapping(uint32 era => Shown)) private _shown;

    constructor(address authority, Parts memory parts, Parameters memory parameters_) AccessManaged(authority) {
        chains = parts.chains;
        committees = parts.committees;
        keyGeneration = parts.keyGeneration;
        eras = parts.eras;
        rotations = parts.rotations;
        recovery = parts.recovery;
        _setParameters(parameters_);
    }

    modifier onlyKeyGeneration() {
        if (msg.sender != address(keyGeneration)) revert OnlyKeyGeneration(msg.sender);
        _;
    }

    modifier onlyRecovery() {
        if (msg.sender != address(recovery)) revert OnlyRecovery(msg.sender);
        _;
    }

    // --- the key

    /// @inheritdoc IRenewals
    function begin(uint64 chainId) external {
        Renewal storage renewal = _in(chainId, Stage.Idle);
        if (chains.stateOf(chainId) != IChains.State.Running) revert NotRunning(chainId);
        if (recovery.isUnderWay(chainId)) revert UnderRecovery(chainId);
        IRotations.Rotation memory rotation = rotations.rotationOf(chainId);
        bool quiet = rotation.stage == IRotations.Stage.Idle && block.timestamp >= rotation.quietUntil;
        if (!quiet) revert UnderRotation(chainId);
        uint64 due = dueAt(chainId);
        if (block.timestamp < due) revert NotYet(due);
        (uint32 era,,,,) = keyGeneration.keyOf(chainId);
        renewal.stage = Stage.Generating;
        renewal.era = ++era;
        renewal.epoch = ++attempts[chainId][era];
        renewal.readyBlock = 0;
        uint32[] memory nodeIds = committees.committeeOf(chainId);
        emit RenewalBegun(chainId, era, renewal.epoch, nodeIds);
        keyGeneration.begin(chainId, chains.chainOf(chainId).group, era, renewal.epoch, nodeIds);
    }

    /// @inheritdoc IKeyGenerationHost
    /// @dev While the group is asked for a sign of life no key takes over: the answer is signed by the one in charge.
    function keyGenerated(uint64 chainId, uint32 era, uint32 epoch, bytes calldata groupKey, bytes32 keysHash)
        external
        onlyKeyGeneration
    {
        Renewal storage renewal = _in(chainId, Stage.Generating);
        if (era != renewal.era || epoch != renewal.epoch) revert WrongEpoch(chainId, era, epoch);
        if (recovery.isUnderWay(chainId)) revert UnderRecovery(chainId);
        renewal.stage = Stage.Ready;
        renewal.readyBlock = uint64(block.number);
        bytes32 group = chains.chainOf(chainId).group;
        emit EraRenewed(chainId, group, era, epoch, groupKey, keysHash);
        eras.announce(chainId, group, era, groupKey);
        rotations.renewed(chainId, era, epoch, keysHash);
    }

    /// @inheritdoc IKeyGenerationHost
    function keyGenerationFailed(uint64 chainId, uint32[] calldata culprits) external onlyKeyGeneration {
        _fail(chainId, _in(chainId, Stage.Generating), culprits);
    }

    // --- the border

    /// @inheritdoc IRenewals
    function show(
        uint64 chainId,
        bytes calldata container,
        bytes calldata parent,
        bytes calldata groupKey128,
        bytes calldata certificate256
    ) external {
        Renewal storage renewal = _in(chainId, Stage.Ready);
        uint64 height = _heightOfBorder(chainId, container, parent, renewal.readyBlock);
        IEras.Era memory old = eras.eraAt(chainId, height);
        bytes32 signed = Certificates.finalDigest(container, old.era);
        if (!eras.isSigned(chainId, old.era, signed, groupKey128, certificate256)) revert BadCertificate();
        renewal.stage = Stage.Idle;
        _shown[chainId][renewal.era] = Shown(height, keccak256(container), Certificates.orderOf(container));
        emit EraBegun(chainId, old.group, renewal.era, height + MARGIN);
        eras.begin(chainId, renewal.era, height + MARGIN);
    }

    // --- what else happens to the chain

    /// @inheritdoc IRenewals
    function suspend(uint64 chainId) external onlyRecovery {
        Renewal storage renewal = _renewals[chainId];
        if (renewal.stage != Stage.Generating) return;
        keyGeneration.cancel(chainId);
        _fail(chainId, renewal, new uint32[](0));
    }

    /// @inheritdoc IRenewals
    function superseded(uint64 chainId) external onlyRecovery {
        _renewals[chainId].stage = Stage.Idle;
    }

    /// @inheritdoc IRenewals
    function chainEnded(uint64 chainId) external {
        if (msg.sender != address(rotations)) revert OnlyRotations(msg.sender);
        Renewal storage renewal = _renewals[chainId];
        if (renewal.stage == Stage.Generating) keyGeneration.cancel(chainId);
        renewal.stage = Stage.Idle;
    }

    // --- parameters and reading

    /// @inheritdoc IRenewals
    function setParameters(Parameters calldata value) external restricted {
        _setParameters(value);
    }

    /// @inheritdoc IRenewals
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IRenewals
    function renewalOf(uint64 chainId) external view returns (Renewal memory) {
        return _renewals[chainId];
    }

    /// @inheritdoc IRenewals
    function dueAt(uint64 chainId) public view returns (uint64) {
        uint64 due = eras.newestSince(chainId) + _parameters.period;
        uint64 retryAt = _renewals[chainId].retryAt;
        return due > retryAt ? due : retryAt;
    }

    /// @inheritdoc IRenewals
    function isUnderWay(uint64 chainId) external view returns (bool) {
        return _renewals[chainId].stage != Stage.Idle;
    }

    /// @inheritdoc IRenewals
    function shownFor(uint64 chainId, uint32 era) external view returns (Shown memory) {
        return _shown[chainId][era];
    }

    // --- inside

    /// Height of the first container of the chain whose checkpoint is at or above READY's block.
    function _heightOfBorder(uint64 chainId, bytes calldata container, bytes calldata parent, uint64 readyBlock)
        private
        view
        returns (uint64 height)
    {
        uint256 length = Certificates.CONTAINER_BYTES;
        if (container.length != length || parent.length != length) revert MalformedContainer();
        height = Certificates.heightOf(container);
        if (height > Certificates.MOST_HEIGHT - MARGIN) revert MalformedContainer();
        bytes32 group = Certificates.groupOf(container);
        if (group != chains.chainOf(chainId).group) revert OtherGroup(group);
        if (Certificates.parentOf(container) != keccak256(parent)) revert NotTheParent();
        (uint64 before, uint64 number) = (Certificates.checkpointOf(parent), Certificates.checkpointOf(container));
        if (before >= readyBlock || number < readyBlock) revert NotTheFirst(before, number, readyBlock);
    }

    function _fail(uint64 chainId, Renewal storage renewal, uint32[] memory culprits) private {
        renewal.stage = Stage.Idle;
        renewal.retryAt = uint64(block.timestamp) + _parameters.pause;
        emit RenewalFailed(chainId, renewal.era, renewal.epoch, culprits);
    }

    function _in(uint64 chainId, Stage stage) private view returns (Renewal storage renewal) {
        renewal = _renewals[chainId];
        if (renewal.stage != stage) revert WrongStage(chainId, renewal.stage);
    }

    function _setParameters(Parameters memory value) private {
        if (value.period > LONGEST_PERIOD || value.pause > LONGEST_PERIOD) revert ParametersOutOfBounds(value);
        _parameters = value;
        emit RenewalParametersChanged(value);
    }
}
