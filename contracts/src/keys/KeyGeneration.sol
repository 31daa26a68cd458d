// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Court} from "./Court.sol";
import {Dealings} from "./Dealings.sol";
import {G1} from "./G1.sol";
import {Ready} from "./Ready.sol";
import {Seats} from "./Seats.sol";
import {IKeyGeneration} from "./interfaces/IKeyGeneration.sol";
import {IKeyGenerationHost} from "./interfaces/IKeyGenerationHost.sol";
import {INodeKeys} from "./interfaces/INodeKeys.sol";

/// @notice Key generation among the nodes of one committee: Accepting -> Dealing -> Complaints -> Done, back to Dealing
/// when convictions leave fewer than q dealers, Failed when it cannot end. One generation a chain at a time.
contract KeyGeneration is IKeyGeneration {
    using Dealings for bytes;

    struct Generation {
        bytes32 group;
        uint64 chainId;
        /// Who ordered it and is told of its end.
        address host;
        uint32 era;
        uint32 epoch;
        uint8 members;
        uint8 quorum;
        Phase phase;
        uint64 accepted;
        uint64 dealt;
        uint64 convicted;
        uint64 phaseUntil;
        uint64 deadline;
        uint32[] nodeIds;
        /// Seat + 1 by account, as of the beginning; 0 for strangers.
        mapping(address account => uint256) seats;
        mapping(uint256 seat => bytes) encryptionKeys;
        mapping(uint256 seat => bytes32) dealings;
    }

    struct Key {
        uint32 era;
        uint32 epoch;
        bytes groupKey;
        bytes32 keysHash;
        bytes32 committee;
    }

    uint256 public constant MAX_MEMBERS = Seats.MOST;

    /// The chain registry, for first keys, and the Recovery and the Renewals, for later ones.
    address public immutable host;
    address public immutable recovery;
    address public immutable renewals;
    INodeKeys public immutable nodes;
    Windows private _windows;

    mapping(bytes32 slot => Generation) private _generations;
    mapping(uint64 chainId => bytes32 slot) private _current;
    mapping(uint64 chainId => Key) private _keys;

    error BadWindows();

    constructor(address host_, address recovery_, address renewals_, INodeKeys nodes_, Windows memory windows_) {
        if (windows_.total < uint256(windows_.accept) + windows_.dealing + windows_.complaints) revert BadWindows();
        host = host_;
        recovery = recovery_;
        renewals = renewals_;
        nodes = nodes_;
        _windows = windows_;
    }

    modifier onlyHost() {
        if (msg.sender != host && msg.sender != recovery && msg.sender != renewals) revert OnlyHost(msg.sender);
        _;
    }

    // --- the host's side

    function begin(uint64 chainId, bytes32 group, uint32 era, uint32 epoch, uint32[] calldata nodeIds)
        external
        onlyHost
    {
        uint256 members = nodeIds.length;
        if (members == 0 || members > MAX_MEMBERS) revert BadCommittee(members);
        if (_running(_generations[_current[chainId]].phase)) revert AlreadyRunning(chainId);
        bytes32 slot = keccak256(abi.encode(group, era, epoch));
        Generation storage generation = _generations[slot];
        if (generation.phase != Phase.None) revert SlotUsed(group, era, epoch);
        _current[chainId] = slot;
        generation.group = group;
        generation.chainId = chainId;
        generation.host = msg.sender;
        generation.era = era;
        generation.epoch = epoch;
        // At most MAX_MEMBERS.
        // forge-lint: disable-next-line(unsafe-typecast)
        generation.members = uint8(members);
        generation.quorum = Seats.quorum(members);
        generation.phase = Phase.Accepting;
        generation.phaseUntil = uint64(block.timestamp) + _windows.accept;
        generation.deadline = uint64(block.timestamp) + _windows.total;
        generation.nodeIds = nodeIds;
        for (uint256 seat = 0; seat < members; seat++) {
            address account = nodes.accountOf(nodeIds[seat]);
            if (account == address(0) || generation.seats[account] != 0) revert BadCommittee(members);
            generation.seats[account] = seat + 1;
        }
        emit KeyGenerationBegun(chainId, group, era, epoch, nodeIds, generation.phaseUntil);
    }

    function cancel(uint64 chainId) external onlyHost {
        Generation storage generation = _generations[_current[chainId]];
        if (!_running(generation.phase) || generation.host != msg.sender) return;
        generation.phase = Phase.Failed;
        emit KeyGenerationFailed(chainId, generation.era, generation.epoch, new uint32[](0));
    }

    // --- the members' side

    function acceptSeat(uint64 chainId, bytes calldata encryptionKey, bytes calldata proof) external {
        Generation storage generation = _in(chainId, Phase.Accepting);
        uint16 seat = _seatOf(generation, msg.sender);
        if (Seats.has(generation.accepted, seat)) revert AlreadyDone(seat);
        if (proof.length != 64) revert BadProof();
        uint256 c = uint256(bytes32(proof[:32]));
        uint256 z = uint256(bytes32(proof[32:]));
        if (!Court.provesKey(_context(generation), seat, encryptionKey, c, z)) revert BadProof();
        generation.encryptionKeys[seat] = encryptionKey;
        generation.accepted |= uint64(1) << seat;
        emit SeatAccepted(chainId, generation.era, generation.epoch, seat, encryptionKey);
        if (generation.accepted == _all(generation)) _openDealing(generation);
    }

    function deal(uint64 chainId, bytes calldata dealing) external {
        Generation storage generation = _in(chainId, Phase.Dealing);
        uint16 seat = _seatOf(generation, msg.sender);
        if (!Seats.has(generation.accepted, seat)) revert NotAMember(chainId, msg.sender);
        // A convicted dealer has dealt too: nobody deals twice.
        if (Seats.has(generation.dealt, seat)) revert AlreadyDone(seat);
        if (!dealing.wellFormed(generation.members, generation.quorum)) revert BadDealing();
        generation.dealings[seat] = keccak256(dealing);
        generation.dealt |= uint64(1) << seat;
        emit Dealt(chainId, generation.era, generation.epoch, seat, dealing);
        _closeWhenAllDealt(generation);
    }

    function advance(uint64 chainId) external {
        Generation storage generation = _generations[_current[chainId]];
        bool accepting = generation.phase == Phase.Accepting;
        if (!accepting && generation.phase != Phase.Dealing) revert WrongPhase(chainId, generation.phase);
        if (block.timestamp < generation.phaseUntil) revert NotYet(generation.phaseUntil);
        uint256 count = Seats.count(accepting ? generation.accepted : _dealers(generation));
        if (count < generation.quorum) revert TooFewSigners(count, generation.quorum);
        if (accepting) _openDealing(generation);
        else _closeDealing(generation);
    }

    // --- the court

    function complainEncoding(uint64 chainId, uint16 dealer, bytes calldata dealing, uint256 index) external {
        Generation storage generation = _accused(chainId, dealer, dealing);
        if (index > generation.quorum || !Court.isBadPoint(dealing, index)) revert NotGuilty(dealer);
        _convict(generation, dealer, Fault.Encoding);
    }

    function complainProof(uint64 chainId, uint16 dealer, bytes calldata dealing) external {
        Generation storage generation = _accused(chainId, dealer, dealing);
        if (!Court.isBadProof(_case(generation, dealer), dealing)) revert NotGuilty(dealer);
        _convict(generation, dealer, Fault.Proof);
    }

    function complainShare(
        uint64 chainId,
        uint16 dealer,
        bytes calldata dealing,
        bytes calldata shared,
        uint256 challenge,
        uint256 response
    ) external {
        Generation storage generation = _accused(chainId, dealer, dealing);
        uint16 accuser = _seatOf(generation, msg.sender);
        if (!Seats.has(generation.accepted, accuser)) revert NotAMember(chainId, msg.sender);
        Court.ShareEvidence memory evidence =
            Court.ShareEvidence(accuser, generation.encryptionKeys[accuser], shared, challenge, response);
        if (!Court.isBadShare(_case(generation, dealer), dealing, evidence)) revert NotGuilty(dealer);
        _convict(generation, dealer, Fault.Share);
    }

    // --- the end

    function postReady(uint64 chainId, bytes calldata registered, bytes calldata share) external {
        Generation storage generation = _in(chainId, Phase.Complaints);
        uint16 seat = _seatOf(generation, msg.sender);
        if (registered.length != 96 || share.length != 96) revert BadSignature();
        emit ReadyPosted(chainId, generation.era, generation.epoch, seat, registered, share);
    }

    /// @dev That the key is the sum of the qualified A_0, and keysHash that of the Y_j, is not computed again here: q signers
    /// hold at least one honest member that did, and the sums would take every dealing once more as calldata. What
    /// is checked is that q named nodes vouch for it and that q of the new shares work.
    function ready(
        uint64 chainId,
        bytes calldata groupKey128,
        bytes32 keysHash,
        uint64 signers,
        bytes calldata aggregate256,
        bytes calldata threshold256
    ) external {
        Generation storage generation = _in(chainId, Phase.Complaints);
        uint64 qualified = _dealers(generation);
        _requireReadyNow(generation, signers, qualified);
        Ready.Claim memory claim;
        claim.keysHash = keysHash;
        claim.qualified = qualified;
        claim.signers = signers;
        claim.groupKey128 = groupKey128;
        claim.aggregate256 = aggregate256;
        claim.threshold256 = threshold256;
        _finish(generation, claim);
    }

    function fail(uint64 chainId) external {
        Generation storage generation = _generations[_current[chainId]];
        if (!_running(generation.phase)) revert WrongPhase(chainId, generation.phase);
        if (block.timestamp < generation.deadline) revert NotYet(generation.deadline);
        uint64 absent = generation.phase == Phase.Dealing ? generation.accepted & ~generation.dealt : 0;
        _fail(generation, absent);
    }

    // --- reading

    function windows() external view returns (Windows memory) {
        return _windows;
    }

    function statusOf(uint64 chainId) external view returns (Status memory status) {
        Generation storage generation = _generations[_current[chainId]];
        status.phase = generation.phase;
        status.group = generation.group;
        status.era = generation.era;
        status.epoch = generation.epoch;
        status.nodeIds = generation.nodeIds;
        status.accepted = generation.accepted;
        status.dealt = generation.dealt;
        status.convicted = generation.convicted;
        status.phaseUntil = generation.phaseUntil;
        status.deadline = generation.deadline;
    }

    function committeeOf(bytes32 group, uint32 era, uint32 epoch)
        external
        view
        returns (uint64 chainId, uint32[] memory nodeIds)
    {
        Generation storage generation = _generations[keccak256(abi.encode(group, era, epoch))];
        if (generation.phase == Phase.Done) return (generation.chainId, generation.nodeIds);
    }

    function encryptionKeyOf(uint64 chainId, uint16 seat) external view returns (bytes memory) {
        return _generations[_current[chainId]].encryptionKeys[seat];
    }

    function dealingHashOf(uint64 chainId, uint16 seat) external view returns (bytes32) {
        return _generations[_current[chainId]].dealings[seat];
    }

    function keyOf(uint64 chainId)
        external
        view
        returns (uint32 era, uint32 epoch, bytes memory groupKey, bytes32 keysHash, bytes32 committee)
    {
        Key storage key = _keys[chainId];
        return (key.era, key.epoch, key.groupKey, key.keysHash, key.committee);
    }

    // --- transitions

    function _openDealing(Generation storage generation) private {
        generation.phase = Phase.Dealing;
        uint64 until = uint64(block.timestamp) + _windows.dealing;
        generation.phaseUntil = until;
        emit DealingOpened(generation.chainId, generation.era, generation.epoch, generation.accepted, until);
    }

    function _closeWhenAllDealt(Generation storage generation) private {
        if ((generation.accepted & ~generation.dealt) == 0 && Seats.count(_dealers(generation)) >= generation.quorum) {
            _closeDealing(generation);
        }
    }

    function _closeDealing(Generation storage generation) private {
        generation.phase = Phase.Complaints;
        uint64 until = uint64(block.timestamp) + _windows.complaints;
        generation.phaseUntil = until;
        (uint64 chainId, uint32 era, uint32 epoch) = (generation.chainId, generation.era, generation.epoch);
        uint64 dealt = generation.dealt;
        for (uint16 seat = 0; seat < generation.members; seat++) {
            if (!Seats.has(dealt, seat)) emit DealerAbsent(chainId, era, epoch, seat, generation.nodeIds[seat]);
        }
        emit DealingClosed(chainId, era, epoch, _dealers(generation), until);
    }

    function _convict(Generation storage generation, uint16 dealer, Fault fault) private {
        generation.convicted |= uint64(1) << dealer;
        (uint64 chainId, uint32 era, uint32 epoch) = (generation.chainId, generation.era, generation.epoch);
        emit DealerConvicted(chainId, era, epoch, dealer, generation.nodeIds[dealer], fault);
        uint256 quorum = generation.quorum;
        if (Seats.count(generation.accepted & ~generation.convicted) < quorum) {
            _fail(generation, 0);
        } else if (generation.phase == Phase.Dealing) {
            _closeWhenAllDealt(generation);
        } else if (Seats.count(_dealers(generation)) < quorum) {
            generation.phase = Phase.Dealing;
            uint64 until = uint64(block.timestamp) + _windows.dealing;
            generation.phaseUntil = until;
            generation.deadline += uint64(_windows.dealing) + _windows.complaints;
            emit DealingReopened(chainId, era, epoch, _dealers(generation), until);
        }
    }

    /// Names those who did not accept, the convicted, and `absent`.
    function _fail(Generation storage generation, uint64 absent) private {
        generation.phase = Phase.Failed;
        uint64 named = (_all(generation) & ~generation.accepted) | generation.convicted | absent;
        uint32[] memory culprits = new uint32[](Seats.count(named));
        uint256 found = 0;
        for (uint16 seat = 0; seat < generation.members; seat++) {
            if (Seats.has(named, seat)) culprits[found++] = generation.nodeIds[seat];
        }
        emit KeyGenerationFailed(generation.chainId, generation.era, generation.epoch, culprits);
        IKeyGenerationHost(generation.host).keyGenerationFailed(generation.chainId, culprits);
    }

    function _finish(Generation storage generation, Ready.Claim memory claim) private {
        uint32[] memory nodeIds = generation.nodeIds;
        if (!Ready.verify(_context(generation), nodeIds, nodes, claim)) revert BadSignature();
        generation.phase = Phase.Done;
        uint64 chainId = generation.chainId;
        Key memory key = Key(
            generation.era,
            generation.epoch,
            G1.compress(claim.groupKey128),
            claim.keysHash,
            Ready.committeeHash(nodeIds, claim.keysHash)
        );
        _keys[chainId] = key;
        emit KeyGenerated(
            chainId, key.era, key.epoch, key.groupKey, key.keysHash, key.committee, claim.qualified, claim.signers
        );
        IKeyGenerationHost(generation.host).keyGenerated(chainId, key.era, key.epoch, key.groupKey, key.keysHash);
    }

    // --- rules

    /// Before the window has passed only when everybody dealt well and says so: then nobody is left to complain.
    function _requireReadyNow(Generation storage generation, uint64 signers, uint64 qualified) private view {
        uint64 all = _all(generation);
        if ((signers & ~all) != 0) revert BadSignature();
        if (Seats.count(signers) < generation.quorum) revert TooFewSigners(Seats.count(signers), generation.quorum);
        bool unanimous = signers == all && qualified == all;
        if (!unanimous && block.timestamp < generation.phaseUntil) revert NotYet(generation.phaseUntil);
    }

    function _in(uint64 chainId, Phase phase) private view returns (Generation storage generation) {
        generation = _generations[_current[chainId]];
        if (generation.phase != phase) revert WrongPhase(chainId, generation.phase);
    }

    function _accused(uint64 chainId, uint16 dealer, bytes calldata dealing)
        private
        view
        returns (Generation storage generation)
    {
        generation = _generations[_current[chainId]];
        Phase phase = generation.phase;
        bool open = phase == Phase.Dealing || (phase == Phase.Complaints && block.timestamp < generation.phaseUntil);
        if (!open) revert WrongPhase(chainId, phase);
        if (dealer >= generation.members || !Seats.has(_dealers(generation), dealer)) revert UnknownDealing(dealer);
        if (generation.dealings[dealer] != keccak256(dealing)) revert UnknownDealing(dealer);
    }

    function _seatOf(Generation storage generation, address account) private view returns (uint16) {
        uint256 seat = generation.seats[account];
        if (seat == 0) revert NotAMember(generation.chainId, account);
        // A seat is below MAX_MEMBERS.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint16(seat - 1);
    }

    function _context(Generation storage generation) private view returns (Court.Context memory) {
        return Court.Context(generation.group, generation.era, generation.epoch);
    }

    function _case(Generation storage generation, uint16 dealer) private view returns (Court.Case memory) {
        return Court.Case(_context(generation), dealer, generation.quorum);
    }

    /// Seats whose dealings count.
    function _dealers(Generation storage generation) private view returns (uint64) {
        return generation.dealt & ~generation.convicted;
    }

    function _all(Generation storage generation) private view returns (uint64) {
        return Seats.all(generation.members);
    }

    function _running(Phase phase) private pure returns (bool) {
        return phase == Phase.Accepting || phase == Phase.Dealing || phase == Phase.Complaints;
    }
}
