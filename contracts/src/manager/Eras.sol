// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IEras} from "./interfaces/IEras.sol";
import {Certificates} from "./libraries/Certificates.sol";

/// @notice The eras of each chain's group key. See IEras.
contract Eras is IEras {
    uint256 private constant GROUP_KEY_BYTES = 48;
    uint64 private constant NO_HEIGHT = type(uint64).max;

    address public immutable chains;
    address public immutable recovery;
    address public immutable renewals;
    /// Era e is entry e - 1.
    mapping(uint64 chainId => Era[]) private _eras;
    /// Those that began by schedule: a Recovery may end the era before below their first height.
    mapping(uint64 chainId => mapping(uint32 era => bool)) private _scheduled;
    /// @inheritdoc IEras
    mapping(uint64 chainId => uint64) public newestSince;

    constructor(address chains_, address recovery_, address renewals_) {
        chains = chains_;
        recovery = recovery_;
        renewals = renewals_;
    }

    /// @inheritdoc IEras
    function open(uint64 chainId, bytes32 group, uint32 era, uint64 firstHeight, bytes calldata groupKey) external {
        // The first key by the registry, those after a Recovery by the one that ended the era before.
        if (msg.sender != (era == 1 ? chains : recovery)) revert NotAllowed(msg.sender, era);
        _endBelow(chainId, firstHeight);
        _add(chainId, Era({era: era, firstHeight: firstHeight, lastHeight: 0, group: group, groupKey: groupKey}));
        emit EraOpened(chainId, group, era, firstHeight, groupKey);
    }

    /// @inheritdoc IEras
    function announce(uint64 chainId, bytes32 group, uint32 era, bytes calldata groupKey) external {
        if (msg.sender != renewals) revert NotAllowed(msg.sender, era);
        _scheduled[chainId][era] = true;
        _add(chainId, Era(era, NO_HEIGHT, NO_HEIGHT, group, groupKey));
        emit EraAnnounced(chainId, group, era, groupKey);
    }

    /// @inheritdoc IEras
    function begin(uint64 chainId, uint32 era, uint64 firstHeight) external {
        if (msg.sender != renewals) revert NotAllowed(msg.sender, era);
        Era[] storage list = _eras[chainId];
        bool newest = era == list.length && _scheduled[chainId][era];
        if (!newest || list[era - 1].firstHeight != NO_HEIGHT) revert NotAnnounced(chainId, era);
        Era storage last = list[era - 2];
        if (firstHeight <= last.firstHeight) revert HeightOutOfOrder(chainId, firstHeight, last.firstHeight);
        last.lastHeight = firstHeight - 1;
        Era storage next = list[era - 1];
        (next.firstHeight, next.lastHeight) = (firstHeight, 0);
        emit EraOpened(chainId, next.group, era, firstHeight, next.groupKey);
    }

    /// @inheritdoc IEras
    function eraKey(uint64 chainId, uint32 era)
        external
        view
        returns (bytes memory groupKey, uint64 firstHeight, uint64 lastHeight)
    {
        Era storage found = _eraOf(chainId, era);
        return (found.groupKey, found.firstHeight, found.lastHeight);
    }

    /// @inheritdoc IEras
    function isSigned(
        uint64 chainId,
        uint32 era,
        bytes32 digest,
        bytes calldata groupKey128,
        bytes calldata signature256
    ) external view returns (bool) {
        return Certificates.isSigned(_eraOf(chainId, era).groupKey, groupKey128, digest, signature256);
    }

    /// @inheritdoc IEras
    function erasOf(uint64 chainId) external view returns (Era[] memory) {
        return _eras[chainId];
    }

    /// @inheritdoc IEras
    function eraAt(uint64 chainId, uint64 height) external view returns (Era memory) {
        Era[] storage list = _eras[chainId];
        for (uint256 i = list.length; i > 0; i--) {
            if (height >= list[i - 1].firstHeight) return list[i - 1];
        }
        revert UncoveredHeight(chainId, height);
    }

    function _eraOf(uint64 chainId, uint32 era) private view returns (Era storage) {
        Era[] storage list = _eras[chainId];
        if (era == 0 || era > list.length) revert UnknownEra(chainId, era);
        return list[era - 1];
    }

    function _add(uint64 chainId, Era memory era) private {
        Era[] storage list = _eras[chainId];
        uint32 expected = uint32(list.length) + 1;
        if (era.era != expected) revert EraOutOfOrder(chainId, era.era, expected);
        if (era.groupKey.length != GROUP_KEY_BYTES) revert BadGroupKey(era.groupKey.length);
        newestSince[chainId] = uint64(block.timestamp);
        list.push(era);
    }

    /// No key so far has a say at the height or above it.
    function _endBelow(uint64 chainId, uint64 height) private {
        Era[] storage list = _eras[chainId];
        for (uint256 i = list.length; i > 0; i--) {
            Era storage last = list[i - 1];
            if (last.firstHeight == NO_HEIGHT) continue;
            if (height > last.firstHeight) {
                last.lastHeight = height - 1;
                return;
            }
            // A scheduled one ends before its first height where that was shown, but never became final.
            bool passed = height == last.firstHeight || _scheduled[chainId][last.era];
            if (!passed) revert HeightOutOfOrder(chainId, height, last.firstHeight);
            (last.firstHeight, last.lastHeight) = (NO_HEIGHT, NO_HEIGHT);
        }
    }
}
