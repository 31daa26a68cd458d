// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// Plays of games, as the backend's signers report them.
contract GamePlays {
    error NotAuthorised(address caller);
    error NoGame();

    event Played(uint256 indexed gameId, address indexed player, uint256 plays);

    mapping(address signer => bool) public isAuthority;
    mapping(uint256 gameId => mapping(address player => uint256)) public plays;
    uint256 public total;

    constructor(address[] memory signers) {
        for (uint256 i = 0; i < signers.length; i++) isAuthority[signers[i]] = true;
    }

    function logPlay(uint256 gameId, address player) external {
        if (!isAuthority[msg.sender]) revert NotAuthorised(msg.sender);
        if (gameId == 0) revert NoGame();
        uint256 count = ++plays[gameId][player];
        ++total;
        emit Played(gameId, player, count);
    }
}
