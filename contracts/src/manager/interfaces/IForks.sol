// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice When each chain changes the rules by which its blocks are executed. A chain begins with rules 1; an entry says
/// from which time on others hold. All members read it from finalised blocks, so it takes effect with the first container
/// whose checkpoint shows it and whose time has come. Rules never go back.
interface IForks {
    /// @param rules Number of the rules; what it means is part of the node's software.
    /// @param time Seconds since 1970.
    struct Fork {
        uint8 rules;
        bool cancelled;
        uint64 time;
    }

    event ForkScheduled(uint64 indexed chainId, bytes32 indexed group, uint8 rules, uint64 time);
    event ForkCancelled(uint64 indexed chainId, bytes32 indexed group, uint8 rules);

    error ChainEnded(uint64 chainId);
    error RulesOutOfOrder(uint64 chainId, uint8 rules, uint8 previous);
    error TimeOutOfBounds(uint64 time, uint256 earliest, uint256 latest);
    error TooManyForks(uint64 chainId);
    error NothingScheduled(uint64 chainId);
    /// The time after which operators must be able to rely on the entry.
    error TooLate(uint64 chainId, uint256 until);
    error NoticeOutOfBounds(uint32 notice);

    /// @notice Announces other rules. By the chain's owner, or whoever may by role. At least `notice` seconds ahead, after
    /// every other entry, and with higher rules.
    function schedule(uint64 chainId, uint8 rules, uint64 time) external;

    /// @notice Takes the last entry back, while half of the notice is still ahead. By whoever could announce it.
    function cancel(uint64 chainId) external;

    /// @notice Everything ever announced, in order.
    function forksOf(uint64 chainId) external view returns (Fork[] memory);

    /// @notice Least seconds from the announcement to the change.
    function notice() external view returns (uint32);
}
