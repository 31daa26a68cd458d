// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice Evidence that a member of a committee contradicted itself: u8 version ‖ u8 kind ‖ slot (group, u32 era,
/// u32 epoch, u64 height) ‖ u16 seat ‖ two statements of that seat in that slot, each content ‖ signature. What may be
/// said by an honest member is never evidence. Total: answers for any bytes, in bounded gas.
/// @dev The same encoding and the same verdicts as packages/protocol/src/evidence.
library Evidence {
    /// What contradicts itself.
    enum Kind {
        Proposal,
        Ack,
        Decide,
        Final,
        Aux,
        Conf,
        Done
    }

    /// Malformed: not the one encoding of any evidence. NoSuchSeat: the committee has fewer. Lawful: an honest member may
    /// say both. BadSignature: not by the seat's key, or not in the one form (low s, recovery id 0 or 1).
    enum Verdict {
        Proven,
        Malformed,
        NoSuchSeat,
        Lawful,
        BadSignature
    }

    /// Whom and what the evidence is about.
    struct Offence {
        Kind kind;
        bytes32 group;
        uint32 era;
        uint32 epoch;
        uint64 height;
        uint16 seat;
    }

    /// Where content ‖ signature stand.
    struct Statement {
        uint256 start;
        uint256 end;
    }

    /// @param first, last Which record contradicts which, in the first and in the last message; 0 without votes.
    struct Parts {
        Statement one;
        Statement two;
        bool single;
        uint256 first;
        uint256 last;
    }

    struct VoteRecord {
        uint256 kind;
        uint256 round;
        uint256 zeros;
        uint256 ones;
    }

    bytes32 private constant PROPOSAL = keccak256("tributary/v1/proposal");
    bytes32 private constant ACK = keccak256("tributary/v1/ack");
    bytes32 private constant DECIDE = keccak256("tributary/v1/decide");
    bytes32 private constant FINAL = keccak256("tributary/v1/final-msg");
    bytes32 private constant VOTE = keccak256("tributary/v1/vote");

    uint256 private constant MAX_MEMBERS = 64;
    uint256 private constant MAX_RECORDS = 256;
    /// Heights are numbers that every implementation can hold exactly.
    uint256 private constant MAX_HEIGHT = 2 ** 53 - 1;

    /// version ‖ kind
    uint256 private constant SLOT = 2;
    uint256 private constant SEAT = 50;
    uint256 private constant HEAD = 52;
    /// A proposal header's fields without the seat: version (2) ‖ what follows the seat.
    uint256 private constant PROPOSAL_BYTES = 249;
    /// Hash ‖ BLS share.
    uint256 private constant SHARE_BYTES = 128;
    uint256 private constant RECORD_BYTES = 19;
    uint256 private constant SIGNATURE_BYTES = 65;

    /// @notice Whom the evidence names; false where it is malformed.
    function offenceOf(bytes calldata evidence) internal pure returns (bool wellFormed, Offence memory offence) {
        (wellFormed,) = _parts(evidence);
        if (!wellFormed) return (false, offence);
        offence = Offence({
            kind: Kind(uint8(evidence[1])),
            group: bytes32(evidence[2:34]),
            era: uint32(bytes4(evidence[34:38])),
            epoch: uint32(bytes4(evidence[38:42])),
            height: uint64(bytes8(evidence[42:SEAT])),
            seat: uint16(bytes2(evidence[SEAT:HEAD]))
        });
    }

    /// @notice Whether the evidence convicts the owner of the key. The caller looked up the committee of its group, era
    /// and epoch.
    /// @param members N. @param account Of the node in the evidence's seat; not read where there is no such seat.
    function judge(bytes calldata evidence, uint256 members, address account) internal pure returns (Verdict) {
        (bool wellFormed, Parts memory parts) = _parts(evidence);
        if (!wellFormed) return Verdict.Malformed;
        if (_u16(evidence, SEAT) >= members) return Verdict.NoSuchSeat;
        Kind kind = Kind(uint8(evidence[1]));
        bytes32 one = _digest(evidence, kind, parts.one);
        bytes32 two = parts.single ? one : _digest(evidence, kind, parts.two);
        if (!parts.single) {
            bytes32 low = _value(evidence, kind, parts.one, one);
            bytes32 high = _value(evidence, kind, parts.two, two);
            if (low == high) return Verdict.Lawful;
            if (low > high) return Verdict.Malformed;
        }
        if (!_contradicts(evidence, kind, parts, members)) return Verdict.Lawful;
        if (!_signed(evidence, parts.one.end, one, account)) return Verdict.BadSignature;
        if (!parts.single && !_signed(evidence, parts.two.end, two, account)) return Verdict.BadSignature;
        return Verdict.Proven;
    }

    function _parts(bytes calldata evidence) private pure returns (bool, Parts memory parts) {
        if (evidence.length < HEAD + 2 || evidence[0] != 0x01) return (false, parts);
        if (uint8(evidence[1]) > uint8(Kind.Done)) return (false, parts);
        if (uint64(bytes8(evidence[42:SEAT])) > MAX_HEIGHT) return (false, parts);
        Kind kind = Kind(uint8(evidence[1]));
        if (kind == Kind.Aux || kind == Kind.Conf || kind == Kind.Done) return _messages(evidence);
        uint256 start = HEAD;
        if (kind == Kind.Ack) {
            if (_u16(evidence, HEAD) >= MAX_MEMBERS) return (false, parts);
            start += 2;
        }
        uint256 length = kind == Kind.Proposal ? PROPOSAL_BYTES : SHARE_BYTES;
        parts.one = Statement(start, start + length);
        parts.two = Statement(parts.one.end + SIGNATURE_BYTES, parts.one.end + SIGNATURE_BYTES + length);
        return (parts.two.end + SIGNATURE_BYTES == evidence.length, parts);
    }

    /// u8 messages ‖ u16 first ‖ u16 last ‖ messages
    function _messages(bytes calldata evidence) private pure returns (bool ok, Parts memory parts) {
        if (evidence.length < HEAD + 5) return (false, parts);
        uint256 messages = uint8(evidence[HEAD]);
        if (messages != 1 && messages != 2) return (false, parts);
        parts.single = messages == 1;
        parts.first = _u16(evidence, HEAD + 1);
        parts.last = _u16(evidence, HEAD + 3);
        (ok, parts.one) = _message(evidence, HEAD + 5, parts.first);
        if (!ok) return (false, parts);
        uint256 end = parts.one.end + SIGNATURE_BYTES;
        if (parts.single) {
            bool inside = parts.one.start + parts.last * RECORD_BYTES < parts.one.end;
            return (parts.first <= parts.last && inside && end == evidence.length, parts);
        }
        (ok, parts.two) = _message(evidence, end, parts.last);
        return (ok && parts.two.end + SIGNATURE_BYTES == evidence.length, parts);
    }

    /// u16 count ‖ records ‖ signature; false where it does not fit or has no record at `index`.
    function _message(bytes calldata evidence, uint256 offset, uint256 index)
        private
        pure
        returns (bool, Statement memory statement)
    {
        if (evidence.length < offset + 2) return (false, statement);
        uint256 count = _u16(evidence, offset);
        if (count > MAX_RECORDS || index >= count) return (false, statement);
        statement = Statement(offset + 2, offset + 2 + count * RECORD_BYTES);
        return (evidence.length >= statement.end + SIGNATURE_BYTES, statement);
    }

    /// What the node's key signed: the digest of the envelope that the statement was taken from.
    function _digest(bytes calldata evidence, Kind kind, Statement memory statement) private pure returns (bytes32) {
        if (kind == Kind.Proposal) {
            uint256 afterVersion = statement.start + 2;
            return keccak256(
                abi.encodePacked(
                    PROPOSAL,
                    evidence[SLOT:SEAT],
                    evidence[statement.start:afterVersion],
                    evidence[SEAT:HEAD],
                    evidence[afterVersion:statement.end]
                )
            );
        }
        if (kind == Kind.Ack) {
            // Slot ‖ seat ‖ proposer.
            return keccak256(abi.encodePacked(ACK, evidence[SLOT:HEAD + 2], evidence[statement.start:statement.end]));
        }
        bool vote = kind != Kind.Decide && kind != Kind.Final;
        bytes32 tag = vote ? VOTE : kind == Kind.Decide ? DECIDE : FINAL;
        // The count of a message's records stands before them, here and in what is signed.
        uint256 start = vote ? statement.start - 2 : statement.start;
        return keccak256(abi.encodePacked(tag, evidence[SLOT:HEAD], evidence[start:statement.end]));
    }

    /// What a pair must differ in and is ordered by: p, D or the header's hash; of a vote its digest.
    function _value(bytes calldata evidence, Kind kind, Statement memory statement, bytes32 digest)
        private
        pure
        returns (bytes32)
    {
        bool hashed = kind == Kind.Ack || kind == Kind.Decide || kind == Kind.Final;
        return hashed ? bytes32(evidence[statement.start:statement.start + 32]) : digest;
    }

    function _contradicts(bytes calldata evidence, Kind kind, Parts memory parts, uint256 members)
        private
        pure
        returns (bool)
    {
        if (kind == Kind.Ack) return _u16(evidence, HEAD) < members;
        if (kind == Kind.Proposal || kind == Kind.Decide || kind == Kind.Final) return true;
        VoteRecord memory a = _record(evidence, parts.one, parts.first);
        VoteRecord memory b = _record(evidence, parts.single ? parts.one : parts.two, parts.last);
        // Records of the wire: EST 0, AUX 1, CONF 2, DONE 3.
        uint256 wanted = uint8(kind) - uint8(Kind.Aux) + 1;
        if (a.kind != wanted || b.kind != wanted) return false;
        if (kind != Kind.Done && a.round != b.round) return false;
        // There is a seat, so that members is not zero.
        uint256 seats = type(uint256).max >> (256 - members);
        if (kind != Kind.Conf) return (((a.zeros & b.ones) | (a.ones & b.zeros)) & seats) != 0;
        uint256 both = (a.zeros | a.ones) & (b.zeros | b.ones);
        return (both & ((a.zeros ^ b.zeros) | (a.ones ^ b.ones)) & seats) != 0;
    }

    function _record(bytes calldata evidence, Statement memory statement, uint256 index)
        private
        pure
        returns (VoteRecord memory)
    {
        uint256 offset = statement.start + index * RECORD_BYTES;
        return VoteRecord({
            kind: uint8(evidence[offset]),
            round: _u16(evidence, offset + 1),
            zeros: uint64(bytes8(evidence[offset + 3:offset + 11])),
            ones: uint64(bytes8(evidence[offset + 11:offset + 19]))
        });
    }

    function _signed(bytes calldata evidence, uint256 offset, bytes32 digest, address account)
        private
        pure
        returns (bool)
    {
        uint8 recovery = uint8(evidence[offset + 64]);
        if (recovery > 1) return false;
        (address signer,,) = ECDSA.tryRecover(
            digest, recovery + 27, bytes32(evidence[offset:offset + 32]), bytes32(evidence[offset + 32:offset + 64])
        );
        return signer != address(0) && signer == account;
    }

    function _u16(bytes calldata evidence, uint256 offset) private pure returns (uint256) {
        return uint16(bytes2(evidence[offset:offset + 2]));
    }
}
