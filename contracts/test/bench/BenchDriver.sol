// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BenchPool} from "./BenchPool.sol";
import {BenchToken} from "./BenchToken.sol";

/// Does many transfers or swaps in one call and returns what all of them came to.
contract BenchDriver {
    uint256 private constant HOLDERS = 256;

    BenchToken private immutable _token0 = new BenchToken();
    BenchToken private immutable _token1 = new BenchToken();
    BenchPool private immutable _pool = new BenchPool(_token0, _token1);

    constructor() {
        _token0.transfer(address(_pool), 1e30);
        _token1.transfer(address(_pool), 3e30);
        _pool.sync();
        _token0.approve(address(_pool), type(uint256).max);
        _token1.approve(address(_pool), type(uint256).max);
        for (uint256 i = 0; i < HOLDERS; i++) {
            _token0.transfer(_holder(i), 1e18);
        }
    }

    /// Transfers to holders and at the end the balance of one.
    function transfers(uint256 count, uint256 seed) external returns (uint256) {
        uint256 random = seed;
        for (uint256 i = 0; i < count; i++) {
            random = _next(random);
            _token0.transfer(_holder(random >> 128), random % 1e15);
        }
        return _token0.balanceOf(_holder(random >> 128));
    }

    /// Swaps in random directions and the sum of what came out.
    function swaps(uint256 count, uint256 seed) external returns (uint256 sum) {
        uint256 random = seed;
        for (uint256 i = 0; i < count; i++) {
            random = _next(random);
            sum += _pool.swap(random >> 255 == 1, 1e15 + (random >> 128) % 1e24, 1, address(this));
        }
    }

    function _next(uint256 random) private pure returns (uint256) {
        unchecked {
            return random * 0x5851f42d4c957f2d14057b7ef767814f5851f42d4c957f2d14057b7ef767814d + 1442695040888963407;
        }
    }

    function _holder(uint256 index) private pure returns (address) {
        return address(uint160(0xb0b00000000000000000000000000000000 + index % HOLDERS));
    }
}
