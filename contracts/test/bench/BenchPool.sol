// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// Two tokens at a constant product of their reserves, 0.3 percent of what comes in left to the pool.
contract BenchPool is ReentrancyGuard {
    using SafeERC20 for IERC20;

    event Swap(address indexed sender, bool zeroForOne, uint256 amountIn, uint256 amountOut, address indexed to);

    error TooLittle(uint256 amountOut);

    IERC20 private immutable _token0;
    IERC20 private immutable _token1;
    uint128 private _reserve0;
    uint128 private _reserve1;

    constructor(IERC20 token0, IERC20 token1) {
        _token0 = token0;
        _token1 = token1;
    }

    /// Takes what was sent before as reserves.
    function sync() external {
        _reserve0 = uint128(_token0.balanceOf(address(this)));
        _reserve1 = uint128(_token1.balanceOf(address(this)));
    }

    function swap(bool zeroForOne, uint256 amountIn, uint256 least, address to)
        external
        nonReentrant
        returns (uint256 amountOut)
    {
        (IERC20 tokenIn, IERC20 tokenOut) = zeroForOne ? (_token0, _token1) : (_token1, _token0);
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (_reserve0, _reserve1) : (_reserve1, _reserve0);
        tokenIn.safeTransferFrom(msg.sender, address(this), amountIn);
        uint256 counted = amountIn * 997;
        amountOut = Math.mulDiv(reserveOut, counted, reserveIn * 1000 + counted);
        if (amountOut < least) revert TooLittle(amountOut);
        tokenOut.safeTransfer(to, amountOut);
        (uint256 left0, uint256 left1) = (_token0.balanceOf(address(this)), _token1.balanceOf(address(this)));
        (_reserve0, _reserve1) = (uint128(left0), uint128(left1));
        emit Swap(msg.sender, zeroForOne, amountIn, amountOut, to);
    }
}
