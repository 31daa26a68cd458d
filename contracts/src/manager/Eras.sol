// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IEras} from "./interfaces/IEras.sol";

/// @notice The eras of each chain's group key. See IEras.
contract Eras is IEras {
    uint256 private constant GROUP_KEY_BYTES = 48;
    uint64 private constant NO_HEIGHT = type(uint64).max;

    address public immutable chains;
    address public immutable recovery;
    /// Era e is entry e - 1.
    mapping(uint64 chainId => Era[]) private _eras;

    constructor(address chains_, address recovery_) {
        chains = chains_;
        recovery = recovery_;
    }

    /// @inheritdoc IEras
    function open(uint64 chainId, bytes32 group, uint32 era, uint64 firstHeight, bytes calldata groupKey) external {
        // The first key by the registry, every later one by the Recovery that ended the era before.
        if (msg.sender != (era == 1 ? chains : recovery)) revert NotAllowed(msg.sender, era);
        Era[] storage list = _eras[chainId];
        uint32 expected = uint32(list.length) + 1;
        if (era != expected) revert EraOutOfOrder(chainId, era, expected);
        if (groupKey.length != GROUP_KEY_BYTES) revert BadGroupKey(groupKey.length);
        if (era > 1) {
            Era storage last = list[list.length - 1];
            if (firstHeight < last.firstHeight) revert HeightOutOfOrder(chainId, firstHeight, last.firstHeight);
            if (firstHeight == last.firstHeight) (last.firstHeight, last.lastHeight) = (NO_HEIGHT, NO_HEIGHT);
            else last.lastHeight = firstHeight - 1;
        }
        list.push(Era({era: era, firstHeight: firstHeight, lastHeight: 0, group: group, groupKey: groupKey}));
        emit EraOpened(chainId, group, era, firstHeight, groupKey);
    }

    /// @inheritdoc IEras
    function eraKey(uint64 chainId, uint32 era)
        external
        view
        returns (bytes memory groupKey, uint64 firstHeight, uint64 lastHeight)
    {
        Era[] storage list = _eras[chainId];
        if (era == 0 || era > list.length) revert UnknownEra(chainId, era);
        Era storage found = list[era - 1];
        return (found.groupKey, found.firstHeight, found.lastHeight);
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
}
