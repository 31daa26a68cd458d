// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Committees of at most 64 seats and the bitmaps over them: seat 0 in bit 0.
library Seats {
    uint256 internal constant MOST = 64;

    /// @notice q = N - floor((N-1)/3).
    function quorum(uint256 members) internal pure returns (uint8) {
        // At most MOST.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint8(members - (members - 1) / 3);
    }

    function all(uint256 members) internal pure returns (uint64) {
        return type(uint64).max >> (MOST - members);
    }

    /// @notice The bitmap of one seat.
    function bit(uint256 seat) internal pure returns (uint64) {
        // Seats are below MOST.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(1) << uint64(seat);
    }

    function has(uint64 bitmap, uint256 seat) internal pure returns (bool) {
        return (bitmap >> seat) & 1 == 1;
    }

    function count(uint64 bitmap) internal pure returns (uint256 found) {
        for (; bitmap != 0; bitmap &= bitmap - 1) {
            found++;
        }
    }

    /// @notice The `seats` lowest of the bitmap, or all where it holds no more.
    function lowest(uint64 bitmap, uint256 seats) internal pure returns (uint64 chosen) {
        for (; seats > 0 && bitmap != 0; seats--) {
            chosen |= bitmap & (~bitmap + 1);
            bitmap &= bitmap - 1;
        }
    }
}
