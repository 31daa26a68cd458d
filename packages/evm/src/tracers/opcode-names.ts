// Names as geth prints them: PREVRANDAO still under its old name.
const rows: readonly (readonly [first: number, names: string])[] = [
  [0x00, "STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND"],
  [0x10, "LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR CLZ"],
  [0x20, "KECCAK256"],
  [0x30, "ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY GASPRICE"],
  [0x3b, "EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH"],
  [0x40, "BLOCKHASH COINBASE TIMESTAMP NUMBER DIFFICULTY GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBHASH BLOBBASEFEE"],
  [0x50, "POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY PUSH0"],
  [0xa0, "LOG0 LOG1 LOG2 LOG3 LOG4"],
  [0xf0, "CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2"],
  [0xfa, "STATICCALL"],
  [0xfd, "REVERT INVALID SELFDESTRUCT"],
];

function nameAll(): string[] {
  const names = Array.from({ length: 256 }, (_, op) => `opcode 0x${op.toString(16)} not defined`);
  for (const [first, row] of rows) for (const [i, name] of row.split(" ").entries()) names[first + i] = name;
  for (let i = 1; i <= 32; i++) names[0x5f + i] = `PUSH${i}`;
  for (let i = 1; i <= 16; i++) {
    names[0x7f + i] = `DUP${i}`;
    names[0x8f + i] = `SWAP${i}`;
  }
  return names;
}

const names: readonly string[] = nameAll();

export function opcodeName(op: number): string {
  return names[op] ?? "";
}
