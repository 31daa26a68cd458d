import { expect, test } from "vitest";
import { HISTORY_ADDRESS } from "../predeploy-addresses.ts";
import { fromKey } from "../store/key.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { accountKey, storageKey } from "./flat-key.ts";
import { StoredState } from "./state-view.ts";

test("reads a value of the store once, and a slot of a ring each time: these would fill the cache", () => {
  const account = accountKey(new Uint8Array(20).fill(1));
  const ring = storageKey(HISTORY_ADDRESS, new Uint8Array(32));
  const values = new Map([account, ring].map((key) => [Buffer.from(fromKey(key)).toString("hex"), Uint8Array.of(7)]));
  let reads = 0;
  const get = (key: Uint8Array): Uint8Array | undefined => {
    reads += 1;
    return values.get(Buffer.from(key).toString("hex"));
  };
  const state = new StoredState({ get } as KeyValueStore);
  expect([state.get(account), state.get(account), reads]).toEqual([Uint8Array.of(7), Uint8Array.of(7), 1]);
  expect([state.get(ring), state.get(ring), reads]).toEqual([Uint8Array.of(7), Uint8Array.of(7), 3]);
  state.update(new Map([[account, Uint8Array.of(8)]]));
  values.set(Buffer.from(fromKey(ring)).toString("hex"), Uint8Array.of(8));
  state.update(new Map([[ring, Uint8Array.of(8)]]));
  expect([state.get(account), reads, state.get(ring)]).toEqual([Uint8Array.of(8), 3, Uint8Array.of(8)]);
});
