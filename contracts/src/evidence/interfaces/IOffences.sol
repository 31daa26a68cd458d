// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Evidence} from "../Evidence.sol";

/// @notice Keeps who contradicted itself. Anybody submits evidence; it names its node by itself. Nothing is punished here.
interface IOffences {
    /// @param evidence keccak256 of the submitted bytes, which are the calldata of this transaction.
    event OffenceProven(uint32 indexed nodeId, uint64 indexed chainId, Evidence.Offence offence, bytes32 evidence);

    error NotEvidence(Evidence.Verdict verdict);
    /// No committee had a key in this group, era and epoch.
    error UnknownCommittee(bytes32 group, uint32 era, uint32 epoch);
    /// One of a kind for a slot and seat: a member that contradicts itself does it twice in the same breath.
    error AlreadyProven(uint32 nodeId, Evidence.Kind kind, uint64 height);

    /// @notice Records an offence; reverts unless the evidence proves one that is not recorded.
    function submit(bytes calldata evidence) external returns (uint32 nodeId);

    /// @notice What `submit` would say; the offence is empty where the verdict is Malformed, the node zero unless it is Proven.
    function judge(bytes calldata evidence)
        external
        view
        returns (Evidence.Verdict verdict, Evidence.Offence memory offence, uint32 nodeId);

    /// @notice Whether the offence is recorded.
    function isProven(Evidence.Offence calldata offence) external view returns (bool);

    /// @notice How many offences of the node are recorded.
    function countOf(uint32 nodeId) external view returns (uint256);
}
