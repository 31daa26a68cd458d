// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IChains} from "./interfaces/IChains.sol";
import {IForks} from "./interfaces/IForks.sol";

/// @notice The fork schedule of each chain. See IForks.
contract Forks is IForks, AccessManaged {
    uint8 public constant FIRST_RULES = 1;
    /// Ever, for one chain, those taken back included: members keep them all.
    uint256 public constant MOST_ENTRIES = 255;
    uint256 public constant LONGEST_AHEAD = 3650 days;
    uint32 public constant LONGEST_NOTICE = 90 days;

    IChains public immutable chains;
    /// @inheritdoc IForks
    uint32 public immutable notice;
    mapping(uint64 chainId => Fork[]) private _forks;

    constructor(address authority, IChains chains_, uint32 notice_) AccessManaged(authority) {
        if (notice_ == 0 || notice_ > LONGEST_NOTICE) revert NoticeOutOfBounds(notice_);
        chains = chains_;
        notice = notice_;
    }

    /// @inheritdoc IForks
    function schedule(uint64 chainId, uint8 rules, uint64 time) external {
        bytes32 group = _authorize(chainId);
        Fork[] storage list = _forks[chainId];
        if (list.length == MOST_ENTRIES) revert TooManyForks(chainId);
        uint256 count = _standing(list);
        uint8 previous = count == 0 ? FIRST_RULES : list[count - 1].rules;
        if (rules <= previous) revert RulesOutOfOrder(chainId, rules, previous);
        uint256 earliest = block.timestamp + notice;
        if (count > 0 && list[count - 1].time >= earliest) earliest = uint256(list[count - 1].time) + 1;
        uint256 latest = block.timestamp + LONGEST_AHEAD;
        if (time < earliest || time > latest) revert TimeOutOfBounds(time, earliest, latest);
        list.push(Fork({rules: rules, cancelled: false, time: time}));
        emit ForkScheduled(chainId, group, rules, time);
    }

    /// @inheritdoc IForks
    function cancel(uint64 chainId) external {
        bytes32 group = _authorize(chainId);
        Fork[] storage list = _forks[chainId];
        uint256 count = _standing(list);
        if (count == 0) revert NothingScheduled(chainId);
        Fork storage last = list[count - 1];
        uint256 until = last.time - notice / 2;
        if (block.timestamp > until) revert TooLate(chainId, until);
        last.cancelled = true;
        emit ForkCancelled(chainId, group, last.rules);
    }

    /// @inheritdoc IForks
    function forksOf(uint64 chainId) external view returns (Fork[] memory) {
        return _forks[chainId];
    }

    /// The owner, or whom the access manager permits this very call.
    function _authorize(uint64 chainId) private returns (bytes32 group) {
        IChains.Chain memory chain = chains.chainOf(chainId);
        if (chain.state > IChains.State.Paused) revert ChainEnded(chainId);
        if (msg.sender != chain.owner) _checkCanCall(msg.sender, msg.data);
        return chain.group;
    }

    /// One more than the index of the last entry that was not taken back. Entries are taken back from the end only, and new
    /// ones stand after those.
    function _standing(Fork[] storage list) private view returns (uint256 count) {
        count = list.length;
        while (count > 0 && list[count - 1].cancelled) count--;
    }
}
