// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IKeyGeneration} from "../keys/interfaces/IKeyGeneration.sol";
import {INodeKeys} from "../keys/interfaces/INodeKeys.sol";
import {IResharing} from "../keys/interfaces/IResharing.sol";
import {Evidence} from "./Evidence.sol";
import {IOffences} from "./interfaces/IOffences.sol";

/// @notice Judges evidence by the committee as it was in the epoch, and records each offence once. See IOffences.
contract Offences is IOffences {
    /// They keep every committee that had a key, also of chains that are gone: one that generated it, one that got it.
    IKeyGeneration public immutable keyGeneration;
    IResharing public immutable resharing;
    INodeKeys public immutable nodes;

    mapping(bytes32 offence => bool) private _proven;
    mapping(uint32 nodeId => uint256) public countOf;

    constructor(IKeyGeneration keyGeneration_, IResharing resharing_, INodeKeys nodes_) {
        keyGeneration = keyGeneration_;
        resharing = resharing_;
        nodes = nodes_;
    }

    /// @inheritdoc IOffences
    function submit(bytes calldata evidence) external returns (uint32 nodeId) {
        (bool wellFormed, Evidence.Offence memory offence) = Evidence.offenceOf(evidence);
        if (!wellFormed) revert NotEvidence(Evidence.Verdict.Malformed);
        Evidence.Verdict verdict;
        uint64 chainId;
        (verdict, nodeId, chainId) = _judge(evidence, offence);
        if (verdict != Evidence.Verdict.Proven) revert NotEvidence(verdict);
        bytes32 name = keccak256(abi.encode(offence));
        if (_proven[name]) revert AlreadyProven(nodeId, offence.kind, offence.height);
        _proven[name] = true;
        countOf[nodeId]++;
        emit OffenceProven(nodeId, chainId, offence, keccak256(evidence));
    }

    /// @inheritdoc IOffences
    function judge(bytes calldata evidence)
        external
        view
        returns (Evidence.Verdict verdict, Evidence.Offence memory offence, uint32 nodeId)
    {
        bool wellFormed;
        (wellFormed, offence) = Evidence.offenceOf(evidence);
        if (!wellFormed) return (Evidence.Verdict.Malformed, offence, 0);
        (verdict, nodeId,) = _judge(evidence, offence);
        if (verdict != Evidence.Verdict.Proven) nodeId = 0;
    }

    /// @inheritdoc IOffences
    function isProven(Evidence.Offence calldata offence) external view returns (bool) {
        return _proven[keccak256(abi.encode(offence))];
    }

    function _judge(bytes calldata evidence, Evidence.Offence memory offence)
        private
        view
        returns (Evidence.Verdict verdict, uint32 nodeId, uint64 chainId)
    {
        uint32[] memory nodeIds;
        (chainId, nodeIds) = keyGeneration.committeeOf(offence.group, offence.era, offence.epoch);
        if (nodeIds.length == 0) {
            (chainId, nodeIds) = resharing.committeeOf(offence.group, offence.era, offence.epoch);
        }
        if (nodeIds.length == 0) revert UnknownCommittee(offence.group, offence.era, offence.epoch);
        if (offence.seat >= nodeIds.length) return (Evidence.Verdict.NoSuchSeat, 0, chainId);
        nodeId = nodeIds[offence.seat];
        verdict = Evidence.judge(evidence, nodeIds.length, nodes.accountOf(nodeId));
    }
}
