// What tracers ask while a transaction runs. Reading warms nothing and changes no outcome.
import { refund, returnLength } from "./interpreter";
import { accountAt, age, isWarm, S_AGE, S_ORIGINAL, S_VALUE, S_WARM, storageSlot } from "./journal";
import { IO_HASH, IO_SLOT, IO_VALUE, WORD_C } from "./layout";
import { copyWord } from "./u256";

/** Gas to give back as it stands (EIP-3529). */
export function refundNow(): i64 {
  return refund;
}

/** Bytes at RETURN that RETURNDATACOPY sees. */
export function returnDataLength(): u32 {
  return returnLength;
}

/** Whether the account whose address is the word at IO_VALUE is warm (EIP-2929). */
export function isWarmAccount(): i32 {
  return i32(isWarm(accountAt(IO_VALUE)));
}

/**
 * The slot that is the word at IO_SLOT, of the account whose address is the word at IO_VALUE: its value into IO_VALUE,
 * the one it had before the transaction into IO_HASH, both as words; whether it is warm.
 */
export function readSlot(): i32 {
  // The host's answers pass through the same cells.
  copyWord(WORD_C, IO_SLOT);
  const slot = storageSlot(accountAt(IO_VALUE), WORD_C);
  copyWord(IO_VALUE, slot + S_VALUE);
  copyWord(IO_HASH, slot + (load<u32>(slot, S_AGE) == age ? S_ORIGINAL : S_VALUE));
  return i32(load<u32>(slot, S_WARM) == age);
}
