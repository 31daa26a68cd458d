// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IResharing} from "../../src/keys/interfaces/IResharing.sol";
import {IResharingHost} from "../../src/keys/interfaces/IResharingHost.sol";

/// Begins and ends resharings on demand, without the cryptography, which has tests of its own: what the manager sees of
/// the contract in its place.
contract ResharingStandIn {
    IResharingHost private immutable HOST;
    mapping(uint64 chainId => IResharing.Terms) private _terms;
    mapping(uint64 chainId => bool) public running;

    error AlreadyRunning();
    error NotRunning();

    constructor(IResharingHost host) {
        HOST = host;
    }

    function begin(uint64 chainId, IResharing.Terms calldata terms) external {
        if (msg.sender != address(HOST) || running[chainId]) revert AlreadyRunning();
        running[chainId] = true;
        _terms[chainId] = terms;
    }

    function cancel(uint64 chainId) external {
        if (msg.sender != address(HOST) || !running[chainId]) revert NotRunning();
        running[chainId] = false;
    }

    function finish(uint64 chainId, bool good) external {
        if (!running[chainId]) revert NotRunning();
        running[chainId] = false;
        IResharing.Terms storage terms = _terms[chainId];
        bytes32 keysHash = keccak256(abi.encode(terms.keysHash, terms.epoch));
        if (good) HOST.keyReshared(chainId, terms.era, terms.epoch, keysHash);
        else HOST.resharingFailed(chainId, new uint32[](0));
    }

    function termsOf(uint64 chainId) external view returns (IResharing.Terms memory) {
        return _terms[chainId];
    }
}
