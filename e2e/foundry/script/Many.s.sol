// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Counter} from "../src/Counter.sol";

interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// Fifty transactions of one sender in a row, five of them creations with a salt through the CREATE2 deployer.
contract Many {
    bool public constant IS_SCRIPT = true;
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external {
        vm.startBroadcast();
        Counter plain = new Counter(1);
        for (uint256 i = 0; i < 5; i++) new Counter{salt: bytes32(i)}(i);
        for (uint256 i = 0; i < 44; i++) plain.add(i);
        vm.stopBroadcast();
    }
}
