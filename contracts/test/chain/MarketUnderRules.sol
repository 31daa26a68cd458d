// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @dev Coins of a market whose owner permits next to nothing.
contract Token {
    mapping(address => uint256) public balanceOf;
    uint256 public burnt;

    constructor() {
        balanceOf[msg.sender] = 1_000_000;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }

    function burn(uint256 amount) external {
        burnt += amount;
    }

    fallback() external {
        burnt += 1;
    }

    receive() external payable {
        burnt += 1;
    }
}

/// @dev Does whatever it is asked to, so that only the rules stand between a caller and the rest of the chain.
contract Market {
    uint256 public touched;
    uint256 public sold;
    uint256 public ok;
    address public made;

    function buy(address token, address from, uint256 amount) external {
        Token(payable(token)).transferFrom(from, msg.sender, amount);
        sold += 1;
    }

    /// @param op 0 call, 1 callcode, 2 delegatecall, 3 staticcall
    function reach(uint256 op, address target, uint256 value, bytes memory data) external {
        bool done;
        assembly ("memory-safe") {
            switch op
            case 0 { done := call(gas(), target, value, add(data, 32), mload(data), 0, 0) }
            case 1 { done := callcode(gas(), target, value, add(data, 32), mload(data), 0, 0) }
            case 2 { done := delegatecall(gas(), target, add(data, 32), mload(data), 0, 0) }
            default { done := staticcall(gas(), target, add(data, 32), mload(data), 0, 0) }
        }
        ok = done ? 1 : 0;
    }

    function make(bool withSalt, bytes memory code) external {
        address created;
        assembly ("memory-safe") {
            switch withSalt
            case 0 { created := create(0, add(code, 32), mload(code)) }
            default { created := create2(0, add(code, 32), mload(code), 1) }
        }
        made = created;
    }

    receive() external payable {}
}

/// @dev What an attacker wants to run. Its first slot is that of Market's, to be seen through a delegatecall.
contract Victim {
    uint256 public touched;

    function touch() external payable {
        touched += 1;
    }

    fallback() external {
        touched += 1;
    }

    receive() external payable {
        touched += 1;
    }
}

/// @dev Its creation calls out.
contract Caller {
    constructor(address target) {
        (bool done,) = target.call(abi.encodeWithSignature("touch()"));
        done;
    }
}
