// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Scheduled eras: from time to time the sitting committee of a running chain generates a fresh group key. The
/// members know the first height of the new era from what they ordered: S is MARGIN heights after the first container
/// whose checkpoint is at or above the block of READY. This contract learns it from that container and its parent, shown
/// with F under the key in charge; until then the new key covers no height, and the old one all. consensus.md 15.
interface IRenewals {
    /// Generating: the key is in the making, the old one in charge. Ready: READY is recorded, and where the era begins is
    /// to be shown.
    enum Stage {
        Idle,
        Generating,
        Ready
    }

    /// @param period Seconds for which a key serves before anybody may have it renewed.
    /// @param pause Seconds from an attempt that failed to the next.
    struct Parameters {
        uint32 period;
        uint32 pause;
    }

    /// @param era, epoch Of the key in the making, or of the newest one by schedule; 0 before the first.
    /// @param readyBlock Mainchain block of READY, for the key of `era`; 0 before.
    /// @param retryAt Not before, after an attempt that failed.
    struct Renewal {
        Stage stage;
        uint32 era;
        uint32 epoch;
        uint64 readyBlock;
        uint64 retryAt;
    }

    /// What was final when the beginning of an era was shown: the container from which it was counted.
    /// @param height 0 where nothing was shown. @param digest Hash of its header. @param order D of that height.
    struct Shown {
        uint64 height;
        bytes32 digest;
        bytes32 order;
    }

    event RenewalBegun(uint64 indexed chainId, uint32 era, uint32 epoch, uint32[] nodeIds);
    event RenewalFailed(uint64 indexed chainId, uint32 era, uint32 epoch, uint32[] culprits);
    /// @notice READY of the era is in this mainchain block.
    event EraRenewed(
        uint64 indexed chainId, bytes32 indexed group, uint32 era, uint32 epoch, bytes groupKey, bytes32 keysHash
    );
    event EraBegun(uint64 indexed chainId, bytes32 indexed group, uint32 era, uint64 firstHeight);
    event RenewalParametersChanged(Parameters parameters);

    error OnlyKeyGeneration(address caller);
    error OnlyRotations(address caller);
    error OnlyRecovery(address caller);
    error NotRunning(uint64 chainId);
    error WrongStage(uint64 chainId, Stage stage);
    error NotYet(uint64 until);
    /// A rotation of the chain is under way, or ended just now.
    error UnderRotation(uint64 chainId);
    error UnderRecovery(uint64 chainId);
    error WrongEpoch(uint64 chainId, uint32 era, uint32 epoch);
    error MalformedContainer();
    error OtherGroup(bytes32 group);
    /// Not the parent that the container names.
    error NotTheParent();
    /// The container's checkpoint must be the first one at or above READY's block.
    error NotTheFirst(uint64 previous, uint64 number, uint64 readyBlock);
    /// Not the signature of the key that covers the height.
    error BadCertificate();
    error ParametersOutOfBounds(Parameters parameters);

    /// @notice Begins the generation of a fresh key by the sitting committee where it is due. Anyone.
    function begin(uint64 chainId) external;

    /// @notice Records where the era of the newest key begins. Anyone.
    /// @param container Header of the first container that shows READY, 292 bytes. @param parent Header of the one before.
    /// @param groupKey128, certificate256 The key that covers the container and F, as EIP-2537 takes them.
    function show(
        uint64 chainId,
        bytes calldata container,
        bytes calldata parent,
        bytes calldata groupKey128,
        bytes calldata certificate256
    ) external;

    /// @notice By the Recovery: a key in the making is given up.
    function suspend(uint64 chainId) external;

    /// @notice By the Recovery: another key took over, wherever this one was to begin.
    function superseded(uint64 chainId) external;

    /// @notice By the rotations: whatever runs is given up.
    function chainEnded(uint64 chainId) external;

    function parameters() external view returns (Parameters memory);
    function setParameters(Parameters calldata value) external;
    function renewalOf(uint64 chainId) external view returns (Renewal memory);

    /// @notice From when on the key of a chain that runs may be renewed.
    function dueAt(uint64 chainId) external view returns (uint64);

    /// @notice From the beginning of a key generation until the first height of its era is shown: committees do not change
    /// meanwhile.
    function isUnderWay(uint64 chainId) external view returns (bool);

    /// @notice Attempts at a key for the era: epochs up to this one are taken.
    function attempts(uint64 chainId, uint32 era) external view returns (uint32);
    function shownFor(uint64 chainId, uint32 era) external view returns (Shown memory);
}
