// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Seats} from "../keys/Seats.sol";
import {IKeyGeneration} from "../keys/interfaces/IKeyGeneration.sol";
import {IChains} from "./interfaces/IChains.sol";
import {ICommittees} from "./interfaces/ICommittees.sol";
import {IEras} from "./interfaces/IEras.sol";
import {INodes} from "./interfaces/INodes.sol";
import {IRecovery} from "./interfaces/IRecovery.sol";
import {IRenewals} from "./interfaces/IRenewals.sol";
import {IRotations} from "./interfaces/IRotations.sol";
import {Certificates} from "./libraries/Certificates.sol";

/// @notice What is known of a Recovery, and the claims of what its chain had ordered and made final. See IRecovery.
abstract contract RecoveryClaims is IRecovery, AccessManaged {
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
        IRenewals renewals;
    }

    /// @param alive Whether anybody claimed or stood. @param bond What is held of the challenger.
    /// @param finalOrder D of the highest final height so far. @param lacking Seats that say so.
    /// @param lowerHeight, lowerDigest Highest order so far of those that the era took over, below their end.
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
        bytes32 finalOrder;
        uint64 lacking;
        uint64 lowerHeight;
        bytes32 lowerDigest;
    }

    uint256 public constant LONGEST_WINDOW = 365 days;

    IERC20 public immutable token;
    address public immutable pool;
    IChains public immutable chains;
    ICommittees public immutable committees;
    INodes public immutable nodes;
    IKeyGeneration public immutable keyGeneration;
    IEras public immutable eras;
    IRotations public immutable rotations;
    IRenewals public immutable renewals;

    Parameters internal _parameters;
    mapping(uint64 chainId => Record) internal _records;
    mapping(uint64 chainId => mapping(uint32 era => Beginning)) internal _beginnings;
    /// Eras that follow a Recovery, also one that found nothing.
    mapping(uint64 chainId => mapping(uint32 era => bool)) internal _recovered;
    /// D of the final height where an era began that follows a Recovery.
    mapping(uint64 chainId => mapping(uint32 era => bytes32)) internal _finalOrders;

    constructor(address authority, Parts memory parts, Parameters memory parameters_) AccessManaged(authority) {
        token = parts.token;
        pool = parts.pool;
        chains = parts.chains;
        committees = parts.committees;
        nodes = parts.nodes;
        keyGeneration = parts.keyGeneration;
        eras = parts.eras;
        rotations = parts.rotations;
        renewals = parts.renewals;
        _setParameters(parameters_);
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
        uint32 era = _eraAt(chainId, height);
        bytes32 signed = Certificates.finalDigest(container, era);
        _requireSigned(chainId, era, signed, groupKey128, certificate256);
        opening.finalHeight = height;
        opening.finalDigest = keccak256(container);
        record.finalOrder = Certificates.orderOf(container);
        emit FinalClaimed(chainId, opening.openingId, height, opening.finalDigest);
        // What is final was ordered.
        if (height > opening.orderHeight) {
            opening.orderHeight = height;
            opening.orderDigest = record.finalOrder;
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
        uint32 era = _eraAt(chainId, order.height);
        bytes32 group = chains.chainOf(chainId).group;
        bytes32 digest = Certificates.orderDigest(group, era, order.epoch, order.height, order.content);
        _requireSigned(chainId, era, digest, groupKey128, certificate256);
        opening.orderHeight = order.height;
        opening.orderDigest = digest;
        emit OrderClaimed(chainId, opening.openingId, order.height, digest);
        _showLife(chainId, record);
    }

    /// @inheritdoc IRecovery
    function claimInherited(
        uint64 chainId,
        uint32 era,
        Order calldata order,
        bytes calldata groupKey128,
        bytes calldata certificate256
    ) external {
        Record storage record = _claiming(chainId);
        if (!Certificates.isOrder(order.content, Seats.MOST)) revert MalformedOrder();
        _requireInherited(chainId, record.opening.era, era, order.height);
        uint64 highest = record.opening.finalHeight;
        if (record.lowerHeight > highest) highest = record.lowerHeight;
        if (order.height <= highest) revert NotHigher(order.height, highest);
        bytes32 digest =
            Certificates.orderDigest(chains.chainOf(chainId).group, era, order.epoch, order.height, order.content);
        _requireSigned(chainId, era, digest, groupKey128, certificate256);
        record.lowerHeight = order.height;
        record.lowerDigest = digest;
        emit InheritedClaimed(chainId, record.opening.openingId, order.height, digest);
        _showLife(chainId, record);
    }

    /// @inheritdoc IRecovery
    function lack(uint64 chainId) external {
        Record storage record = _claiming(chainId);
        Beginning storage base = _beginnings[chainId][record.opening.era];
        if (base.orderHeight == base.finalHeight) revert NothingInherited(chainId);
        (uint32 nodeId, uint256 seat) = _memberOf(chainId, msg.sender);
        if (nodeId == 0) revert NotAMember(chainId, msg.sender);
        if (Seats.has(record.lacking, seat)) revert AlreadyLacks(nodeId);
        record.lacking |= Seats.bit(seat);
        emit InheritedLacks(chainId, record.opening.openingId, nodeId);
        _showLife(chainId, record);
    }

    // --- inside

    /// What the mainchain knows of the chain before any claim: how its newest era began.
    function _base(uint64 chainId, Record storage record) internal {
        Opening storage opening = record.opening;
        for (uint32 era = opening.era; era > 0; era--) {
            Beginning memory base = _beginnings[chainId][era];
            IRenewals.Shown memory shown = renewals.shownFor(chainId, era);
            if (shown.height != 0) base = Beginning(shown.height, shown.digest, shown.height, shown.order);
            if (base.orderHeight == 0) continue;
            (opening.finalHeight, opening.finalDigest) = (base.finalHeight, base.finalDigest);
            (opening.orderHeight, opening.orderDigest) = (base.orderHeight, base.orderDigest);
            record.finalOrder = shown.height != 0 ? shown.order : _finalOrders[chainId][era];
            return;
        }
    }

    /// Whose key signs the height. A scheduled era whose beginning is not shown yet covers nothing.
    function _eraAt(uint64 chainId, uint64 height) internal view returns (uint32) {
        return eras.eraAt(chainId, height).era;
    }

    function _showLife(uint64 chainId, Record storage record) internal {
        if (record.alive) return;
        record.alive = true;
        record.opening.closesAt = uint64(block.timestamp) + _parameters.claims;
        emit ClaimsExtended(chainId, record.opening.openingId, record.opening.closesAt);
    }

    /// Of what q members cannot have, nothing was made final in the era, and nothing that is ordered above it counts.
    function _dropLacking(uint64 chainId, Record storage record) internal {
        uint256 members = committees.committeeOf(chainId).length;
        if (record.lacking == 0 || Seats.count(record.lacking) < Seats.quorum(members)) return;
        Opening storage opening = record.opening;
        // They are only behind.
        if (opening.finalHeight >= _beginnings[chainId][opening.era].orderHeight) return;
        bool lower = record.lowerHeight > opening.finalHeight;
        opening.orderHeight = lower ? record.lowerHeight : opening.finalHeight;
        opening.orderDigest = lower ? record.lowerDigest : record.finalOrder;
    }

    /// Of an era's own orders those count that the next era took over.
    function _requireInherited(uint64 chainId, uint32 current, uint32 era, uint64 height) internal view {
        bool within = era < current && height < _beginnings[chainId][current].orderHeight;
        bool above = within && height > _beginnings[chainId][era].orderHeight;
        // An era by schedule takes nothing over: what was ordered before it, too, a later one took over.
        uint32 next = era + 1;
        while (within && !_recovered[chainId][next]) next++;
        if (!above || height > _beginnings[chainId][next].orderHeight) revert NotInherited(era, height);
    }

    function _requireSigned(
        uint64 chainId,
        uint32 era,
        bytes32 digest,
        bytes calldata groupKey128,
        bytes calldata signature256
    ) internal view {
        if (!eras.isSigned(chainId, era, digest, groupKey128, signature256)) {
            revert BadCertificate();
        }
    }

    function _in(uint64 chainId, State state) internal view returns (Record storage record) {
        record = _records[chainId];
        if (record.opening.state != state) revert WrongRecoveryState(chainId, record.opening.state);
    }

    function _claiming(uint64 chainId) internal view returns (Record storage record) {
        record = _in(chainId, State.Open);
        // Without a sign of life the window has not run yet.
        if (record.alive && block.timestamp >= record.opening.closesAt) revert ClaimsOver(record.opening.closesAt);
    }

    /// Node and seat of a member's account; 0 for strangers.
    function _memberOf(uint64 chainId, address account) internal view returns (uint32 nodeId, uint256 seat) {
        nodeId = nodes.nodeIdOf(account);
        uint32[] memory members = committees.committeeOf(chainId);
        while (seat < members.length && members[seat] != nodeId) seat++;
        if (seat == members.length) nodeId = 0;
    }

    function _setParameters(Parameters memory value) internal {
        if (value.silence > LONGEST_WINDOW || value.claims > LONGEST_WINDOW) revert ParametersOutOfBounds(value);
        _parameters = value;
        emit RecoveryParametersChanged(value);
    }
}
