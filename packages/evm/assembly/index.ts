// The exports of the module. Its memory belongs to it alone: no runtime, no allocator but the journal's.
import { resetCodes } from "./code";
import { A_BALANCE, A_HASH, A_NONCE, accountAt, resetJournal } from "./journal";
import { keccak256 } from "./keccak";
import { EMPTY_HASH, IO_BALANCE, IO_HASH, IO_NONCE, IO_VALUE, RETURN, ZERO } from "./layout";
import { resetBlockGas } from "./transaction";
import { copyWord, setSmall } from "./u256";

export { blake2f } from "./blake2f";
export { power64, powerLow, powerOdd } from "./modexp";
export { isWarmAccount, readSlot, refundNow, returnDataLength } from "./inspect";
export { firstAccountOfBlock } from "./journal";
export { reserve, setGuarded, setTracing } from "./interpreter";
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

/** The account whose address is the word at IO_VALUE, as it stands now, into IO_NONCE, IO_BALANCE and IO_HASH. */
export function readAccount(): void {
  const record = accountAt(IO_VALUE);
  store<u64>(IO_NONCE, load<u64>(record, A_NONCE));
  copyWord(IO_BALANCE, record + A_BALANCE);
  copyWord(IO_HASH, record + A_HASH);
}
