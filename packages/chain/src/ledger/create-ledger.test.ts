import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { expect, test } from "vitest";
import { genesisParameters } from "../chain/chain.fixture.ts";
import { addressOf, buildGenesis } from "../genesis/genesis.ts";
import { decodeAccount } from "../state/account.ts";
import { accountKey } from "../state/flat-key.ts";
import { recomputeStateRoot } from "../state/recompute-state-root.ts";
import { fromKey } from "../store/key.ts";
import type { Write } from "../store/key-value-store.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { Ledger } from "./ledger.ts";
import { GENESIS_KEY, HEAD_KEY, PARAMETERS_KEY } from "./ledger-key.ts";

/** More than one batch. */
const ACCOUNTS = 12_000;

function parameters(seed: number): GenesisParameters {
  return genesisParameters({
    allocation: Array.from({ length: ACCOUNTS }, (_, i) => ({
      address: toHex(keccak256(Buffer.from(`${seed}/${i}`)).slice(12)),
      balance: 2n ** 200n + BigInt(i),
    })),
  });
}

/** Fails at a batch, as a process that was killed there. */
class StoppedStore extends MemoryStore {
  left = Number.POSITIVE_INFINITY;
  batches = 0;

  override write(batch: readonly Write[]): Promise<void> {
    this.batches++;
    return this.left-- > 0 ? super.write(batch) : Promise.reject(new Error("killed"));
  }
}

test("a large genesis is computed once, read before it is written, and written in batches when something else is", async () => {
  const store = new StoppedStore();
  const ledger = await Ledger.open(store, parameters(1));
  const { block } = buildGenesis(parameters(1));
  expect(toHex(ledger.head.hash)).toBe(toHex(block.hash));
  const [richest] = parameters(1).allocation;
  const key = accountKey(addressOf(richest?.address ?? ""));
  expect(decodeAccount(ledger.headState.get(key) ?? new Uint8Array(0))?.balance).toBe(richest?.balance);
  expect(store.get(fromKey(key))).toBeUndefined();
  expect(store.batches).toBeLessThan(3);
  store.left = 0;
  // No batch: its digest is known. The same accounts in capitals are the same.
  const capitals = parameters(1).allocation.map(({ address, balance }) => ({
    address: `0x${address.slice(2).toUpperCase()}` as const,
    balance,
  }));
  expect((await Ledger.open(store, { ...parameters(1), allocation: capitals })).head.height).toBe(0);
  const last = parameters(1).allocation.map(({ address, balance }, i) => ({
    address,
    balance: balance + BigInt(i === ACCOUNTS - 1),
  }));
  const others = [parameters(2), { ...parameters(1), allocation: last }];
  const refusesOthers = async (): Promise<void> => {
    for (const other of others) {
      await expect(Ledger.open(store, other)).rejects.toMatchObject({ code: "genesis-mismatch" });
    }
  };
  await refusesOthers();
  store.left = Number.POSITIVE_INFINITY;
  store.batches = 0;
  await ledger.store.write([{ key: Uint8Array.of(1), value: Uint8Array.of(2) }]);
  expect(store.batches).toBeGreaterThan(2);
  expect(toHex((await recomputeStateRoot(store)).root)).toBe(toHex(block.header.stateRoot));
  expect(store.get(fromKey(key))).toEqual(ledger.headState.get(key));
  await refusesOthers();
});

test("a snapshot of a genesis that is not written yet holds it whole, and nothing that was written later", async () => {
  const { store, head } = await Ledger.open(new MemoryStore(), parameters(1));
  const snapshot = store.snapshot();
  const [first] = parameters(1).allocation;
  const key = fromKey(accountKey(addressOf(first?.address ?? "")));
  const before = store.get(key);
  await store.write([{ key, value: undefined }]);
  expect(store.get(key)).toBeUndefined();
  expect(snapshot.get(key)).toEqual(before);
  const copy = new MemoryStore();
  for await (const [entry, value] of snapshot.range(Uint8Array.of(0), Uint8Array.of(255))) {
    await copy.write([{ key: entry, value }]);
  }
  expect(toHex((await recomputeStateRoot(copy)).root)).toBe(toHex(head.header.stateRoot));
  await snapshot.close();
});

test("a database without the digest gets it when it is opened", async () => {
  const store = new StoppedStore();
  await Ledger.open(store, genesisParameters());
  const digest = store.get(PARAMETERS_KEY);
  await store.write([{ key: PARAMETERS_KEY, value: undefined }]);
  await Ledger.open(store, genesisParameters());
  expect(store.get(PARAMETERS_KEY)).toEqual(digest);
  await store.write([{ key: PARAMETERS_KEY, value: undefined }]);
  await expect(Ledger.open(store, genesisParameters({ name: "other" }))).rejects.toMatchObject({
    code: "genesis-mismatch",
  });
});

test("wherever the first opening or the first block is killed, the next one goes on with all of the state", async () => {
  const block = (seed: number): Write[] => [{ key: Uint8Array.of(1), value: Uint8Array.of(seed) }];
  const whole = new StoppedStore();
  await (await Ledger.open(whole, parameters(1))).store.write(block(1));
  for (let left = 0; left < whole.batches; left++) {
    const store = new StoppedStore();
    store.left = left;
    const opened = Ledger.open(store, parameters(1)).then((ledger) => ledger.store.write(block(1)));
    await expect(opened).rejects.toThrow("killed");
    store.left = Number.POSITIVE_INFINITY;
    // Where there is no block 0, nothing says of which parameters the rest is.
    const ledger = await Ledger.open(store, parameters(store.get(HEAD_KEY) === undefined ? 2 : 1));
    await ledger.store.write(block(2));
    expect(toHex((await recomputeStateRoot(store)).root)).toBe(toHex(ledger.head.header.stateRoot));
    expect(store.get(GENESIS_KEY)).toEqual(ledger.head.hash);
  }
});

test("what an older version left of a genesis that was killed is removed", async () => {
  const store = new MemoryStore();
  const key = fromKey(accountKey(new Uint8Array(20).fill(9)));
  await store.write([{ key, value: new Uint8Array(72).fill(1) }]);
  const ledger = await Ledger.open(store, parameters(1));
  await ledger.store.write([]);
  expect(store.get(key)).toBeUndefined();
  expect(toHex((await recomputeStateRoot(store)).root)).toBe(toHex(ledger.head.header.stateRoot));
});
