// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";
import {IChains} from "./interfaces/IChains.sol";
import {ICommittees} from "./interfaces/ICommittees.sol";
import {IRotations} from "./interfaces/IRotations.sol";
import {Draw} from "./libraries/Draw.sol";
import {Slots} from "./libraries/Slots.sol";
import {WeightTree} from "./libraries/WeightTree.sol";

/// @notice Slots of nodes and the selection of committees. See ICommittees.
contract Committees is ICommittees, AccessManaged {
    using Draw for Draw.Field;
    using WeightTree for WeightTree.Tree;

    bytes32 private constant SEED_TAG = keccak256("tributary/v1/committee");
    /// Below 2 the request's own block could be the seed; above 256 every request would need the history contract.
    uint32 public constant LOWEST_DELAY = 2;
    uint32 public constant HIGHEST_DELAY = 256;
    /// Waiting changes applied after a selection, so that the line empties by use.
    uint256 private constant SETTLE_ENTRIES = 2;

    enum Kind {
        Available,
        Unavailable,
        Release,
        ReleaseIncoming,
        ReleaseLeavers
    }

    /// Where the leavers of a rotation are: still members, replaced with their slots kept, or about to give these back.
    enum Leavers {
        Inside,
        Outside,
        Releasing
    }

    /// @param subject Node or chain id.
    struct Change {
        Kind kind;
        uint64 subject;
        uint32 validatorId;
    }

    address public immutable nodes;
    IChains public immutable chains;
    IRotations public immutable rotations;

    uint32 public selectionDelay;
    Draw.Field private _field;

    uint256 private _firstRequest;
    uint256 private _endRequest;
    mapping(uint256 position => Request) private _requests;
    mapping(uint64 chainId => uint256 positionPlusOne) private _positions;

    uint64 private _firstChange;
    uint64 private _endChange;
    mapping(uint64 position => Change) private _changes;

    mapping(uint64 chainId => uint32[]) private _committees;
    mapping(uint64 chainId => uint8) private _slots;
    /// Of a rotation: who leaves, and who was drawn for their seats, in the same order. After the rotation, leavers keep
    /// their slots for a while.
    mapping(uint64 chainId => uint32[]) private _leaving;
    mapping(uint64 chainId => uint32[]) private _incoming;
    mapping(uint64 chainId => Leavers) private _leavers;

    constructor(address authority, address nodes_, IChains chains_, IRotations rotations_, uint32 selectionDelay_)
        AccessManaged(authority)
    {
        nodes = nodes_;
        chains = chains_;
        rotations = rotations_;
        _setSelectionDelay(selectionDelay_);
    }

    modifier onlyRotations() {
        if (msg.sender != address(rotations)) revert OnlyRotations(msg.sender);
        _;
    }

    /// @inheritdoc ICommittees
    function select(uint64 chainId, bytes calldata headerRlp) external {
        Request memory next = _takeOrder(chainId);
        bytes32 seed = _seedOf(next, headerRlp);
        _settle(next.changesBefore, type(uint256).max);
        delete _requests[_firstRequest++];
        delete _positions[chainId];

        if (next.replacement) _replace(next, seed);
        else _fill(next, seed);
    }

    /// @inheritdoc ICommittees
    function rearm(uint64 chainId) external {
        Request memory next = _takeOrder(chainId);
        if (block.number <= next.seedBlock) revert SeedBlockNotReached(next.seedBlock, block.number);
        if (Blockhash.blockHash(next.seedBlock) != 0) revert SeedBlockStillKnown(next.seedBlock);
        uint64 seedBlock = uint64(block.number) + selectionDelay;
        _requests[_firstRequest].seedBlock = seedBlock;
        emit SelectionRearmed(chainId, next.seedBlock, seedBlock);
    }

    /// @inheritdoc ICommittees
    function settle(uint256 entries) external returns (uint256 applied) {
        return _settle(_settleLimit(), entries);
    }

    /// @inheritdoc ICommittees
    function request(uint64 chainId, uint8 slots, uint8 members) external returns (uint64 seedBlock) {
        if (msg.sender != address(chains)) revert OnlyChains(msg.sender);
        if (nodesWith(slots) < members) revert NotEnoughNodes(nodesWith(slots), members);
        return _enqueue(chainId, slots, members, false);
    }

    /// @inheritdoc ICommittees
    function requestSeats(uint64 chainId, uint32[] calldata leaving, uint8 seats)
        external
        onlyRotations
        returns (uint64 seedBlock)
    {
        if (_leaving[chainId].length != 0 || _incoming[chainId].length != 0) {
            revert StillReleasing(chainId);
        }
        // Replacements may wait for nodes; who wants more seats hears at once that there are none.
        if (seats > leaving.length) {
            uint256 outside = _nodesOutside(chainId);
            if (outside < seats) revert NotEnoughNodes(outside, seats);
        }
        _leaving[chainId] = leaving;
        return _enqueue(chainId, _slots[chainId], seats, true);
    }

    /// @inheritdoc ICommittees
    function commitSeats(uint64 chainId) external onlyRotations {
        uint32[] memory incoming = _incoming[chainId];
        bool someLeave = _leaving[chainId].length > 0;
        if (incoming.length == 0 && !someLeave) return;
        _committees[chainId] = _withIncoming(chainId, incoming);
        delete _incoming[chainId];
        if (someLeave) _leavers[chainId] = Leavers.Outside;
    }

    /// @inheritdoc ICommittees
    function dropSeats(uint64 chainId) external onlyRotations {
        delete _leaving[chainId];
        if (_incoming[chainId].length > 0) {
            _record(Change({kind: Kind.ReleaseIncoming, subject: chainId, validatorId: 0}));
        }
    }

    /// @inheritdoc ICommittees
    function releaseLeavers(uint64 chainId) external onlyRotations returns (bool) {
        if (_leavers[chainId] != Leavers.Outside) return false;
        _leavers[chainId] = Leavers.Releasing;
        _record(Change({kind: Kind.ReleaseLeavers, subject: chainId, validatorId: 0}));
        return true;
    }

    /// In line behind what was asked for before.
    function _enqueue(uint64 chainId, uint8 slots, uint8 members, bool replacement) private returns (uint64 seedBlock) {
        seedBlock = uint64(block.number) + selectionDelay;
        uint256 position = _endRequest++;
        _requests[position] = Request({
            chainId: chainId,
            seedBlock: seedBlock,
            changesBefore: _endChange,
            slots: slots,
            members: members,
            replacement: replacement
        });
        _positions[chainId] = position + 1;
        emit SelectionRequested(chainId, seedBlock, slots, members);
    }

    /// @inheritdoc ICommittees
    function release(uint64 chainId) external {
        if (msg.sender != address(chains)) revert OnlyChains(msg.sender);
        _record(Change({kind: Kind.Release, subject: chainId, validatorId: 0}));
    }

    /// @inheritdoc ICommittees
    function nodeRegistered(uint32 nodeId, uint32 validatorId) external {
        if (msg.sender != nodes) revert OnlyNodes(msg.sender);
        _record(Change({kind: Kind.Available, subject: nodeId, validatorId: validatorId}));
    }

    /// @inheritdoc ICommittees
    function nodeExiting(uint32 nodeId) external {
        if (msg.sender != nodes) revert OnlyNodes(msg.sender);
        _record(Change({kind: Kind.Unavailable, subject: nodeId, validatorId: 0}));
    }

    /// @inheritdoc ICommittees
    function setSelectionDelay(uint32 blocks) external restricted {
        _setSelectionDelay(blocks);
    }

    /// @inheritdoc ICommittees
    function nextRequest() external view returns (Request memory) {
        return _requests[_firstRequest];
    }

    /// @inheritdoc ICommittees
    function seedBlockKnown(uint64 chainId) external view returns (bool) {
        uint256 seedBlock = requestOf(chainId).seedBlock;
        return seedBlock != 0 && block.number > seedBlock && Blockhash.blockHash(seedBlock) != 0;
    }

    /// @inheritdoc ICommittees
    function requestOf(uint64 chainId) public view returns (Request memory found) {
        uint256 position = _positions[chainId];
        if (position != 0) found = _requests[position - 1];
    }

    /// @inheritdoc ICommittees
    function pendingRequests() external view returns (uint256) {
        return _endRequest - _firstRequest;
    }

    /// @inheritdoc ICommittees
    function pendingChanges() external view returns (uint256) {
        return _endChange - _firstChange;
    }

    /// @inheritdoc ICommittees
    function committeeOf(uint64 chainId) external view returns (uint32[] memory) {
        return _committees[chainId];
    }

    /// @inheritdoc ICommittees
    function rotatingOf(uint64 chainId) external view returns (uint32[] memory incoming, uint32[] memory leavers) {
        incoming = _incoming[chainId];
        if (_leavers[chainId] != Leavers.Inside) leavers = _leaving[chainId];
    }

    /// @inheritdoc ICommittees
    function slotsOf(uint32 nodeId) external view returns (bool available, uint256 used, uint256 free) {
        Draw.Entry storage entry = _field.entries[nodeId];
        available = entry.available;
        used = entry.used;
        free = available ? Slots.PER_NODE - used : 0;
    }

    /// @inheritdoc ICommittees
    function isIdle(uint32 nodeId) external view returns (bool) {
        Draw.Entry storage entry = _field.entries[nodeId];
        return entry.group != 0 && !entry.available && entry.used == 0;
    }

    /// @inheritdoc ICommittees
    function freeSlots(uint8 slots) external view returns (uint256) {
        return WeightTree.laneOf(_field.groups.total(), Slots.lane(slots));
    }

    /// @inheritdoc ICommittees
    function nodesWith(uint8 slots) public view returns (uint256) {
        return WeightTree.laneOf(_field.groups.total(), Slots.countLane(slots));
    }

    /// A new chain's committee.
    function _fill(Request memory next, bytes32 seed) private {
        uint64 chainId = next.chainId;
        (uint32[] memory nodeIds, uint256 filled) = _field.draw(seed, next.slots, next.members);
        bool complete = filled == next.members;
        if (complete) {
            _committees[chainId] = nodeIds;
            _slots[chainId] = next.slots;
            emit CommitteeSelected(chainId, next.seedBlock, seed, nodeIds);
        } else {
            emit CommitteeUnavailable(chainId, filled, next.members, Slots.seatCap(next.members));
        }
        _settle(_settleLimit(), SETTLE_ENTRIES);
        if (complete) chains.committeeSelected(chainId, nodeIds);
        else chains.committeeUnavailable(chainId);
    }

    /// Available nodes with room for the chain that are not its members.
    function _nodesOutside(uint64 chainId) private view returns (uint256 outside) {
        uint8 slots = _slots[chainId];
        outside = nodesWith(slots);
        uint32[] memory members = _committees[chainId];
        for (uint256 seat = 0; seat < members.length; seat++) {
            Draw.Entry storage entry = _field.entries[members[seat]];
            if (entry.available && Slots.PER_NODE - entry.used >= slots) outside--;
        }
    }

    /// Nodes for the seats of leavers, and beside them where the committee grows.
    function _replace(Request memory next, bytes32 seed) private {
        uint64 chainId = next.chainId;
        uint32[] memory leaving = _leaving[chainId];
        uint32[] memory staying = _staying(_committees[chainId], leaving);
        (uint32[] memory nodeIds, uint256 filled) = _field.drawBeside(seed, next.slots, next.members, staying, leaving);
        bool complete = filled == next.members;
        if (complete) {
            _incoming[chainId] = nodeIds;
            emit SeatsSelected(chainId, next.seedBlock, seed, leaving, nodeIds);
        } else {
            delete _leaving[chainId];
            emit SeatsUnavailable(chainId, filled, next.members);
        }
        uint32[] memory committee = complete ? _withIncoming(chainId, nodeIds) : leaving;
        // Behind what the request stood before: a chain that ended meanwhile gives all back here.
        _settle(_settleLimit(), SETTLE_ENTRIES);
        if (complete) rotations.seatsSelected(chainId, committee);
        else rotations.seatsUnavailable(chainId);
    }

    /// The committee with the leavers' seats taken by those drawn. Others of these follow behind the last seat; seats that
    /// nobody takes are closed up.
    function _withIncoming(uint64 chainId, uint32[] memory incoming) private view returns (uint32[] memory committee) {
        uint32[] memory before = _committees[chainId];
        uint32[] memory leaving = _leaving[chainId];
        committee = new uint32[](before.length - leaving.length + incoming.length);
        uint256 seat = 0;
        uint256 taken = 0;
        uint256 gone = 0;
        for (uint256 i = 0; i < before.length; i++) {
            if (gone == leaving.length || before[i] != leaving[gone]) {
                committee[seat++] = before[i];
            } else {
                gone++;
                if (taken < incoming.length) committee[seat++] = incoming[taken++];
            }
        }
        while (taken < incoming.length) committee[seat++] = incoming[taken++];
    }

    /// Both by ascending seat.
    function _staying(uint32[] memory committee, uint32[] memory leaving)
        private
        pure
        returns (uint32[] memory staying)
    {
        staying = new uint32[](committee.length - leaving.length);
        uint256 gone = 0;
        for (uint256 seat = 0; seat < committee.length; seat++) {
            if (gone < leaving.length && committee[seat] == leaving[gone]) gone++;
            else staying[seat - gone] = committee[seat];
        }
    }

    function _takeOrder(uint64 chainId) private view returns (Request memory next) {
        if (_positions[chainId] == 0) revert NothingRequested(chainId);
        next = _requests[_firstRequest];
        if (next.chainId != chainId) revert NotNext(chainId, next.chainId);
    }

    function _seedOf(Request memory next, bytes calldata headerRlp) private view returns (bytes32) {
        if (block.number <= next.seedBlock) revert SeedBlockNotReached(next.seedBlock, block.number);
        bytes32 known = Blockhash.blockHash(next.seedBlock);
        if (known == 0) revert SeedBlockExpired(next.seedBlock);
        bytes32 given = keccak256(headerRlp);
        if (given != known) revert WrongHeader(next.seedBlock, known, given);
        bytes32 mixHash = BlockHeader.getPrevRandao(headerRlp);
        return keccak256(abi.encode(SEED_TAG, block.chainid, address(this), next.chainId, mixHash));
    }

    /// A change takes effect at once unless something waits before it.
    function _record(Change memory change) private {
        if (_firstRequest == _endRequest && _firstChange == _endChange) {
            _apply(change);
            return;
        }
        _changes[_endChange++] = change;
        _settle(_settleLimit(), SETTLE_ENTRIES);
    }

    /// Changes up to the oldest request's place in the line.
    function _settleLimit() private view returns (uint64) {
        return _firstRequest == _endRequest ? _endChange : _requests[_firstRequest].changesBefore;
    }

    function _settle(uint64 limit, uint256 entries) private returns (uint256 applied) {
        uint64 position = _firstChange;
        for (; position < limit && applied < entries; applied++) {
            Change memory change = _changes[position];
            delete _changes[position++];
            _apply(change);
        }
        _firstChange = position;
    }

    function _apply(Change memory change) private {
        if (change.kind == Kind.Available) {
            _field.add(uint32(change.subject), change.validatorId);
            emit NodeAvailable(uint32(change.subject), change.validatorId);
        } else if (change.kind == Kind.Unavailable) {
            _field.remove(uint32(change.subject));
            emit NodeUnavailable(uint32(change.subject));
        } else if (change.kind == Kind.Release) {
            _release(change.subject);
        } else if (change.kind == Kind.ReleaseIncoming) {
            _free(change.subject, _slots[change.subject], _incoming);
        } else {
            _free(change.subject, _slots[change.subject], _leaving);
            delete _leavers[change.subject];
        }
    }

    /// All that the chain holds, also of a rotation that did not end.
    function _release(uint64 chainId) private {
        uint8 slots = _slots[chainId];
        // Leavers that are still members go with the committee.
        if (_leavers[chainId] == Leavers.Inside) delete _leaving[chainId];
        _free(chainId, slots, _committees);
        _free(chainId, slots, _incoming);
        _free(chainId, slots, _leaving);
        delete _slots[chainId];
        delete _leavers[chainId];
    }

    function _free(uint64 chainId, uint8 slots, mapping(uint64 => uint32[]) storage lists) private {
        uint32[] memory nodeIds = lists[chainId];
        if (nodeIds.length == 0) return;
        delete lists[chainId];
        for (uint256 i = 0; i < nodeIds.length; i++) {
            _field.free(nodeIds[i], slots);
        }
        emit SlotsReleased(chainId, slots, nodeIds);
    }

    function _setSelectionDelay(uint32 blocks) private {
        if (blocks < LOWEST_DELAY || blocks > HIGHEST_DELAY) {
            revert SelectionDelayOutOfBounds(blocks, LOWEST_DELAY, HIGHEST_DELAY);
        }
        selectionDelay = blocks;
        emit SelectionDelayChanged(blocks);
    }
}
