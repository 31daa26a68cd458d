// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Offences} from "../../src/evidence/Offences.sol";
import {IKeyGeneration} from "../../src/keys/interfaces/IKeyGeneration.sol";
import {IResharing} from "../../src/keys/interfaces/IResharing.sol";
import {Test} from "../lib/Test.sol";
import {Contradictions, NodeAccounts} from "./Contradictions.sol";

interface Metering {
    function pauseGasMetering() external;
    function resumeGasMetering() external;
}

/// What evidence costs to submit, execution alone: this contract stands in for the key generation of a committee of 64.
contract OffencesGasTest is Test {
    uint64 private constant CHAIN = 77;
    uint32 private constant MEMBERS = 64;

    Offences private _offences;
    bytes private _smallest;
    bytes private _largest;
    uint32[] private _nodeIds;

    function setUp() external {
        NodeAccounts accounts = new NodeAccounts();
        _offences = new Offences(IKeyGeneration(address(this)), IResharing(address(this)), accounts);
        for (uint32 i = 0; i < MEMBERS; i++) {
            _nodeIds.push(100 + i);
        }
        bytes memory slot = Contradictions.slot("group", 1, 1, 7, 63);
        _smallest = Contradictions.finals(slot, 163, bytes32(uint256(1)), bytes32(uint256(2)));
        _largest = Contradictions.largest(slot, 163);
        vm.assertEq(_smallest.length, 438);
        vm.assertEq(_largest.length, 9919);
    }

    function committeeOf(bytes32, uint32, uint32) external view returns (uint64 chainId, uint32[] memory nodeIds) {
        return (CHAIN, _nodeIds);
    }

    function test_gasOfSubmittingTwoFinals() external {
        _submit(_smallest);
    }

    function test_gasOfSubmittingTheLargestEvidence() external {
        _submit(_largest);
    }

    /// Without what reading the evidence from this contract's storage costs.
    function _submit(bytes storage stored) private {
        Metering metering = Metering(address(vm));
        metering.pauseGasMetering();
        bytes memory evidence = stored;
        metering.resumeGasMetering();
        _offences.submit(evidence);
    }
}
