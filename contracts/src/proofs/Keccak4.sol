// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Keccak-f[1600] (FIPS 202) on four states at once: each word holds a lane of each, since all of its steps are
/// bitwise and rotations of 64 bits. The EVM has no precompile for it.
library Keccak4 {
    /// Round constants, 64 bits each, and 24 bytes behind them, so that whole words can be read.
    bytes internal constant CONSTANTS =
        hex"00000000000000010000000000008082800000000000808a8000000080008000000000000000808b000000008000000180000000800080818000000000008009000000000000008a00000000000000880000000080008009000000008000000a000000008000808b800000000000008b8000000000008089800000000000800380000000000080028000000000000080000000000000800a800000008000000a8000000080008081800000000000808000000000800000018000000080008008000000000000000000000000000000000000000000000000";

    /// @notice Permutes in place. About 100 000 gas for all four. Unrolled by round: a loop over lanes would double it.
    /// @param s Memory of 25 words, the state; lane x + 5y of state k in bits 64k to 64k + 63 of word x + 5y.
    /// @param t Memory of 25 words.
    /// @param constants Memory of CONSTANTS, behind its length.
    function permute(uint256 s, uint256 t, uint256 constants) internal pure {
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, 24) { i := add(i, 1) } {
                {
                    let c0 :=
                        xor(
                            xor(xor(xor(mload(s), mload(add(s, 0xa0))), mload(add(s, 0x140))), mload(add(s, 0x1e0))),
                            mload(add(s, 0x280))
                        )
                    let c1 :=
                        xor(
                            xor(
                                xor(xor(mload(add(s, 0x20)), mload(add(s, 0xc0))), mload(add(s, 0x160))),
                                mload(add(s, 0x200))
                            ),
                            mload(add(s, 0x2a0))
                        )
                    let c2 :=
                        xor(
                            xor(
                                xor(xor(mload(add(s, 0x40)), mload(add(s, 0xe0))), mload(add(s, 0x180))),
                                mload(add(s, 0x220))
                            ),
                            mload(add(s, 0x2c0))
                        )
                    let c3 :=
                        xor(
                            xor(
                                xor(xor(mload(add(s, 0x60)), mload(add(s, 0x100))), mload(add(s, 0x1a0))),
                                mload(add(s, 0x240))
                            ),
                            mload(add(s, 0x2e0))
                        )
                    let c4 :=
                        xor(
                            xor(
                                xor(xor(mload(add(s, 0x80)), mload(add(s, 0x120))), mload(add(s, 0x1c0))),
                                mload(add(s, 0x260))
                            ),
                            mload(add(s, 0x300))
                        )
                    let d0 :=
                        xor(
                            c4,
                            or(
                                and(shl(1, c1), 0xfffffffffffffffefffffffffffffffefffffffffffffffefffffffffffffffe),
                                and(shr(63, c1), 0x0000000000000001000000000000000100000000000000010000000000000001)
                            )
                        )
                    let d1 :=
                        xor(
                            c0,
                            or(
                                and(shl(1, c2), 0xfffffffffffffffefffffffffffffffefffffffffffffffefffffffffffffffe),
                                and(shr(63, c2), 0x0000000000000001000000000000000100000000000000010000000000000001)
                            )
                        )
                    let d2 :=
                        xor(
                            c1,
                            or(
                                and(shl(1, c3), 0xfffffffffffffffefffffffffffffffefffffffffffffffefffffffffffffffe),
                                and(shr(63, c3), 0x0000000000000001000000000000000100000000000000010000000000000001)
                            )
                        )
                    let d3 :=
                        xor(
                            c2,
                            or(
                                and(shl(1, c4), 0xfffffffffffffffefffffffffffffffefffffffffffffffefffffffffffffffe),
                                and(shr(63, c4), 0x0000000000000001000000000000000100000000000000010000000000000001)
                            )
                        )
                    let d4 :=
                        xor(
                            c3,
                            or(
                                and(shl(1, c0), 0xfffffffffffffffefffffffffffffffefffffffffffffffefffffffffffffffe),
                                and(shr(63, c0), 0x0000000000000001000000000000000100000000000000010000000000000001)
                            )
                        )
                    let v
                    v := xor(mload(s), d0)
                    mstore(t, v)
                    v := xor(mload(add(s, 0xa0)), d0)
                    mstore(
                        add(t, 0x200),
                        or(
                            and(shl(36, v), 0xfffffff000000000fffffff000000000fffffff000000000fffffff000000000),
                            and(shr(28, v), 0x0000000fffffffff0000000fffffffff0000000fffffffff0000000fffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x140)), d0)
                    mstore(
                        add(t, 0xe0),
                        or(
                            and(shl(3, v), 0xfffffffffffffff8fffffffffffffff8fffffffffffffff8fffffffffffffff8),
                            and(shr(61, v), 0x0000000000000007000000000000000700000000000000070000000000000007)
                        )
                    )
                    v := xor(mload(add(s, 0x1e0)), d0)
                    mstore(
                        add(t, 0x2e0),
                        or(
                            and(shl(41, v), 0xfffffe0000000000fffffe0000000000fffffe0000000000fffffe0000000000),
                            and(shr(23, v), 0x000001ffffffffff000001ffffffffff000001ffffffffff000001ffffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x280)), d0)
                    mstore(
                        add(t, 0x1c0),
                        or(
                            and(shl(18, v), 0xfffffffffffc0000fffffffffffc0000fffffffffffc0000fffffffffffc0000),
                            and(shr(46, v), 0x000000000003ffff000000000003ffff000000000003ffff000000000003ffff)
                        )
                    )
                    v := xor(mload(add(s, 0x20)), d1)
                    mstore(
                        add(t, 0x140),
                        or(
                            and(shl(1, v), 0xfffffffffffffffefffffffffffffffefffffffffffffffefffffffffffffffe),
                            and(shr(63, v), 0x0000000000000001000000000000000100000000000000010000000000000001)
                        )
                    )
                    v := xor(mload(add(s, 0xc0)), d1)
                    mstore(
                        add(t, 0x20),
                        or(
                            and(shl(44, v), 0xfffff00000000000fffff00000000000fffff00000000000fffff00000000000),
                            and(shr(20, v), 0x00000fffffffffff00000fffffffffff00000fffffffffff00000fffffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x160)), d1)
                    mstore(
                        add(t, 0x220),
                        or(
                            and(shl(10, v), 0xfffffffffffffc00fffffffffffffc00fffffffffffffc00fffffffffffffc00),
                            and(shr(54, v), 0x00000000000003ff00000000000003ff00000000000003ff00000000000003ff)
                        )
                    )
                    v := xor(mload(add(s, 0x200)), d1)
                    mstore(
                        add(t, 0x100),
                        or(
                            and(shl(45, v), 0xffffe00000000000ffffe00000000000ffffe00000000000ffffe00000000000),
                            and(shr(19, v), 0x00001fffffffffff00001fffffffffff00001fffffffffff00001fffffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x2a0)), d1)
                    mstore(
                        add(t, 0x300),
                        or(
                            and(shl(2, v), 0xfffffffffffffffcfffffffffffffffcfffffffffffffffcfffffffffffffffc),
                            and(shr(62, v), 0x0000000000000003000000000000000300000000000000030000000000000003)
                        )
                    )
                    v := xor(mload(add(s, 0x40)), d2)
                    mstore(
                        add(t, 0x280),
                        or(
                            and(shl(62, v), 0xc000000000000000c000000000000000c000000000000000c000000000000000),
                            and(shr(2, v), 0x3fffffffffffffff3fffffffffffffff3fffffffffffffff3fffffffffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0xe0)), d2)
                    mstore(
                        add(t, 0x160),
                        or(
                            and(shl(6, v), 0xffffffffffffffc0ffffffffffffffc0ffffffffffffffc0ffffffffffffffc0),
                            and(shr(58, v), 0x000000000000003f000000000000003f000000000000003f000000000000003f)
                        )
                    )
                    v := xor(mload(add(s, 0x180)), d2)
                    mstore(
                        add(t, 0x40),
                        or(
                            and(shl(43, v), 0xfffff80000000000fffff80000000000fffff80000000000fffff80000000000),
                            and(shr(21, v), 0x000007ffffffffff000007ffffffffff000007ffffffffff000007ffffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x220)), d2)
                    mstore(
                        add(t, 0x240),
                        or(
                            and(shl(15, v), 0xffffffffffff8000ffffffffffff8000ffffffffffff8000ffffffffffff8000),
                            and(shr(49, v), 0x0000000000007fff0000000000007fff0000000000007fff0000000000007fff)
                        )
                    )
                    v := xor(mload(add(s, 0x2c0)), d2)
                    mstore(
                        add(t, 0x120),
                        or(
                            and(shl(61, v), 0xe000000000000000e000000000000000e000000000000000e000000000000000),
                            and(shr(3, v), 0x1fffffffffffffff1fffffffffffffff1fffffffffffffff1fffffffffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x60)), d3)
                    mstore(
                        add(t, 0xa0),
                        or(
                            and(shl(28, v), 0xfffffffff0000000fffffffff0000000fffffffff0000000fffffffff0000000),
                            and(shr(36, v), 0x000000000fffffff000000000fffffff000000000fffffff000000000fffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x100)), d3)
                    mstore(
                        add(t, 0x2a0),
                        or(
                            and(shl(55, v), 0xff80000000000000ff80000000000000ff80000000000000ff80000000000000),
                            and(shr(9, v), 0x007fffffffffffff007fffffffffffff007fffffffffffff007fffffffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x1a0)), d3)
                    mstore(
                        add(t, 0x180),
                        or(
                            and(shl(25, v), 0xfffffffffe000000fffffffffe000000fffffffffe000000fffffffffe000000),
                            and(shr(39, v), 0x0000000001ffffff0000000001ffffff0000000001ffffff0000000001ffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x240)), d3)
                    mstore(
                        add(t, 0x60),
                        or(
                            and(shl(21, v), 0xffffffffffe00000ffffffffffe00000ffffffffffe00000ffffffffffe00000),
                            and(shr(43, v), 0x00000000001fffff00000000001fffff00000000001fffff00000000001fffff)
                        )
                    )
                    v := xor(mload(add(s, 0x2e0)), d3)
                    mstore(
                        add(t, 0x260),
                        or(
                            and(shl(56, v), 0xff00000000000000ff00000000000000ff00000000000000ff00000000000000),
                            and(shr(8, v), 0x00ffffffffffffff00ffffffffffffff00ffffffffffffff00ffffffffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x80)), d4)
                    mstore(
                        add(t, 0x1e0),
                        or(
                            and(shl(27, v), 0xfffffffff8000000fffffffff8000000fffffffff8000000fffffffff8000000),
                            and(shr(37, v), 0x0000000007ffffff0000000007ffffff0000000007ffffff0000000007ffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x120)), d4)
                    mstore(
                        add(t, 0xc0),
                        or(
                            and(shl(20, v), 0xfffffffffff00000fffffffffff00000fffffffffff00000fffffffffff00000),
                            and(shr(44, v), 0x00000000000fffff00000000000fffff00000000000fffff00000000000fffff)
                        )
                    )
                    v := xor(mload(add(s, 0x1c0)), d4)
                    mstore(
                        add(t, 0x2c0),
                        or(
                            and(shl(39, v), 0xffffff8000000000ffffff8000000000ffffff8000000000ffffff8000000000),
                            and(shr(25, v), 0x0000007fffffffff0000007fffffffff0000007fffffffff0000007fffffffff)
                        )
                    )
                    v := xor(mload(add(s, 0x260)), d4)
                    mstore(
                        add(t, 0x1a0),
                        or(
                            and(shl(8, v), 0xffffffffffffff00ffffffffffffff00ffffffffffffff00ffffffffffffff00),
                            and(shr(56, v), 0x00000000000000ff00000000000000ff00000000000000ff00000000000000ff)
                        )
                    )
                    v := xor(mload(add(s, 0x300)), d4)
                    mstore(
                        add(t, 0x80),
                        or(
                            and(shl(14, v), 0xffffffffffffc000ffffffffffffc000ffffffffffffc000ffffffffffffc000),
                            and(shr(50, v), 0x0000000000003fff0000000000003fff0000000000003fff0000000000003fff)
                        )
                    )
                }
                {
                    let b0 := mload(t)
                    let b1 := mload(add(t, 0x20))
                    let b2 := mload(add(t, 0x40))
                    let b3 := mload(add(t, 0x60))
                    let b4 := mload(add(t, 0x80))
                    mstore(
                        s,
                        xor(
                            xor(b0, and(not(b1), b2)),
                            mul(
                                shr(192, mload(add(constants, shl(3, i)))),
                                0x0000000000000001000000000000000100000000000000010000000000000001
                            )
                        )
                    )
                    mstore(add(s, 0x20), xor(b1, and(not(b2), b3)))
                    mstore(add(s, 0x40), xor(b2, and(not(b3), b4)))
                    mstore(add(s, 0x60), xor(b3, and(not(b4), b0)))
                    mstore(add(s, 0x80), xor(b4, and(not(b0), b1)))
                }
                {
                    let b0 := mload(add(t, 0xa0))
                    let b1 := mload(add(t, 0xc0))
                    let b2 := mload(add(t, 0xe0))
                    let b3 := mload(add(t, 0x100))
                    let b4 := mload(add(t, 0x120))
                    mstore(add(s, 0xa0), xor(b0, and(not(b1), b2)))
                    mstore(add(s, 0xc0), xor(b1, and(not(b2), b3)))
                    mstore(add(s, 0xe0), xor(b2, and(not(b3), b4)))
                    mstore(add(s, 0x100), xor(b3, and(not(b4), b0)))
                    mstore(add(s, 0x120), xor(b4, and(not(b0), b1)))
                }
                {
                    let b0 := mload(add(t, 0x140))
                    let b1 := mload(add(t, 0x160))
                    let b2 := mload(add(t, 0x180))
                    let b3 := mload(add(t, 0x1a0))
                    let b4 := mload(add(t, 0x1c0))
                    mstore(add(s, 0x140), xor(b0, and(not(b1), b2)))
                    mstore(add(s, 0x160), xor(b1, and(not(b2), b3)))
                    mstore(add(s, 0x180), xor(b2, and(not(b3), b4)))
                    mstore(add(s, 0x1a0), xor(b3, and(not(b4), b0)))
                    mstore(add(s, 0x1c0), xor(b4, and(not(b0), b1)))
                }
                {
                    let b0 := mload(add(t, 0x1e0))
                    let b1 := mload(add(t, 0x200))
                    let b2 := mload(add(t, 0x220))
                    let b3 := mload(add(t, 0x240))
                    let b4 := mload(add(t, 0x260))
                    mstore(add(s, 0x1e0), xor(b0, and(not(b1), b2)))
                    mstore(add(s, 0x200), xor(b1, and(not(b2), b3)))
                    mstore(add(s, 0x220), xor(b2, and(not(b3), b4)))
                    mstore(add(s, 0x240), xor(b3, and(not(b4), b0)))
                    mstore(add(s, 0x260), xor(b4, and(not(b0), b1)))
                }
                {
                    let b0 := mload(add(t, 0x280))
                    let b1 := mload(add(t, 0x2a0))
                    let b2 := mload(add(t, 0x2c0))
                    let b3 := mload(add(t, 0x2e0))
                    let b4 := mload(add(t, 0x300))
                    mstore(add(s, 0x280), xor(b0, and(not(b1), b2)))
                    mstore(add(s, 0x2a0), xor(b1, and(not(b2), b3)))
                    mstore(add(s, 0x2c0), xor(b2, and(not(b3), b4)))
                    mstore(add(s, 0x2e0), xor(b3, and(not(b4), b0)))
                    mstore(add(s, 0x300), xor(b4, and(not(b0), b1)))
                }
            }
        }
    }
}
