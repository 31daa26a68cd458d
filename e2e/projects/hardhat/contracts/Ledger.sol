// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// What somebody owes whom, kept by its deployer.
contract Ledger {
    address public immutable keeper;
    string public title;
    mapping(address debtor => mapping(address creditor => uint256)) public owed;

    event Noted(address indexed debtor, address indexed creditor, uint256 amount);

    error OnlyKeeper(address caller);

    constructor(string memory title_) payable {
        keeper = msg.sender;
        title = title_;
    }

    function note(address debtor, address creditor, uint256 amount) external {
        if (msg.sender != keeper) revert OnlyKeeper(msg.sender);
        owed[debtor][creditor] += amount;
        emit Noted(debtor, creditor, amount);
    }
}
