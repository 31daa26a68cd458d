// What the contract must judge as the verifier does, written as a Solidity library that the forge tests import. The file is
// made from this test (vitest -u) and compared with it ever after, so neither side can drift alone.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addresses, CHAIN_ID } from "@tributary/chain/chain/chain.fixture";
import { coin, grownChain, writtenSnapshot } from "@tributary/chain/chain/snapshot.fixture";
import { bucketsOf, proveBuckets } from "@tributary/chain/proof/bucket-proof";
import { bucketCalldata, certifiedCalldata } from "@tributary/chain/proof/calldata";
import { certified, group, groupSecret, trustedEra } from "@tributary/chain/proof/state-proof.testing";
import { type ProvenState, verifyStateProof } from "@tributary/chain/proof/verify-state-proof";
import { concat } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { expect, it } from "vitest";

/** Some twelve entries in a bucket. */
const BLOCKS = 700;
const alice = addresses[0] ?? new Uint8Array(20);
const nobody = new Uint8Array(20).fill(0xdd);
/** Where the coin keeps alice's balance. */
const slot = keccak256(concat(new Uint8Array(12), alice, new Uint8Array(32)));

/** An assignment, broken where forge fmt breaks it: past 120 columns before the semicolon. */
function assign(left: string, value: string): readonly string[] {
  const literal = `hex"${value.slice(2)}";`;
  const line = `        ${left} = ${literal}`;
  return line.length - 1 <= 120 ? [line] : [`        ${left} =`, `            ${literal}`];
}

function siblings(name: string, list: readonly string[]): readonly string[] {
  return [
    `        ${name}.siblings = new bytes32[](${list.length});`,
    ...list.map((sibling, i) => `        ${name}.siblings[${i}] = ${sibling};`),
  ];
}

it("agrees with the contract's vectors", async () => {
  const folder = await mkdtemp(join(tmpdir(), "state-vectors-"));
  const chain = await grownChain(BLOCKS);
  const files = await writtenSnapshot(chain, folder);
  const manifest = chain.chain.checkManifest(files.manifest);
  if (!manifest.ok) throw new Error(manifest.reason);
  const block = chain.chain.head;
  const stateOf = (address: Uint8Array, slots: readonly Uint8Array[]): ProvenState => {
    const buckets = proveBuckets(files, manifest.manifest, bucketsOf(address, slots)) ?? [];
    const verdict = verifyStateProof({ ...certified(block, CHAIN_ID), buckets }, trustedEra(CHAIN_ID));
    if (!verdict.ok) throw new Error(verdict.fault);
    return verdict.state;
  };
  const one = (key: Uint8Array): string[] => {
    const [bucket] = proveBuckets(files, manifest.manifest, [keccak256(key)[0] ?? 0]) ?? [];
    if (bucket === undefined) throw new Error("a small state has small buckets");
    const { entries, siblings: branch } = bucketCalldata(bucket);
    return [
      `        bucket.bucket = ${bucket.bucket};`,
      ...assign("bucket.entries", entries),
      ...siblings("bucket", branch),
    ];
  };
  const account = (address: Uint8Array): string[] => one(concat(Uint8Array.of(0x61), address));
  const proof = certifiedCalldata({ ...certified(block, CHAIN_ID), buckets: [] }, groupSecret.publicKey.bytes);
  if (proof === undefined) throw new Error("a key and a signature are points");
  const rich = stateOf(alice, []).account(alice);
  const held = stateOf(coin, [slot]).storage(coin, slot);
  if (rich === undefined || held === undefined) throw new Error("the proof holds what was asked for");
  expect(stateOf(nobody, []).account(nobody)?.balance).toBe(0n);
  const text = [
    "// SPDX-License-Identifier: Apache-2.0",
    "pragma solidity ^0.8.30;",
    "",
    'import {IStateProofs} from "../../src/proofs/interfaces/IStateProofs.sol";',
    "",
    "/// Made by packages/testkit/src/state-proof/vectors.test.ts: what both sides must judge alike.",
    "library StateProofVectors {",
    `    uint64 internal constant CHAIN_ID = ${CHAIN_ID};`,
    `    bytes32 internal constant GROUP = ${group};`,
    "    uint32 internal constant ERA = 2;",
    `    bytes32 internal constant STATE_ROOT = ${toHex(block.header.stateRoot)};`,
    `    uint64 internal constant NUMBER = ${block.header.number};`,
    `    uint64 internal constant TIMESTAMP = ${block.header.timestamp};`,
    `    bytes20 internal constant ALICE = hex"${toHex(alice).slice(2)}";`,
    `    uint256 internal constant ALICE_BALANCE = ${rich.balance};`,
    `    uint64 internal constant ALICE_NONCE = ${rich.nonce};`,
    `    bytes20 internal constant NOBODY = hex"${toHex(nobody).slice(2)}";`,
    `    bytes20 internal constant COIN = hex"${toHex(coin).slice(2)}";`,
    `    bytes32 internal constant COIN_CODE_HASH = ${toHex(keccak256(chain.chain.code(coin)))};`,
    `    bytes32 internal constant SLOT = ${toHex(slot)};`,
    `    bytes32 internal constant SLOT_VALUE = ${toHex(held)};`,
    "",
    "    function groupKey() internal pure returns (bytes memory) {",
    `        return hex"${toHex(groupSecret.publicKey.bytes).slice(2)}";`,
    "    }",
    "",
    "    function certified() internal pure returns (IStateProofs.Certified memory proof) {",
    ...assign("proof.container", proof.container),
    `        proof.certificateEra = ${proof.certificateEra};`,
    ...assign("proof.groupKey", proof.groupKey),
    ...assign("proof.certificate", proof.certificate),
    `        proof.index = ${proof.index};`,
    `        proof.count = ${proof.count};`,
    ...siblings("proof", proof.siblings),
    ...assign("proof.header", proof.header),
    "    }",
    ...(
      [
        ["aliceBucket", account(alice)],
        ["nobodyBucket", account(nobody)],
        ["coinBucket", account(coin)],
        ["slotBucket", one(concat(Uint8Array.of(0x73), coin, slot))],
      ] as const
    ).flatMap(([name, lines]) => [
      "",
      `    function ${name}() internal pure returns (IStateProofs.Bucket memory bucket) {`,
      ...lines,
      "    }",
    ]),
    "}",
    "",
  ].join("\n");
  await chain.chain.close();
  await rm(folder, { recursive: true });
  await expect(text).toMatchFileSnapshot("../../../../contracts/test/proofs/StateProofVectors.sol");
});
