import { EMPTY_CODE_HASH } from "./empty-code.ts";
import { codeKey, type Machine } from "./machine.ts";
import { bytesOfWord, wordAt } from "./memory-codec.ts";
import { offsets } from "./memory-layout.ts";
import type { Account, Changes } from "./types.ts";

const existed = 1;
const touched = 2;

function differs(view: DataView, a: number, b: number): boolean {
  for (let i = 0; i < 32; i += 8) if (view.getBigUint64(a + i, true) !== view.getBigUint64(b + i, true)) return true;
  return false;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** The account's net change: undefined for none, otherwise the new account or `deleted`. */
function accountChange(bytes: Uint8Array, view: DataView, record: number): Account | "deleted" | undefined {
  const nonce = view.getBigUint64(record + offsets.A_NONCE, true);
  const balance = wordAt(view, record + offsets.A_BALANCE);
  const hashAt = record + offsets.A_HASH;
  const flags = view.getUint32(record + offsets.A_FLAGS, true);
  const same =
    nonce === view.getBigUint64(record + offsets.A_FIRST_NONCE, true) &&
    !differs(view, record + offsets.A_BALANCE, record + offsets.A_FIRST_BALANCE) &&
    !differs(view, hashAt, record + offsets.A_FIRST_HASH);
  if (same && (flags & touched) === 0) return undefined;
  const codeHash = bytes.slice(hashAt, hashAt + 32);
  if (nonce === 0n && balance === 0n && compareBytes(codeHash, EMPTY_CODE_HASH) === 0) {
    return (flags & existed) === 0 ? undefined : "deleted";
  }
  return same ? undefined : { nonce, balance, codeHash };
}

type Slots = [address: Uint8Array, slot: Uint8Array, value: Uint8Array][];

function slotChanges(bytes: Uint8Array, view: DataView, record: number, address: Uint8Array): Slots {
  const found: Slots = [];
  let slot = view.getUint32(record + offsets.A_STORAGE, true);
  for (; slot !== 0; slot = view.getUint32(slot + offsets.S_NEXT, true)) {
    if (!differs(view, slot + offsets.S_VALUE, slot + offsets.S_FIRST)) continue;
    found.push([address, bytesOfWord(bytes, slot, 32), bytesOfWord(bytes, slot + offsets.S_VALUE, 32)]);
  }
  return found.sort((a, b) => compareBytes(a[1], b[1]));
}

/** Net changes of the machine's block, ascending by address and slot. */
export function collectChanges(machine: Machine, created: ReadonlyMap<string, Uint8Array>): Changes {
  const { bytes, view } = machine;
  const records: [address: Uint8Array, record: number][] = [];
  let record = machine.exports.firstAccountOfBlock();
  for (; record !== 0; record = view.getUint32(record + offsets.A_NEXT, true)) {
    records.push([bytesOfWord(bytes, record, 20), record]);
  }
  records.sort((a, b) => compareBytes(a[0], b[0]));
  const accounts: [Uint8Array, Account | undefined][] = [];
  const storage: Slots = [];
  const codes = new Map<string, [Uint8Array, Uint8Array]>();
  for (const [address, at] of records) {
    const change = accountChange(bytes, view, at);
    if (change === "deleted") {
      accounts.push([address, undefined]);
      continue;
    }
    if (change !== undefined) {
      accounts.push([address, change]);
      const key = codeKey(change.codeHash);
      const code = created.get(key);
      if (code !== undefined) codes.set(key, [change.codeHash, code]);
    }
    for (const slot of slotChanges(bytes, view, at, address)) storage.push(slot);
  }
  return { accounts, storage, codes: [...codes.values()].sort((a, b) => compareBytes(a[0], b[0])) };
}
