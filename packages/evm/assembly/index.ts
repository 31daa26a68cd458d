// The exports of the module. Its memory belongs to it alone: no runtime, no allocator but the journal's.
import { resetCodes } from "./code";
import { resetJournal } from "./journal";
import { keccak256 } from "./keccak";
import { EMPTY_HASH, RETURN, ZERO } from "./layout";
import { resetBlockGas } from "./transaction";
import { setSmall } from "./u256";

export { firstAccountOfBlock } from "./journal";
export { reserve, setTracing } from "./interpreter";
export { blockGasUsed, execute } from "./transaction";
export { keccak256 } from "./keccak";
export { addmod, div, exp, leadingZeros, mod, mul, mulmod, sar, sdiv, shl, shr, signextend, smod } from "./u256";

/** Once, after the host wrote the seeds of the hash tables. */
export function start(): void {
  setSmall(ZERO, 0);
  keccak256(EMPTY_HASH, RETURN, 0);
  resetCodes();
  resetJournal();
}

/** Forgets the changes and what was read; codes stay. */
export function resetBlock(): void {
  resetJournal();
  resetBlockGas();
}
