import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CHAIN_INFORMATION_ADDRESS } from "../predeploy-addresses.ts";
import { bucketsOf } from "../proof/bucket-proof.ts";
import { certified, trustedEra } from "../proof/state-proof.testing.ts";
import { verifyStateProof } from "../proof/verify-state-proof.ts";
import { addresses, CHAIN_ID, TestChain, word } from "./chain.fixture.ts";
import { proveDirectory } from "./prove-directory.ts";

const [alice = new Uint8Array(20), bob = new Uint8Array(20)] = addresses;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "prove-directory-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("the folder of a stopped chain proves accounts and slots after its newest certified block", async () => {
  const chain = await TestChain.open({ storage: { directory: folder } });
  await chain.block(chain.sign(0, { to: bob, value: 5n }));
  await expect(proveDirectory(folder, [0])).rejects.toMatchObject({ code: "store-locked" });
  await chain.chain.close();
  for (const [address, slots] of [
    [alice, []],
    [CHAIN_INFORMATION_ADDRESS, [word(0n), word(2n)]],
    [new Uint8Array(20).fill(0xdd), []],
  ] as const) {
    const { block, buckets } = await proveDirectory(folder, bucketsOf(address, slots));
    expect(block.header.number).toBe(1);
    const proof = { ...certified(block, CHAIN_ID), buckets: buckets ?? [] };
    const verdict = verifyStateProof(proof, trustedEra(CHAIN_ID));
    if (!verdict.ok) throw new Error(verdict.fault);
    const account = verdict.state.account(address);
    if (address === alice) expect(account).toMatchObject({ nonce: 1n, balance: 10n ** 20n - 5n });
    if (slots.length === 0 && address !== alice) expect(account).toMatchObject({ nonce: 0n, balance: 0n });
    // Members and epochs of the committee that ordered it: 4, 1, 1.
    if (slots.length > 0) {
      expect(verdict.state.storage(address, word(2n))).toEqual(word((4n << 128n) | (1n << 64n) | 1n));
    }
  }
});

test("a folder without a database is told so, and left as it is", async () => {
  await expect(proveDirectory(join(folder, "none"), [0])).rejects.toMatchObject({ code: "store-damaged" });
});
