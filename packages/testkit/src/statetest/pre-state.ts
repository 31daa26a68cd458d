import { createMPT } from "@ethereumjs/mpt";
import { rlpEncode } from "@tributary/chain/rlp/encode";
import type { Account, Changes, StateReader } from "@tributary/evm/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";

type StoredAccount = { account: Account; readonly storage: ReadonlyMap<string, Uint8Array> };

function key(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

function fromKey(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}

function isZero(value: Uint8Array): boolean {
  return value.every((byte) => byte === 0);
}

function withoutZeros(value: Uint8Array): Uint8Array {
  const first = value.findIndex((byte) => byte !== 0);
  return first < 0 ? new Uint8Array(0) : value.subarray(first);
}

const emptyRoot: Uint8Array = keccak256(rlpEncode(new Uint8Array(0)));

/** Root of a trie whose keys are hashed, by a library: it must not share our mistakes. */
async function trieRoot(entries: Iterable<readonly [path: Uint8Array, value: Uint8Array]>): Promise<Uint8Array> {
  const trie = await createMPT({ useKeyHashing: true, useKeyHashingFunction: keccak256 });
  for (const [path, value] of entries) await trie.put(path, value);
  return trie.root();
}

/** The whole state before one transaction, in memory. */
export class PreState implements StateReader {
  readonly #accounts = new Map<string, StoredAccount>();
  readonly #codes = new Map<string, Uint8Array>();
  readonly #storageRoots = new WeakMap<ReadonlyMap<string, Uint8Array>, Uint8Array>();

  putCode(hash: Uint8Array, code: Uint8Array): void {
    this.#codes.set(key(hash), code);
  }

  putAccount(address: Uint8Array, account: Account): void {
    this.#accounts.set(key(address), { account, storage: new Map() });
  }

  /** The account must be there. */
  putStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void {
    const storage = this.#accounts.get(key(address))?.storage as Map<string, Uint8Array>;
    if (!isZero(value)) storage.set(key(slot), value);
  }

  account(address: Uint8Array): Account | undefined {
    return this.#accounts.get(key(address))?.account;
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    return this.#accounts.get(key(address))?.storage.get(key(slot));
  }

  hasStorage(address: Uint8Array): boolean {
    return (this.#accounts.get(key(address))?.storage.size ?? 0) > 0;
  }

  code(codeHash: Uint8Array): Uint8Array {
    const code = this.#codes.get(key(codeHash));
    if (!code) throw new Error(`no code of hash ${key(codeHash)}`);
    return code;
  }

  /** As state tests define it: the hash of the decimal digits. */
  blockHash(number: bigint): Uint8Array | undefined {
    return keccak256(new Uint8Array(Buffer.from(number.toString())));
  }

  /** State root after the changes; the state itself stays as it is. */
  async rootAfter(changes: Changes): Promise<Uint8Array> {
    const accounts = this.#applied(changes);
    const entries: [Uint8Array, Uint8Array][] = [];
    for (const [address, { account, storage }] of accounts) {
      const { nonce, balance, codeHash } = account;
      entries.push([fromKey(address), rlpEncode([nonce, balance, await this.#storageRoot(storage), codeHash])]);
    }
    return trieRoot(entries);
  }

  /** What the changes leave, one line for each account and slot: for messages about failures. */
  describe(changes: Changes): string[] {
    const lines: string[] = [];
    for (const [address, { account, storage }] of [...this.#applied(changes)].sort()) {
      lines.push(`${address} nonce ${account.nonce} balance ${account.balance} code ${key(account.codeHash)}`);
      for (const [slot, value] of [...storage].sort()) lines.push(`${address} ${slot} ${key(value)}`);
    }
    return lines;
  }

  #applied(changes: Changes): Map<string, StoredAccount> {
    const accounts = new Map(this.#accounts);
    for (const [address, account] of changes.accounts) {
      const at = key(address);
      if (account === undefined) accounts.delete(at);
      else accounts.set(at, { account, storage: accounts.get(at)?.storage ?? new Map() });
    }
    const copied = new Map<string, Map<string, Uint8Array>>();
    for (const [address, slot, value] of changes.storage) {
      const at = key(address);
      const found = accounts.get(at);
      if (!found) throw new Error(`storage of ${at} changed, which is no account`);
      let storage = copied.get(at);
      if (!storage) {
        storage = new Map(found.storage);
        copied.set(at, storage);
        accounts.set(at, { account: found.account, storage });
      }
      if (isZero(value)) storage.delete(key(slot));
      else storage.set(key(slot), value);
    }
    return accounts;
  }

  /** Remembered: most cases of a test leave most storages as they were. */
  async #storageRoot(storage: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
    if (storage.size === 0) return emptyRoot;
    const known = this.#storageRoots.get(storage);
    if (known) return known;
    const root = await trieRoot(
      [...storage].map(([slot, value]) => [fromKey(slot), rlpEncode(withoutZeros(value))] as const),
    );
    this.#storageRoots.set(storage, root);
    return root;
  }
}

/** State root of what `describe` gave. */
export async function rootOfLines(lines: readonly string[]): Promise<Uint8Array> {
  const state = new PreState();
  const accounts = lines.filter((line) => line.includes(" nonce "));
  for (const line of accounts) {
    const [address = "", , nonce = "", , balance = "", , codeHash = ""] = line.split(" ");
    state.putAccount(fromKey(address), { nonce: BigInt(nonce), balance: BigInt(balance), codeHash: fromKey(codeHash) });
  }
  for (const line of lines.filter((one) => !one.includes(" nonce "))) {
    const [address = "", slot = "", value = ""] = line.split(" ");
    state.putStorage(fromKey(address), fromKey(slot), fromKey(value));
  }
  return state.rootAfter({ accounts: [], storage: [], codes: [] });
}
