import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addresses, CHAIN_ID, TestChain } from "@tributary/chain/chain/chain.fixture";
import { grownChain, step } from "@tributary/chain/chain/snapshot.fixture";
import { certified, trustedEra } from "@tributary/chain/proof/state-proof.testing";
import { type ProvenState, verifyStateProof } from "@tributary/chain/proof/verify-state-proof";
import { decodeContainerHeader } from "@tributary/protocol/container/codec";
import pino from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FinalityProof } from "../rpc/backend.ts";
import { StateProofs } from "./state-proofs.ts";

const BLOCKS = 4;
const alice = addresses[0] ?? new Uint8Array(20);
let directory = "";
let chain: TestChain;
let now = 0;
let proofs: StateProofs;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "state-proofs-"));
  chain = await grownChain(BLOCKS, join(directory, "chain"));
  proofs = proofsOf(chain);
});
afterEach(async () => {
  await proofs.stop();
  await chain.chain.close();
  await rm(directory, { recursive: true });
});

function proofsOf(of: TestChain): StateProofs {
  return new StateProofs({
    folder: join(directory, "proofs"),
    chain: of.chain,
    finality: async (number): Promise<FinalityProof | undefined> => {
      const block = of.chain.block(number);
      if (number === 0 || block === undefined) return undefined;
      const { container, certificate, branch } = certified(block, CHAIN_ID);
      const header = decodeContainerHeader(container);
      return header === undefined ? undefined : { header, certificate, branch };
    },
    now: () => now,
    logger: pino({ level: "silent" }),
  });
}

async function proven(address: Uint8Array): Promise<ProvenState> {
  const report = await proofs.prove(address, []);
  if (report.kind !== "proof") throw new Error(report.kind);
  const verdict = verifyStateProof(report.proof, trustedEra(CHAIN_ID));
  if (!verdict.ok) throw new Error(verdict.fault);
  return verdict.state;
}

test("proofs are of the newest block that is written out, which happens at rests", async () => {
  const first = await Promise.all([proven(alice), proven(alice)]);
  const { nonce } = first[0].account(alice) ?? { nonce: 0n };
  expect(first.map((state) => state.block.number)).toEqual([BLOCKS, BLOCKS]);
  expect(nonce).toBe(chain.chain.nonce(alice));
  await step(chain, BLOCKS);
  expect((await proven(alice)).block.number).toBe(BLOCKS);
  now += 60_000;
  // This one begins to write, and is served from what is there.
  expect((await proven(alice)).block.number).toBe(BLOCKS);
  await proofs.stop();
  const later = await proven(alice);
  expect(later.block.number).toBe(BLOCKS + 1);
  expect(later.account(alice)?.nonce).toBe(nonce + 1n);
  expect((await readdir(join(directory, "proofs"))).length).toBe(1);
});

test("before the first certified block nothing is proven", async () => {
  const fresh = await TestChain.open();
  expect(await proofsOf(fresh).prove(alice, [])).toEqual({ kind: "uncertified" });
});
