import type { Common } from "@ethereumjs/common";
import { MerklePatriciaTrie } from "@ethereumjs/mpt";
import { getMerkleStateProof, MerkleStateManager, type Proof } from "@ethereumjs/statemanager";
import { Address, createAccount, type DB, MapDB } from "@ethereumjs/util";
import { OverlayDb } from "./overlay-db.ts";
import type { StateChanges } from "./state-changes.ts";

/** The Merkle-Patricia tries of every block's state, in memory. */
export class StateTrie {
  /** The newest state: the library's executor works on it. */
  readonly manager: MerkleStateManager;
  readonly #common: Common;
  readonly #db: DB<string, string> = new MapDB<string, string>();

  constructor(common: Common) {
    this.#common = common;
    this.manager = this.#managerOn(this.#db);
  }

  /** Makes what changes to the state with the given root give the newest state; its root. */
  async apply(root: Uint8Array, changes: StateChanges): Promise<Uint8Array> {
    await this.manager.setStateRoot(root);
    await write(this.manager, changes);
    return this.manager.getStateRoot();
  }

  /** The state with the given root, to work on: nothing of it is kept. */
  async copyAt(root: Uint8Array): Promise<MerkleStateManager> {
    const manager = this.#managerOn(new OverlayDb(this.#db));
    await manager.setStateRoot(root);
    return manager;
  }

  /** The root that changes to the state with the given root would give; nothing is kept. */
  async rootWith(root: Uint8Array, changes: StateChanges): Promise<Uint8Array> {
    const manager = await this.copyAt(root);
    await write(manager, changes);
    return manager.getStateRoot();
  }

  /** Proof of an account and some of its slots in the state with the given root (EIP-1186). */
  async proof(root: Uint8Array, address: Uint8Array, slots: readonly Uint8Array[]): Promise<Proof> {
    const manager = this.#managerOn(this.#db);
    await manager.setStateRoot(root);
    return getMerkleStateProof(manager, new Address(address), [...slots]);
  }

  #managerOn(db: DB<string, string>): MerkleStateManager {
    const trie = new MerklePatriciaTrie({ db, useKeyHashing: true, common: this.#common });
    return new MerkleStateManager({ common: this.#common, trie });
  }
}

async function write(manager: MerkleStateManager, changes: StateChanges): Promise<void> {
  for (const bytes of changes.cleared) {
    const address = new Address(bytes);
    if ((await manager.getAccount(address)) !== undefined) await manager.clearStorage(address);
  }
  for (const [bytes, account] of changes.accounts) {
    const address = new Address(bytes);
    if (account === undefined) {
      await manager.deleteAccount(address);
      continue;
    }
    const before = await manager.getAccount(address);
    const storage = before === undefined ? {} : { storageRoot: before.storageRoot };
    await manager.putAccount(address, createAccount({ ...account, ...storage }));
  }
  for (const [bytes, slot, value] of changes.storage) {
    const address = new Address(bytes);
    if ((await manager.getAccount(address)) !== undefined) await manager.putStorage(address, slot, value);
  }
}
