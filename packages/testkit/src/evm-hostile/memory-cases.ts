import { assemble, concat, forever, MAX_CODE } from "./assemble.ts";
import { type HostileCase, hostile, TARGET } from "./hostile-case.ts";

const HELPER = 0xbeefn;
const KB256 = 262_144;

/** Ends with as much output as `length` bytes, by RETURN or REVERT. */
const answers = (length: number, end: string): Uint8Array => assemble(`${length} 0 ${end}`);

const filled = `0 ${KB256 - 1} MSTORE8`;
const callsHelper = "0 0 0 0 0 0xbeef GAS CALL POP";

/** The largest code, all of `instruction`. */
const bulk = (instruction: number): Uint8Array => new Uint8Array(MAX_CODE).fill(instruction);

export const memoryCases: readonly HostileCase[] = [
  hostile("memory, a word at a time", forever("", "0 MSIZE MSTORE")),
  hostile("memory, half of the rest at a time", forever("", "0 MSIZE MSIZE ADD 4096 ADD MSTORE")),
  hostile("MSTORE8", forever(filled, "0 77 MSTORE8")),
  hostile("MLOAD", forever(filled, "77 MLOAD POP")),
  hostile("MCOPY of 256 kB", forever(filled, `${KB256 - 1} 0 1 MCOPY`)),
  hostile("MCOPY of 32 bytes, overlapping", forever(filled, "32 0 1 MCOPY")),
  hostile("MCOPY of nothing", forever("", "0 0 0 MCOPY")),
  hostile("CALLDATACOPY of 256 kB behind the end", forever(filled, `${KB256} 0 0 CALLDATACOPY`)),
  hostile("CALLDATACOPY of 16 kB", forever("", "CALLDATASIZE 0 0 CALLDATACOPY"), {
    transaction: () => ({ data: new Uint8Array(16_384) }),
  }),
  hostile("CODECOPY of 24 kB", concat(forever("", `${MAX_CODE} 0 0 CODECOPY`), bulk(0x5b)).subarray(0, MAX_CODE)),
  hostile("EXTCODECOPY of 24 kB", forever("", `${MAX_CODE} 0 0 0xbeef EXTCODECOPY`), {
    others: [[HELPER, bulk(0x5b)]],
  }),
  hostile("EXTCODECOPY of a byte", forever("", "1 0 0 0xbeef EXTCODECOPY"), { others: [[HELPER, bulk(0x5b)]] }),
  hostile("RETURNDATACOPY of 256 kB", forever(callsHelper, `${KB256} 0 0 RETURNDATACOPY`), {
    others: [[HELPER, answers(KB256, "RETURN")]],
  }),
  hostile("RETURN of 256 kB", forever("", callsHelper), { others: [[HELPER, answers(KB256, "RETURN")]] }),
  hostile("REVERT with 256 kB", forever("", callsHelper), { others: [[HELPER, answers(KB256, "REVERT")]] }),
  hostile("RETURN of 256 kB into memory", forever("", `${KB256} 0 0 0 0 0xbeef GAS CALL POP`), {
    others: [[HELPER, answers(KB256, "RETURN")]],
  }),
  hostile("calls with 256 kB of input that is copied", forever(filled, `0 0 ${KB256} 0 0 0xbeef GAS CALL POP`), {
    others: [[HELPER, assemble("CALLDATASIZE 0 0 CALLDATACOPY")]],
  }),
  hostile("1024 frames with 32 kB each", assemble(`0 32736 MSTORE 0 0 0 0 0 ${TARGET} GAS CALL 0 0 REVERT`), {
    ends: "revert",
  }),
  hostile("LOG0 of 256 kB", forever(filled, `${KB256} 0 LOG0`)),
  hostile("LOG4 of nothing", forever("", "1 2 3 4 0 0 LOG4")),
];
