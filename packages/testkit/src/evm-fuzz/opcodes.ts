import type { Fork } from "@tributary/evm/types";

function numbered(name: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `${name}${first + i}`);
}

const rows: readonly (readonly [first: number, names: readonly string[]])[] = [
  [0x00, "STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND".split(" ")],
  [0x10, "LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR CLZ".split(" ")],
  [0x20, ["KECCAK256"]],
  [0x30, "ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY".split(" ")],
  [0x3a, "GASPRICE EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH BLOCKHASH COINBASE".split(" ")],
  [0x42, "TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBHASH BLOBBASEFEE".split(" ")],
  [0x50, "POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY".split(" ")],
  [0x5f, [...numbered("PUSH", 0, 32), ...numbered("DUP", 1, 16), ...numbered("SWAP", 1, 16), ...numbered("LOG", 0, 4)]],
  [0xf0, "CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2".split(" ")],
  [0xfa, ["STATICCALL"]],
  [0xfd, ["REVERT", "INVALID", "SELFDESTRUCT"]],
];

/** Every instruction of Osaka by its byte, with INVALID; CLZ is the only one that Cancun and Prague have not. */
export const opcodeNames: ReadonlyMap<number, string> = new Map(
  rows.flatMap(([first, names]) => names.map((name, i) => [first + i, name] as const)),
);

/** Addresses of precompiles, by upgrade. */
export const precompileIds: Readonly<Record<Fork, readonly number[]>> = {
  cancun: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  prague: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17],
  osaka: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0x100],
};

/** How often programs call a precompile, against 1 of the others: those of one upgrade alone more often. */
export const precompileWeights: Readonly<Record<number, number>> = {
  8: 3,
  10: 3,
  11: 3,
  12: 5,
  13: 2,
  14: 5,
  15: 6,
  16: 4,
  17: 5,
  256: 8,
};
