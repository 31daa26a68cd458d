// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice The eras of each chain's group key: who verifies a certificate from outside reads the key here. A certificate
/// counts only for heights of its era.
interface IEras {
    /// @param firstHeight, lastHeight Blocks whose certificates the key signs; lastHeight 0 while the era is open. Both
    /// 2^64 - 1 where it ended without any, or where it is not shown yet with which height it begins.
    /// @param groupKey Compressed G1, 48 bytes.
    struct Era {
        uint32 era;
        uint64 firstHeight;
        uint64 lastHeight;
        bytes32 group;
        bytes groupKey;
    }

    event EraOpened(uint64 indexed chainId, bytes32 indexed group, uint32 era, uint64 firstHeight, bytes groupKey);

    /// @notice The key of a scheduled era, which covers no height before `EraOpened`.
    event EraAnnounced(uint64 indexed chainId, bytes32 indexed group, uint32 era, bytes groupKey);

    error NotAllowed(address caller, uint32 era);
    error UnknownEra(uint64 chainId, uint32 era);
    error EraOutOfOrder(uint64 chainId, uint32 era, uint32 expected);
    error BadGroupKey(uint256 length);
    error HeightOutOfOrder(uint64 chainId, uint64 firstHeight, uint64 previousFirst);
    error NotAnnounced(uint64 chainId, uint32 era);
    error UncoveredHeight(uint64 chainId, uint64 height);

    /// @notice The first era by the chain registry, later ones by the Recovery.
    function open(uint64 chainId, bytes32 group, uint32 era, uint64 firstHeight, bytes calldata groupKey) external;

    /// @notice By the Renewals: the key of the next era, which begins with a height that is shown later.
    function announce(uint64 chainId, bytes32 group, uint32 era, bytes calldata groupKey) external;

    /// @notice By the Renewals: with which height the newest era begins. The one before ends below it.
    function begin(uint64 chainId, uint32 era, uint64 firstHeight) external;

    /// @notice When the newest key was given, seconds; 0 before the first.
    function newestSince(uint64 chainId) external view returns (uint64);

    /// @notice Key of an era with its heights.
    function eraKey(uint64 chainId, uint32 era)
        external
        view
        returns (bytes memory groupKey, uint64 firstHeight, uint64 lastHeight);

    /// @notice Whether the key of an era signed the digest. @param groupKey128 That key as EIP-2537 takes it.
    function isSigned(
        uint64 chainId,
        uint32 era,
        bytes32 digest,
        bytes calldata groupKey128,
        bytes calldata signature256
    ) external view returns (bool);

    function erasOf(uint64 chainId) external view returns (Era[] memory);
    /// @notice Era whose key signs the height. Reverts where no era covers it.
    function eraAt(uint64 chainId, uint64 height) external view returns (Era memory);
}
