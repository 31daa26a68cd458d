// Key generation between processes of which as many cheat as may: one never deals, one deals a bad share, and a third
// accuses an honest dealer.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { keyGenerationAbi } from "@tributary/contracts/abi/key-generation.generated";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { eraAt, type Finality, signedDigest, verify } from "@tributary/testkit/devnet/outside-verifier";
import { until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import type { CheatName } from "@tributary/testkit/keygen/cheats";
import { createPublicClient, type Hex, http, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const cheatingNode = resolve(root, "packages/testkit/src/keygen/cheating-node.ts");
/** Fault.Share of the contract. */
const SHARE_FAULT = 2;

/** Cheats by the node's place in devnet.json; two bad dealers are f of seven. */
const cheats = new Map<number, CheatName>([
  [1, "silent-dealer"],
  [3, "bad-share"],
  [5, "false-complaint"],
]);

let devnet: Devnet;
let client: PublicClient;
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 7 });
  client = createPublicClient({ transport: http(devnet.info.mainchain.rpc) });
  for (const place of cheats.keys()) await devnet.killNode(place);
  await Promise.all([...cheats].map(([place, cheat]) => devnet.restartNode(place, [cheatingNode, cheat])));
});
afterAll(() => devnet?.dispose());

const idOf = (cheat: CheatName): number =>
  devnet.info.nodes[[...cheats].find(([, name]) => name === cheat)?.[0] ?? -1]?.id ?? 0;

/** Events of the chain's key generation. */
function source() {
  const address = devnet.info.mainchain.contracts["KeyGeneration"]!;
  return { address, abi: keyGenerationAbi, fromBlock: 0n, strict: true, args: { chainId: BigInt(chainId) } } as const;
}

let chainId = 0;

test("the culprits are named on chain, and the others make a key", async () => {
  const { stdout } = await promisify(execFile)(
    "npx",
    [
      "tributary",
      "chain",
      "create",
      "--name",
      "cheated",
      "--size",
      "small",
      "--members",
      "7",
      "--data",
      devnet.data,
      "--json",
    ],
    { cwd: root },
  );
  chainId = Number((JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { chainId: string | number }).chainId);
  const absent = await client.getContractEvents({ ...source(), eventName: "DealerAbsent" });
  expect(absent.map(({ args }) => args.nodeId)).toEqual([idOf("silent-dealer")]);
  const convicted = await client.getContractEvents({ ...source(), eventName: "DealerConvicted" });
  expect(convicted.map(({ args }) => [args.nodeId, args.fault])).toEqual([[idOf("bad-share"), SHARE_FAULT]]);
  const [begun] = await client.getContractEvents({ ...source(), eventName: "KeyGenerationBegun" });
  const [generated] = await client.getContractEvents({ ...source(), eventName: "KeyGenerated" });
  const qualified = begun!.args.nodeIds.filter((_, seat) => ((generated!.args.qualified >> BigInt(seat)) & 1n) === 1n);
  const honest = begun!.args.nodeIds.filter((id) => id !== idOf("silent-dealer") && id !== idOf("bad-share"));
  expect(qualified).toEqual(honest);
});

test("the false complaint was made and turned down", async () => {
  const complaints = readFileSync(`${devnet.data}.log`, "utf8")
    .split("\n")
    .filter((line) => line.includes(`"chain":"${chainId}"`) && line.includes('"fault":"proof"'));
  expect(complaints.some((line) => line.includes("complaining about a bad dealing"))).toBe(true);
  expect(complaints.some((line) => line.includes("the complaint did not get through"))).toBe(true);
  const convicted = await client.getContractEvents({ ...source(), eventName: "DealerConvicted" });
  expect(convicted.map(({ args }) => args.nodeId)).toEqual([idOf("bad-share")]);
});

test("the key works: a transaction is mined and its block verifies under the key in the manager contract", async () => {
  const chain = await until("the chain in devnet.json", 30_000, () =>
    devnet.info.chains.find((known) => known.chainId === chainId),
  );
  const url = chain.rpc[chain.members.indexOf(devnet.info.nodes[0]!.id)]!;
  const account = privateKeyToAccount(devnet.info.accounts[0]!.privateKey);
  const raw = await account.signTransaction({
    chainId,
    nonce: 0,
    to: account.address,
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
  });
  const hash = await call<Hex>(url, "eth_sendRawTransaction", raw);
  const receipt = await until(
    "the receipt",
    30_000,
    async () =>
      (await call<{ blockNumber: Hex; status: Hex } | null>(url, "eth_getTransactionReceipt", hash)) ?? undefined,
  );
  expect(receipt.status).toBe("0x1");
  const proof = await call<Finality>(url, "tributary_getFinality", receipt.blockNumber);
  const { era, groupKey: key } = await eraAt(devnet.info.mainchain, chainId, proof.blockNumber);
  expect(key).toBe(chain.groupPublicKey);
  expect(key).not.toBe(devnet.info.chains[0]!.groupPublicKey);
  expect(verify(key, signedDigest(proof.headerEncoded, era), proof.certificate)).toBe(true);
  expect(verify(devnet.info.chains[0]!.groupPublicKey, signedDigest(proof.headerEncoded, era), proof.certificate)).toBe(
    false,
  );
});
