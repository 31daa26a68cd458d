import { bls12_381 } from "@noble/curves/bls12-381.js";
import { concat, uint } from "@tributary/protocol/bytes/index";
import { containerHash } from "@tributary/protocol/container/codec";
import { segmentBranch, segmentsRoot } from "@tributary/protocol/container/container-body";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import { BlsSecretKey } from "@tributary/protocol/crypto/bls";
import { finalDigest } from "@tributary/protocol/wire/index";
import pino from "pino";
import { Registry } from "prom-client";
import { type Hex, hexToBytes, keccak256, stringToHex } from "viem";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FixtureChain, fixtureBackend } from "./fixture-chain.testing.ts";
import { data } from "./hex.ts";
import { RpcServer } from "./server.ts";

const chainId = 4711n;
const key = BlsSecretKey.generate((length) => new Uint8Array(length).fill(7));
const word = (byte: string): Hex => `0x${byte.repeat(32)}`;

let server: RpcServer;
let url: string;

beforeEach(async () => {
  const chain = new FixtureChain(chainId);
  chain.mine();
  const block = chain.mine();
  const segments = [
    { chainId: 5n, blockNumber: 9, blockHash: word("05") },
    { chainId, blockNumber: 2, blockHash: data(block.hash) },
    { chainId: 9000n, blockNumber: 1, blockHash: word("09") },
  ];
  const header: ContainerHeader = {
    ...{
      version: 1,
      rules: 1,
      group: word("aa"),
      era: 1,
      epoch: 1,
      height: 2,
      committee: word("bb"),
      parent: word("cc"),
    },
    ...{
      order: word("dd"),
      beacon: word("ee"),
      time: 1_700_000_002_000,
      mainchainNumber: 3,
      mainchainHash: word("ff"),
    },
    ...{ bodyRoot: word("01"), segmentsRoot: segmentsRoot(segments) },
  };
  const certificate = key.sign(finalDigest(header, containerHash(header)));
  const backend = fixtureBackend(chain);
  server = new RpcServer({ logger: pino({ level: "silent" }), registry: new Registry() });
  server.addChain(chainId, {
    ...backend,
    member: {
      ...backend.member,
      finality: async (number) =>
        number === 2 ? { header, certificate, branch: segmentBranch(segments, 1) } : undefined,
    },
  });
  const { port } = await server.start({ port: 0 });
  url = `http://127.0.0.1:${port}/chains/${chainId}`;
});

afterEach(() => server.stop());

// biome-ignore lint/suspicious/noExplicitAny: the answer is read as an outsider would
async function getFinality(block: string): Promise<any> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tributary_getFinality", params: [block] }),
  });
  return response.json();
}

/** What an outsider does with nothing but the answer, the group key and the specification. */
// biome-ignore lint/suspicious/noExplicitAny: the answer is read as an outsider would
function verify(proof: any, publicKey: Uint8Array): boolean {
  const encoded = hexToBytes(proof.headerEncoded);
  const headerHash = hexToBytes(keccak256(encoded));
  const tag = hexToBytes(keccak256(stringToHex("tributary/v1/final")));
  const place = concat(
    tag,
    hexToBytes(proof.group),
    uint(proof.certificateEra, 4),
    uint(proof.epoch, 4),
    uint(proof.height, 8),
  );
  const signed = hexToBytes(keccak256(concat(place, headerHash)));
  const scheme = bls12_381.longSignatures;
  const message = scheme.hash(signed, "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_");
  if (!scheme.verify(hexToBytes(proof.certificate), message, publicKey)) return false;
  let node = hexToBytes(
    keccak256(
      concat(Uint8Array.of(0), uint(BigInt(proof.chainId), 8), uint(proof.blockNumber, 8), hexToBytes(proof.blockHash)),
    ),
  );
  let { index, count } = proof.branch;
  const siblings = [...proof.branch.siblings];
  for (let width = count; width > 1; width = Math.ceil(width / 2), index >>= 1) {
    if ((index ^ 1) >= width) continue;
    const sibling = hexToBytes(siblings.shift());
    const pair = index % 2 === 0 ? concat(node, sibling) : concat(sibling, node);
    node = hexToBytes(keccak256(concat(Uint8Array.of(1), pair)));
  }
  const root = keccak256(concat(Uint8Array.of(2), uint(count, 4), node));
  // segmentsRoot is the header's last field.
  return siblings.length === 0 && root === data(encoded.subarray(-32));
}

test("an outsider verifies a block with another library", async () => {
  const { result } = await getFinality("0x2");
  expect(result).toMatchObject({
    blockNumber: 2,
    era: 1,
    certificateEra: 1,
    epoch: 1,
    height: 2,
    orderCertificate: null,
  });
  expect(result.header.segmentsRoot).toBe(`0x${result.headerEncoded.slice(-64)}`);
  expect(result.headerHash).toBe(keccak256(result.headerEncoded));
  expect(verify(result, key.publicKey.bytes)).toBe(true);
});

test.each([
  ["the block", { blockHash: word("12") }],
  ["the height", { height: 3 }],
  ["the era", { certificateEra: 2 }],
  ["the branch", { branch: { index: 0, count: 3, siblings: [word("01"), word("02")] } }],
])("a change to %s is noticed", async (_, change) => {
  const { result } = await getFinality("0x2");
  expect(verify({ ...result, ...change }, key.publicKey.bytes)).toBe(false);
});

test("one bit of header or key is noticed", async () => {
  const { result } = await getFinality("latest");
  const encoded = hexToBytes(result.headerEncoded);
  encoded[40] = (encoded[40] ?? 0) ^ 1;
  expect(verify({ ...result, headerEncoded: data(encoded) }, key.publicKey.bytes)).toBe(false);
  const other = BlsSecretKey.generate((length) => new Uint8Array(length).fill(8));
  expect(verify(result, other.publicKey.bytes)).toBe(false);
});

test("the genesis block and unknown blocks have clear errors", async () => {
  expect(await getFinality("0x0")).toMatchObject({
    error: { code: -32001, message: expect.stringContaining("genesis") },
  });
  expect(await getFinality("0x1")).toMatchObject({ error: { code: -32001 } });
  expect(await getFinality("0x3")).toMatchObject({ error: { code: -32000, message: "header not found" } });
});
