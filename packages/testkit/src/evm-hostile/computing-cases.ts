import { forever, MAX_CODE } from "./assemble.ts";
import { type HostileCase, hostile } from "./hostile-case.ts";

const word = (byte: string): string => `0x${byte.repeat(32)}`;
const largest = word("ff");

/** Operands from the last to the first, and the instruction on copies of them. */
function onOperands(name: string, operands: readonly string[], instruction: string): HostileCase {
  const copies = `DUP${operands.length} `.repeat(operands.length);
  return hostile(name, forever(operands.join(" "), `${copies} ${instruction} POP`));
}

/** Divisors of one to four 64-bit limbs, each with digits that make the estimate of a quotient's digit wrong. */
const divisors: readonly (readonly [limbs: number, divisor: string])[] = [
  [1, "0x8000000000000001"],
  [2, "0x80000000000000007fffffffffffffff"],
  [3, "0x8000000000000000000000000000000000000000ffffffff"],
  [4, `0x0000000080000000${"00".repeat(20)}00000003`],
];

const divisions = divisors.flatMap(([limbs, divisor]) =>
  ["DIV", "SDIV", "MOD", "SMOD"].map((name) => onOperands(`${name} by ${limbs} limbs`, [divisor, word("7f")], name)),
);
const modular = divisors.flatMap(([limbs, divisor]) =>
  ["ADDMOD", "MULMOD"].map((name) => onOperands(`${name} by ${limbs} limbs`, [divisor, largest, largest], name)),
);

/** Nothing but one instruction in the largest code, then back to its begin. */
function longest(instruction: number): Uint8Array {
  const code = new Uint8Array(MAX_CODE).fill(instruction);
  code.set([0x5f, 0x56], MAX_CODE - 2);
  return code;
}

export const computingCases: readonly HostileCase[] = [
  ...divisions,
  ...modular,
  onOperands("MUL", [largest, largest], "MUL"),
  onOperands("EXP, largest exponent", [largest, word("fd")], "EXP"),
  onOperands("EXP, one byte", ["0xff", word("fd")], "EXP"),
  onOperands("SAR", [largest, "255"], "SAR"),
  onOperands("SIGNEXTEND", [largest, "30"], "SIGNEXTEND"),
  onOperands("BYTE", [largest, "31"], "BYTE"),
  onOperands("SLT", [largest, word("80")], "SLT"),
  hostile("CLZ", forever("0", "DUP1 CLZ POP")),
  hostile("JUMPDEST of a maximal code", longest(0x5b)),
  hostile("loop of one jump", forever("", "", 1)),
  hostile("SWAP16", forever("1 ".repeat(17), "SWAP16")),
  hostile("DUP16 and POP", forever("1 ".repeat(16), "DUP16 POP")),
  hostile("KECCAK256 of nothing", forever("", "0 0 KECCAK256 POP")),
  hostile("KECCAK256 of 32 bytes", forever("", "32 0 KECCAK256 POP")),
  hostile("KECCAK256 of 136 bytes", forever("", "136 0 KECCAK256 POP")),
  hostile("KECCAK256 of 256 kB", forever("", "262144 0 KECCAK256 POP")),
  hostile("BLOCKHASH", forever("", [...Array(256).keys()].map((i) => `${i + 1} NUMBER SUB BLOCKHASH POP`).join(" "))),
  hostile("GAS and POP", forever("", "GAS POP")),
  hostile("PUSH32 and POP", forever("", `${largest} POP`)),
];
