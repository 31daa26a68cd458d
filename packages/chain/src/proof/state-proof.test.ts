import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concat } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addresses, CHAIN_ID, hex, type TestChain, word } from "../chain/chain.fixture.ts";
import { coin, grownChain, writtenSnapshot } from "../chain/snapshot.fixture.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import type { SnapshotFiles } from "../snapshot/snapshot-files.ts";
import { EMPTY_CODE_HASH } from "../state/account.ts";
import { bucketsOf, proveBuckets } from "./bucket-proof.ts";
import { certified, trustedEra } from "./state-proof.testing.ts";
import type { BucketProof, StateProof } from "./state-proof.ts";
import { type StateProofFault, type TrustedEra, verifyStateProof } from "./verify-state-proof.ts";

const alice = addresses[0] ?? new Uint8Array(20);
const nobody = new Uint8Array(20).fill(0xdd);
const era = trustedEra(CHAIN_ID);
/** Where the coin keeps alice's balance. */
const slot = keccak256(concat(word(BigInt(`0x${Buffer.from(alice).toString("hex")}`)), word(0n)));
const empty = hex("00".repeat(32));

let folder = "";
let chain: TestChain;
let files: SnapshotFiles;
let manifest: Manifest;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "state-proof-"));
  chain = await grownChain(12);
  files = await writtenSnapshot(chain, folder);
  const checked = chain.chain.checkManifest(files.manifest);
  if (!checked.ok) throw new Error(checked.reason);
  manifest = checked.manifest;
});
afterAll(async () => {
  await chain.chain.close();
  await rm(folder, { recursive: true });
});

function proofOf(address: Uint8Array, ...slots: readonly Uint8Array[]): StateProof {
  const buckets = proveBuckets(files, manifest, bucketsOf(address, slots));
  if (buckets === undefined) throw new Error("a small state has small buckets");
  return { ...certified(chain.chain.head, CHAIN_ID), buckets };
}

function faultOf(proof: StateProof, trusted: TrustedEra = era): StateProofFault | undefined {
  const verdict = verifyStateProof(proof, trusted);
  return verdict.ok ? undefined : verdict.fault;
}

test("balance, nonce, code hash and storage are proven to whoever knows the era's key alone", () => {
  const verdict = verifyStateProof(proofOf(alice), era);
  if (!verdict.ok) throw new Error(verdict.fault);
  const { state } = verdict;
  expect(state.block).toEqual(chain.chain.head.header);
  expect(state.account(alice)).toMatchObject({ balance: chain.chain.balance(alice), nonce: chain.chain.nonce(alice) });
  const code = keccak256(chain.chain.code(coin));
  const contract = verifyStateProof(proofOf(coin, slot, empty), era);
  if (!contract.ok) throw new Error(contract.fault);
  expect(contract.state.account(coin)).toMatchObject({ codeHash: code });
  for (const one of [slot, empty]) {
    expect(contract.state.storage(coin, one)).toEqual(new Uint8Array(chain.chain.storage(coin, one)));
  }
});

test("what is not there is proven too, and what was not asked for is not said", () => {
  const verdict = verifyStateProof(proofOf(nobody), era);
  if (!verdict.ok) throw new Error(verdict.fault);
  expect(verdict.state.account(nobody)).toEqual({ nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH });
  const shown = bucketsOf(nobody, []);
  const other = addresses.find((address) => !shown.includes(bucketsOf(address, [])[0] ?? 0)) ?? alice;
  expect(verdict.state.account(other)).toBeUndefined();
});

test("whoever changes a proof or brings it to another chain, era or key is refused by name", () => {
  const proof = proofOf(alice);
  const [first] = proof.buckets as [BucketProof];
  const bucket = (change: Partial<BucketProof>): StateProof => ({ ...proof, buckets: [{ ...first, ...change }] });
  const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const at = first.entries.length - 40;
  const faults: [StateProofFault, StateProof, TrustedEra?][] = [
    ["container", { ...proof, container: proof.container.subarray(1) }],
    ["other-chain", proof, { ...era, group: `0x${"22".repeat(32)}` }],
    ["other-era", proof, { ...era, era: 3 }],
    ["other-era", { ...proof, certificateEra: 3 }],
    ["height-outside-era", proof, { ...era, firstHeight: 13 }],
    ["height-outside-era", proof, { ...era, lastHeight: 11 }],
    ["certificate", { ...proof, certificate: flipped(proof.certificate, 50) }],
    ["certificate", { ...proof, container: flipped(proof.container, 100) }],
    ["certificate", proof, { ...era, groupKey: new Uint8Array(48) }],
    ["block", { ...proof, header: flipped(proof.header, 95) }],
    ["block", { ...proof, header: proof.header.subarray(1) }],
    ["block", proof, { ...era, chainId: CHAIN_ID + 1n }],
    ["block", { ...proof, branch: { ...proof.branch, index: 0 } }],
    ["bucket", bucket({ entries: flipped(first.entries, at) })],
    ["bucket", bucket({ entries: first.entries.subarray(1) })],
    ["bucket", bucket({ entries: new Uint8Array(0) })],
    ["bucket", bucket({ bucket: (first.bucket + 1) % 256 })],
    ["bucket", bucket({ bucket: first.bucket + 256 })],
    ["bucket", bucket({ siblings: first.siblings.slice(1) })],
    ["bucket", { ...proof, buckets: [first, first] }],
  ];
  for (const [fault, changed, trusted] of faults) expect(faultOf(changed, trusted)).toBe(fault);
  expect(faultOf(proof)).toBeUndefined();
});

test("a state whose buckets are too large for an answer is refused as such", () => {
  const size = 3 * 1024 * 1024;
  const large = { size: () => size, read: () => new Uint8Array(size) };
  expect(proveBuckets(large, manifest, [1])?.length).toBe(1);
  expect(proveBuckets(large, manifest, [1, 2])).toBeUndefined();
});
