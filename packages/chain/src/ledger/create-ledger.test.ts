import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { expect, test } from "vitest";
import { genesisParameters } from "../chain/chain.fixture.ts";
import { buildGenesis } from "../genesis/genesis.ts";
import { recomputeStateRoot } from "../state/recompute-state-root.ts";
import type { Write } from "../store/key-value-store.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { Ledger } from "./ledger.ts";
import { PARAMETERS_KEY } from "./ledger-key.ts";

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

test("a large genesis comes in batches, and is computed once", async () => {
  const store = new StoppedStore();
  const ledger = await Ledger.open(store, parameters(1));
  const { block } = buildGenesis(parameters(1));
  expect(toHex(ledger.head.hash)).toBe(toHex(block.hash));
  expect(toHex((await recomputeStateRoot(store)).root)).toBe(toHex(block.header.stateRoot));
  expect(store.batches).toBeGreaterThan(2);
  store.left = 0;
  // No batch: its digest is known. The same accounts in capitals are the same.
  const capitals = parameters(1).allocation.map(({ address, balance }) => ({
    address: `0x${address.slice(2).toUpperCase()}` as const,
    balance,
  }));
  expect((await Ledger.open(store, { ...parameters(1), allocation: capitals })).head.height).toBe(0);
  await expect(Ledger.open(store, parameters(2))).rejects.toMatchObject({ code: "genesis-mismatch" });
  const last = parameters(1).allocation.map(({ address, balance }, i) => ({
    address,
    balance: balance + BigInt(i === ACCOUNTS - 1),
  }));
  await expect(Ledger.open(store, { ...parameters(1), allocation: last })).rejects.toMatchObject({
    code: "genesis-mismatch",
  });
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

test("wherever the first opening is killed, the next one finds no trace of it, not even of other parameters", async () => {
  const whole = new StoppedStore();
  await Ledger.open(whole, parameters(1));
  for (let left = 0; left < whole.batches; left++) {
    const store = new StoppedStore();
    store.left = left;
    await expect(Ledger.open(store, parameters(1))).rejects.toThrow("killed");
    store.left = Number.POSITIVE_INFINITY;
    const ledger = await Ledger.open(store, parameters(2));
    expect(toHex((await recomputeStateRoot(store)).root)).toBe(toHex(ledger.head.header.stateRoot));
  }
});
