import type { Machine } from "./machine.ts";
import { putBytesAsWord, wordAt } from "./memory-codec.ts";
import { layout } from "./memory-layout.ts";
import type { Account } from "./types.ts";

/** An account as it stands now; one that does not exist has no nonce, balance or code. Throws as the state reader. */
export function readAccount(machine: Machine, address: Uint8Array): Account {
  putBytesAsWord(machine.bytes, layout.IO_VALUE, address);
  machine.exports.readAccount();
  return {
    nonce: machine.view.getBigUint64(layout.IO_NONCE, true),
    balance: wordAt(machine.view, layout.IO_BALANCE),
    codeHash: machine.bytes.slice(layout.IO_HASH, layout.IO_HASH + 32),
  };
}
