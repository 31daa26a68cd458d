// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Court} from "./Court.sol";
import {Dealings} from "./Dealings.sol";
import {G1} from "./G1.sol";
import {Ready} from "./Ready.sol";
import {Seats} from "./Seats.sol";
import {INodeKeys} from "./interfaces/INodeKeys.sol";
import {IResharing} from "./interfaces/IResharing.sol";
import {IResharingHost} from "./interfaces/IResharingHost.sol";

/// @notice Resharing of a group key to the next committee: Accepting -> Dealing -> Complaints -> Done, back to Dealing
/// when convictions leave fewer than q dealers, Failed when it cannot end. See IResharing.
contract Resharing is IResharing {
    using Dealings for bytes;

    /// @param groupKey, keysHash Hashes: of the compressed group key, and of the old share keys.
    struct Handover {
        bytes32 group;
        uint64 chainId;
        uint32 era;
        uint32 fromEpoch;
        uint32 epoch;
        uint8 oldMembers;
        uint8 oldQuorum;
        uint8 members;
        uint8 quorum;
        Phase phase;
        uint64 accepted;
        uint64 dealt;
        uint64 convicted;
        uint64 phaseUntil;
        uint64 deadline;
        bytes32 groupKey;
        bytes32 keysHash;
        uint32[] oldNodeIds;
        uint32[] nodeIds;
        /// Seat + 1 by account, as of the beginning; 0 for strangers.
        mapping(address account => uint256) dealers;
        mapping(address account => uint256) seats;
        mapping(uint256 seat => bytes) encryptionKeys;
        mapping(uint256 dealer => bytes32) dealings;
    }

    address public immutable host;
    INodeKeys public immutable nodes;
    Windows private _windows;

    mapping(bytes32 slot => Handover) private _handovers;
    mapping(uint64 chainId => bytes32 slot) private _current;

    constructor(address host_, INodeKeys nodes_, Windows memory windows_) {
        if (windows_.total < uint256(windows_.accept) + windows_.dealing + windows_.complaints) revert BadWindows();
        host = host_;
        nodes = nodes_;
        _windows = windows_;
    }

    modifier onlyHost() {
        if (msg.sender != host) revert OnlyHost(msg.sender);
        _;
    }

    // --- the host's side

    /// @inheritdoc IResharing
    function begin(uint64 chainId, Terms calldata terms) external onlyHost {
        if (_running(_handovers[_current[chainId]].phase)) revert AlreadyRunning(chainId);
        if (terms.epoch <= terms.fromEpoch) revert BadEpoch(terms.fromEpoch, terms.epoch);
        bytes32 slot = keccak256(abi.encode(terms.group, terms.era, terms.epoch));
        Handover storage handover = _handovers[slot];
        if (handover.phase != Phase.None) revert SlotUsed(terms.group, terms.era, terms.epoch);
        _current[chainId] = slot;
        handover.group = terms.group;
        handover.chainId = chainId;
        handover.era = terms.era;
        handover.fromEpoch = terms.fromEpoch;
        handover.epoch = terms.epoch;
        handover.groupKey = keccak256(terms.groupKey);
        handover.keysHash = terms.keysHash;
        handover.oldMembers = _seat(handover.dealers, terms.oldNodeIds);
        handover.members = _seat(handover.seats, terms.nodeIds);
        handover.oldQuorum = Seats.quorum(handover.oldMembers);
        handover.quorum = Seats.quorum(handover.members);
        handover.oldNodeIds = terms.oldNodeIds;
        handover.nodeIds = terms.nodeIds;
        handover.phase = Phase.Accepting;
        handover.phaseUntil = uint64(block.timestamp) + _windows.accept;
        handover.deadline = uint64(block.timestamp) + _windows.total;
        emit ResharingBegun(
            chainId,
            terms.group,
            terms.era,
            terms.fromEpoch,
            terms.epoch,
            terms.oldNodeIds,
            terms.nodeIds,
            handover.phaseUntil
        );
    }

    /// @inheritdoc IResharing
    function cancel(uint64 chainId) external onlyHost {
        Handover storage handover = _handovers[_current[chainId]];
        if (!_running(handover.phase)) return;
        handover.phase = Phase.Failed;
        emit ResharingFailed(chainId, handover.era, handover.epoch, new uint32[](0));
    }

    // --- the members' side

    /// @inheritdoc IResharing
    function acceptSeat(uint64 chainId, bytes calldata encryptionKey, bytes calldata proof) external {
        Handover storage handover = _in(chainId, Phase.Accepting);
        uint16 seat = _seatOf(handover.seats, chainId, msg.sender);
        if (Seats.has(handover.accepted, seat)) revert AlreadyDone(seat);
        if (proof.length != 64) revert BadProof();
        uint256 c = uint256(bytes32(proof[:32]));
        uint256 z = uint256(bytes32(proof[32:]));
        if (!Court.provesKey(_context(handover), seat, encryptionKey, c, z)) revert BadProof();
        handover.encryptionKeys[seat] = encryptionKey;
        handover.accepted |= uint64(1) << seat;
        emit NewSeatAccepted(chainId, handover.era, handover.epoch, seat, encryptionKey);
        if (handover.accepted == Seats.all(handover.members)) _openDealing(handover);
    }

    /// @inheritdoc IResharing
    function deal(uint64 chainId, bytes calldata dealing) external {
        Handover storage handover = _in(chainId, Phase.Dealing);
        uint16 dealer = _seatOf(handover.dealers, chainId, msg.sender);
        // A convicted dealer has dealt too: nobody deals twice.
        if (Seats.has(handover.dealt, dealer)) revert AlreadyDone(dealer);
        if (!dealing.wellFormed(handover.members, handover.quorum)) revert BadDealing();
        handover.dealings[dealer] = keccak256(dealing);
        handover.dealt |= uint64(1) << dealer;
        emit ShareDealt(chainId, handover.era, handover.epoch, dealer, dealing);
        _closeWhenAllDealt(handover);
    }

    /// @inheritdoc IResharing
    function advance(uint64 chainId) external {
        Handover storage handover = _handovers[_current[chainId]];
        bool accepting = handover.phase == Phase.Accepting;
        if (!accepting && handover.phase != Phase.Dealing) revert WrongPhase(chainId, handover.phase);
        if (block.timestamp < handover.phaseUntil) revert NotYet(handover.phaseUntil);
        if (accepting) {
            // The old committee goes on, and others are drawn for those who are absent.
            if (Seats.count(handover.accepted) < handover.quorum) _fail(handover);
            else _openDealing(handover);
            return;
        }
        uint256 dealers = Seats.count(_dealers(handover));
        if (dealers < handover.oldQuorum) revert TooFewSigners(dealers, handover.oldQuorum);
        _closeDealing(handover);
    }

    // --- the court

    /// @inheritdoc IResharing
    function complainEncoding(uint64 chainId, uint16 dealer, bytes calldata dealing, uint256 index) external {
        Handover storage handover = _accused(chainId, dealer, dealing);
        if (index > handover.quorum || !Court.isBadPoint(dealing, index)) revert NotGuilty(dealer);
        _convict(handover, dealer, Fault.Encoding);
    }

    /// @inheritdoc IResharing
    function complainProof(uint64 chainId, uint16 dealer, bytes calldata dealing) external {
        Handover storage handover = _accused(chainId, dealer, dealing);
        if (!Court.isBadProof(_case(handover, dealer), dealing)) revert NotGuilty(dealer);
        _convict(handover, dealer, Fault.Proof);
    }

    /// @inheritdoc IResharing
    function complainConstant(uint64 chainId, uint16 dealer, bytes calldata dealing, bytes calldata shareKeys)
        external
    {
        Handover storage handover = _accused(chainId, dealer, dealing);
        uint256 members = handover.oldMembers;
        bool known = keccak256(abi.encodePacked(uint16(handover.oldMembers), shareKeys)) == handover.keysHash;
        if (!known || shareKeys.length != 48 * members) revert WrongKeys();
        // Compressed points have one encoding, so bytes that differ are points that differ.
        bytes calldata expected = shareKeys[48 * uint256(dealer):48 * (uint256(dealer) + 1)];
        if (keccak256(dealing.point(1)) == keccak256(expected)) revert NotGuilty(dealer);
        _convict(handover, dealer, Fault.Constant);
    }

    /// @inheritdoc IResharing
    function complainShare(
        uint64 chainId,
        uint16 dealer,
        bytes calldata dealing,
        bytes calldata shared,
        uint256 challenge,
        uint256 response
    ) external {
        Handover storage handover = _accused(chainId, dealer, dealing);
        uint16 accuser = _seatOf(handover.seats, chainId, msg.sender);
        if (!Seats.has(handover.accepted, accuser)) revert NotAMember(chainId, msg.sender);
        Court.ShareEvidence memory evidence =
            Court.ShareEvidence(accuser, handover.encryptionKeys[accuser], shared, challenge, response);
        if (!Court.isBadShare(_case(handover, dealer), dealing, evidence)) revert NotGuilty(dealer);
        _convict(handover, dealer, Fault.Share);
    }

    // --- the end

    /// @inheritdoc IResharing
    /// @dev As in key generation, the sums behind keysHash are not computed again: q signers hold an honest member that did.
    function ready(
        uint64 chainId,
        bytes calldata groupKey128,
        bytes32 keysHash,
        uint64 signers,
        bytes calldata aggregate256,
        bytes calldata threshold256
    ) external {
        Handover storage handover = _in(chainId, Phase.Complaints);
        _requireReadyNow(handover, signers);
        Ready.Claim memory claim;
        claim.keysHash = keysHash;
        claim.qualified = _qualified(handover);
        claim.signers = signers;
        claim.groupKey128 = groupKey128;
        claim.aggregate256 = aggregate256;
        claim.threshold256 = threshold256;
        _finish(handover, claim);
    }

    /// @inheritdoc IResharing
    function fail(uint64 chainId) external {
        Handover storage handover = _handovers[_current[chainId]];
        if (!_running(handover.phase)) revert WrongPhase(chainId, handover.phase);
        if (block.timestamp < handover.deadline) revert NotYet(handover.deadline);
        _fail(handover);
    }

    // --- reading

    /// @inheritdoc IResharing
    function windows() external view returns (Windows memory) {
        return _windows;
    }

    /// @inheritdoc IResharing
    function statusOf(uint64 chainId) external view returns (Status memory) {
        Handover storage handover = _handovers[_current[chainId]];
        return Status({
            phase: handover.phase,
            group: handover.group,
            era: handover.era,
            fromEpoch: handover.fromEpoch,
            epoch: handover.epoch,
            oldNodeIds: handover.oldNodeIds,
            nodeIds: handover.nodeIds,
            accepted: handover.accepted,
            dealt: handover.dealt,
            convicted: handover.convicted,
            phaseUntil: handover.phaseUntil,
            deadline: handover.deadline
        });
    }

    /// @inheritdoc IResharing
    function committeeOf(bytes32 group, uint32 era, uint32 epoch)
        external
        view
        returns (uint64 chainId, uint32[] memory nodeIds)
    {
        Handover storage handover = _handovers[keccak256(abi.encode(group, era, epoch))];
        if (handover.phase == Phase.Done) return (handover.chainId, handover.nodeIds);
    }

    /// @inheritdoc IResharing
    function encryptionKeyOf(uint64 chainId, uint16 seat) external view returns (bytes memory) {
        return _handovers[_current[chainId]].encryptionKeys[seat];
    }

    /// @inheritdoc IResharing
    function dealingHashOf(uint64 chainId, uint16 dealer) external view returns (bytes32) {
        return _handovers[_current[chainId]].dealings[dealer];
    }

    /// @inheritdoc IResharing
    function qualifiedOf(uint64 chainId) external view returns (uint64) {
        return _qualified(_handovers[_current[chainId]]);
    }

    // --- transitions

    function _openDealing(Handover storage handover) private {
        handover.phase = Phase.Dealing;
        uint64 until = uint64(block.timestamp) + _windows.dealing;
        handover.phaseUntil = until;
        emit ResharingOpened(handover.chainId, handover.era, handover.epoch, handover.accepted, until);
    }

    function _closeWhenAllDealt(Handover storage handover) private {
        bool all = handover.dealt == Seats.all(handover.oldMembers);
        if (all && Seats.count(_dealers(handover)) >= handover.oldQuorum) _closeDealing(handover);
    }

    function _closeDealing(Handover storage handover) private {
        handover.phase = Phase.Complaints;
        uint64 until = uint64(block.timestamp) + _windows.complaints;
        handover.phaseUntil = until;
        (uint64 chainId, uint32 era, uint32 epoch) = (handover.chainId, handover.era, handover.epoch);
        uint64 dealt = handover.dealt;
        for (uint16 dealer = 0; dealer < handover.oldMembers; dealer++) {
            if (!Seats.has(dealt, dealer)) {
                emit ShareDealerAbsent(chainId, era, epoch, dealer, handover.oldNodeIds[dealer]);
            }
        }
        emit ResharingClosed(chainId, era, epoch, _dealers(handover), until);
    }

    function _convict(Handover storage handover, uint16 dealer, Fault fault) private {
        handover.convicted |= uint64(1) << dealer;
        (uint64 chainId, uint32 era, uint32 epoch) = (handover.chainId, handover.era, handover.epoch);
        emit ShareDealerConvicted(chainId, era, epoch, dealer, handover.oldNodeIds[dealer], fault);
        uint256 quorum = handover.oldQuorum;
        if (handover.oldMembers - Seats.count(handover.convicted) < quorum) {
            _fail(handover);
        } else if (handover.phase == Phase.Dealing) {
            _closeWhenAllDealt(handover);
        } else if (Seats.count(_dealers(handover)) < quorum) {
            handover.phase = Phase.Dealing;
            uint64 until = uint64(block.timestamp) + _windows.dealing;
            handover.phaseUntil = until;
            handover.deadline += uint64(_windows.dealing) + _windows.complaints;
            emit ResharingReopened(chainId, era, epoch, _dealers(handover), until);
        }
    }

    function _finish(Handover storage handover, Ready.Claim memory claim) private {
        bytes memory groupKey = G1.compress(claim.groupKey128);
        if (keccak256(groupKey) != handover.groupKey) revert WrongGroupKey();
        uint32[] memory nodeIds = handover.nodeIds;
        if (!Ready.verify(_context(handover), nodeIds, nodes, claim)) revert BadSignature();
        handover.phase = Phase.Done;
        (uint64 chainId, uint32 era, uint32 epoch) = (handover.chainId, handover.era, handover.epoch);
        bytes32 committee = Ready.committeeHash(nodeIds, claim.keysHash);
        emit KeyReshared(chainId, era, epoch, groupKey, claim.keysHash, committee, claim.qualified, claim.signers);
        IResharingHost(host).keyReshared(chainId, era, epoch, claim.keysHash);
    }

    /// Names the convicted, and in the phase that ended it who did not accept or did not deal.
    function _fail(Handover storage handover) private {
        Phase phase = handover.phase;
        handover.phase = Phase.Failed;
        uint64 absent = Seats.all(handover.members) & ~handover.accepted;
        uint64 named = handover.convicted;
        if (phase == Phase.Dealing) named |= Seats.all(handover.oldMembers) & ~handover.dealt;
        uint32[] memory culprits = new uint32[](Seats.count(absent) + Seats.count(named));
        uint256 found = _name(culprits, 0, handover.nodeIds, absent);
        _name(culprits, found, handover.oldNodeIds, named);
        emit ResharingFailed(handover.chainId, handover.era, handover.epoch, culprits);
        IResharingHost(host).resharingFailed(handover.chainId, culprits);
    }

    function _name(uint32[] memory culprits, uint256 found, uint32[] storage nodeIds, uint64 bitmap)
        private
        view
        returns (uint256)
    {
        for (uint256 seat = 0; seat < nodeIds.length; seat++) {
            if (Seats.has(bitmap, seat)) culprits[found++] = nodeIds[seat];
        }
        return found;
    }

    function _seat(mapping(address => uint256) storage seats, uint32[] calldata nodeIds) private returns (uint8) {
        uint256 members = nodeIds.length;
        if (members == 0 || members > Seats.MOST) revert BadCommittee(members);
        for (uint256 seat = 0; seat < members; seat++) {
            address account = nodes.accountOf(nodeIds[seat]);
            if (account == address(0) || seats[account] != 0) revert BadCommittee(members);
            seats[account] = seat + 1;
        }
        // At most Seats.MOST.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint8(members);
    }

    // --- rules

    /// Before the window has passed only when every new member signs: each found all dealings in use good for itself.
    function _requireReadyNow(Handover storage handover, uint64 signers) private view {
        uint64 all = Seats.all(handover.members);
        if ((signers & ~all) != 0) revert BadSignature();
        uint256 count = Seats.count(signers);
        if (count < handover.quorum) revert TooFewSigners(count, handover.quorum);
        if (signers != all && block.timestamp < handover.phaseUntil) revert NotYet(handover.phaseUntil);
    }

    function _in(uint64 chainId, Phase phase) private view returns (Handover storage handover) {
        handover = _handovers[_current[chainId]];
        if (handover.phase != phase) revert WrongPhase(chainId, handover.phase);
    }

    function _accused(uint64 chainId, uint16 dealer, bytes calldata dealing)
        private
        view
        returns (Handover storage handover)
    {
        handover = _handovers[_current[chainId]];
        Phase phase = handover.phase;
        bool open = phase == Phase.Dealing || (phase == Phase.Complaints && block.timestamp < handover.phaseUntil);
        if (!open) revert WrongPhase(chainId, phase);
        if (dealer >= handover.oldMembers || !Seats.has(_dealers(handover), dealer)) revert UnknownDealing(dealer);
        if (handover.dealings[dealer] != keccak256(dealing)) revert UnknownDealing(dealer);
    }

    function _seatOf(mapping(address => uint256) storage seats, uint64 chainId, address account)
        private
        view
        returns (uint16)
    {
        uint256 seat = seats[account];
        if (seat == 0) revert NotAMember(chainId, account);
        // A seat is below Seats.MOST.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint16(seat - 1);
    }

    function _context(Handover storage handover) private view returns (Court.Context memory) {
        return Court.Context(handover.group, handover.era, handover.epoch);
    }

    function _case(Handover storage handover, uint16 dealer) private view returns (Court.Case memory) {
        return Court.Case(_context(handover), dealer, handover.quorum);
    }

    /// Old seats whose dealings count.
    function _dealers(Handover storage handover) private view returns (uint64) {
        return handover.dealt & ~handover.convicted;
    }

    /// Q: one set for everybody, or members would interpolate different polynomials.
    function _qualified(Handover storage handover) private view returns (uint64) {
        return Seats.lowest(_dealers(handover), handover.oldQuorum);
    }

    function _running(Phase phase) private pure returns (bool) {
        return phase == Phase.Accepting || phase == Phase.Dealing || phase == Phase.Complaints;
    }
}
