const rows: Readonly<Record<number, string>> = {
  0: "STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND",
  16: "LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR CLZ",
  32: "KECCAK256",
  48: "ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY GASPRICE",
  59: "EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH",
  64: "BLOCKHASH COINBASE TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBHASH BLOBBASEFEE",
  80: "POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY",
  160: "LOG0 LOG1 LOG2 LOG3 LOG4",
  240: "CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2",
  250: "STATICCALL",
  253: "REVERT INVALID SELFDESTRUCT",
};

const opcodes = new Map<string, number>();
for (const [first, names] of Object.entries(rows)) {
  for (const [i, name] of names.split(" ").entries()) opcodes.set(name, Number(first) + i);
}
for (let i = 1; i <= 16; i++) {
  opcodes.set(`DUP${i}`, 0x7f + i);
  opcodes.set(`SWAP${i}`, 0x8f + i);
}

/** The shortest push of a number. */
function push(value: bigint): number[] {
  const hex = value === 0n ? "" : value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, "hex");
  return [0x5f + bytes.length, ...bytes];
}

/** Code from names of instructions, and numbers that are pushed. Throws a RangeError for anything else. */
export function assemble(text: string): Uint8Array {
  const code: number[] = [];
  for (const token of text.split(/\s+/)) {
    if (token === "") continue;
    const opcode = opcodes.get(token);
    if (opcode !== undefined) code.push(opcode);
    else if (/^(0x[0-9a-f]+|\d+)$/.test(token)) code.push(...push(BigInt(token)));
    else throw new RangeError(`no instruction ${token}`);
  }
  return Uint8Array.from(code);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Largest code of an account (EIP-170). */
export const MAX_CODE = 24_576;

/** `setup` once, then `body` for ever, written out often enough that the jump back costs little beside it. */
export function forever(setup: string, body: string, copies = 0): Uint8Array {
  const before = assemble(setup);
  const round = assemble(body);
  const count = copies > 0 ? copies : Math.max(1, Math.floor(8000 / round.length));
  const jump = Uint8Array.of(0x61, before.length >> 8, before.length & 0xff, 0x56);
  return concat(before, Uint8Array.of(0x5b), ...Array<Uint8Array>(count).fill(round), jump);
}

/** As `forever`, but ends with STOP when less than `reserve` gas is left. */
export function whileGas(setup: string, body: string, reserve: number, copies = 1): Uint8Array {
  const before = assemble(setup);
  const round = assemble(body);
  const check = assemble(`${reserve} GAS GT`);
  const jump = Uint8Array.of(0x61, before.length >> 8, before.length & 0xff, 0x57, 0x00);
  return concat(before, Uint8Array.of(0x5b), ...Array<Uint8Array>(copies).fill(round), check, jump);
}
