// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {Vm} from "./Test.sol";

/// Block headers whose hashes the mainchain of a test knows.
library Headers {
    using RLP for RLP.Encoder;

    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    /// The contract of EIP-2935.
    bytes private constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
    uint256 private constant HISTORY_SIZE = 8191;

    /// A Prague header: 21 fields.
    function rlp(uint256 number, bytes32 mixHash) internal pure returns (bytes memory) {
        RLP.Encoder memory list = RLP.encoder();
        list.push(keccak256(abi.encode("parent", number)));
        list.push(keccak256("ommers"));
        list.push(address(0xC0FFEE));
        for (uint256 i = 0; i < 3; i++) {
            list.push(keccak256(abi.encode("root", number, i)));
        }
        list.push(new bytes(256));
        list.push(uint256(0));
        list.push(number);
        list.push(uint256(36_000_000));
        list.push(uint256(21_000));
        list.push(number * 12);
        list.push(bytes("a proposer's note"));
        list.push(mixHash);
        list.push(new bytes(8));
        list.push(uint256(7));
        list.push(keccak256("withdrawals"));
        list.push(uint256(0));
        list.push(uint256(0));
        list.push(keccak256("beacon"));
        list.push(keccak256("requests"));
        return list.encode();
    }

    /// Makes a block of the present past known by BLOCKHASH and the history contract, as far as each reaches.
    function record(uint256 number, bytes32 mixHash) internal returns (bytes memory header) {
        header = rlp(number, mixHash);
        bytes32 hash = keccak256(header);
        if (number + 256 >= VM.getBlockNumber()) VM.setBlockhash(number, hash);
        VM.etch(HISTORY, HISTORY_CODE);
        VM.store(HISTORY, bytes32(number % HISTORY_SIZE), hash);
    }
}
