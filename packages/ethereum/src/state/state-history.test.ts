import { EMPTY_CODE_HASH } from "@tributary/chain/state/account";
import { expect, test } from "vitest";
import type { StateChanges } from "./state-changes.ts";
import { StateHistory } from "./state-history.ts";

const address = new Uint8Array(20).fill(1);
const [one, two] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const nothing: StateChanges = { accounts: [], cleared: [], storage: [], codes: [] };
const account = (balance: bigint) => ({ nonce: 0n, balance, codeHash: EMPTY_CODE_HASH });

test("each block sees what was written up to it", () => {
  const history = new StateHistory();
  history.add(1, { ...nothing, accounts: [[address, account(1n)]], storage: [[address, one, one]] });
  history.add(3, { ...nothing, accounts: [[address, account(3n)]], storage: [[address, one, two]] });
  const seen = [0, 1, 2, 3, 9].map((block) => {
    const state = history.at(block, () => undefined);
    return [state.account(address)?.balance, state.storage(address, one)?.[0], state.storage(address, two)?.[0]];
  });
  const [none, first, last] = [Array(3).fill(undefined), [1n, 1, undefined], [3n, 2, undefined]];
  expect(seen).toEqual([none, first, first, last, last]);
});

test("an account that is deleted loses its storage, and may get a new one in the same block", () => {
  const history = new StateHistory();
  history.add(1, {
    ...nothing,
    accounts: [[address, account(1n)]],
    storage: [
      [address, one, one],
      [address, two, two],
    ],
  });
  history.add(2, { ...nothing, accounts: [[address, undefined]] });
  history.add(3, { ...nothing, accounts: [[address, account(5n)]] });
  history.add(4, { ...nothing, cleared: [address], storage: [[address, two, one]] });
  const slots = (block: number) =>
    [one, two].map((slot) => history.at(block, () => undefined).storage(address, slot)?.[0]);
  expect([1, 2, 3, 4].map(slots)).toEqual([
    [1, 2],
    [undefined, undefined],
    [undefined, undefined],
    [undefined, 1],
  ]);
  expect(history.at(2, () => undefined).account(address)).toBeUndefined();
});
