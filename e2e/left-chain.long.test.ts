// A chain that stops for ever can be left: what its accounts held is proven from one member's disk, when no node runs any
// more, to the verifier and to the contract on the mainchain, which know the group's key alone.
import { execFile } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bucketCalldata, certifiedCalldata } from "@tributary/chain/proof/calldata";
import { stateProofsAbi } from "@tributary/contracts/abi/state-proofs.generated";
import { parseStateProof } from "@tributary/node/client/state-proof";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { createPublicClient, createWalletClient, type Hex, http, parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const main = join(root, "packages/cli/src/main.ts");
const heir: Hex = "0x00000000000000000000000000000000000000b0";
const INFORMATION = "0x7472696275746172790000000000000000000003";

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };
type Answer = Readonly<Record<string, unknown>> & {
  readonly chainId: string;
  readonly blockNumber: number;
  readonly balance: Hex;
  readonly certificateEra: number;
  readonly buckets: readonly { readonly entries: Hex }[];
};

let devnet: Devnet;
let file = "";
/** Balance of the heir when the last block that anybody saw was final. */
let balance = 0n;
let lastSeen = 0;

function tributary(...parameters: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...parameters], { cwd: root }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}

/** A verifier who knows the mainchain's JSON-RPC and one address. */
const verify = (proof: string, ...more: readonly string[]): Promise<Ended> =>
  tributary(
    ...["proof", "verify", proof, "--mainchain", devnet.info.mainchain.rpc],
    ...["--state-proofs", devnet.info.mainchain.contracts["StateProofs"]!, "--json", ...more],
  );

const answer = (): Answer => JSON.parse(readFileSync(file, "utf8")) as Answer;

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  file = join(devnet.data, "proof.json");
});
afterAll(() => devnet?.dispose());

test("a chain makes transfers, and all its nodes are killed for ever", async () => {
  const chain = devnet.info.chains[0]!;
  const account = privateKeyToAccount(devnet.info.accounts[1]!.privateKey);
  for (let nonce = 0; nonce < 5; nonce++) {
    const raw = await account.signTransaction({
      ...{ chainId: chain.chainId, nonce, to: heir, value: parseEther("1.5"), gas: 21_000n },
      ...{ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n },
    });
    const hash = await call<Hex>(chain.rpc[nonce % 4]!, "eth_sendRawTransaction", raw);
    await until("the receipt", 20_000, async () =>
      (await call<object | null>(chain.rpc[0]!, "eth_getTransactionReceipt", hash)) === null ? undefined : true,
    );
  }
  balance = BigInt(await call<Hex>(chain.rpc[0]!, "eth_getBalance", heir, "latest"));
  lastSeen = Number(await call<Hex>(chain.rpc[0]!, "eth_blockNumber"));
  expect(balance).toBe(parseEther("7.5"));
  const [survivor] = devnet.info.nodes;
  const running = await tributary("proof", "get", heir, "--from-data", survivor!.dataDir, "--json");
  expect(running).toMatchObject({ code: 1, stderr: expect.stringContaining("store-locked") });
  for (const index of devnet.info.nodes.keys()) await devnet.killNode(index);
  await expect(call(chain.rpc[0]!, "eth_blockNumber")).rejects.toThrow();
});

test("one member's disk proves the balance and a slot at the last certified height", async () => {
  const { dataDir } = devnet.info.nodes[2]!;
  const slots = ["--slot", "0", "0x2"];
  const got = await tributary("proof", "get", INFORMATION, "--from-data", dataDir, ...slots, "--json");
  expect(got.code).toBe(0);
  writeFileSync(file, got.stdout);
  expect(await verify(file, "--on-chain")).toMatchObject({ code: 0 });
  const kept = await tributary("proof", "get", heir, "--from-data", dataDir, "--out", file);
  expect(kept).toMatchObject({ code: 0, stdout: expect.stringContaining("7500000000000000000 wei") });
  const verified = await verify(file, "--on-chain");
  expect(verified).toMatchObject({ code: 0, stderr: "" });
  const proven = JSON.parse(verified.stdout) as { readonly blockNumber: number; readonly balance: string };
  expect(BigInt(proven.balance)).toBe(balance);
  expect(proven.blockNumber).toBeGreaterThanOrEqual(lastSeen);
  // The devnet's own file names the contract, too; a proof of another chain is refused.
  expect(await tributary("proof", "verify", file, "--data", devnet.data)).toMatchObject({ code: 0 });
  expect(await verify(file, "--chain", "1")).toMatchObject({ code: 1 });
  // Reading changed nothing: the node can be read again.
  expect((await tributary("proof", "get", heir, "--from-data", dataDir, "--json")).code).toBe(0);
});

test("the contract on the mainchain proves it in transactions", async () => {
  const { mainchain, accounts } = devnet.info;
  const proof = parseStateProof(answer())!;
  const client = createPublicClient({ transport: http(mainchain.rpc) });
  const wallet = createWalletClient({
    account: privateKeyToAccount(accounts[0]!.privateKey),
    transport: http(mainchain.rpc),
  });
  const groupKey = fromHex(devnet.info.chains[0]!.groupPublicKey)!;
  const contract = { address: mainchain.contracts["StateProofs"]!, abi: stateProofsAbi, chain: null } as const;
  const certified = certifiedCalldata(proof, groupKey)!;
  const stateOf = {
    ...contract,
    functionName: "stateOf",
    args: [BigInt(answer().chainId), certified],
  } as const;
  const { root: stateRoot } = await client.readContract(stateOf);
  const accountIn = {
    ...contract,
    functionName: "accountIn",
    args: [stateRoot, bucketCalldata(proof.buckets[0]!), heir],
  } as const;
  expect((await client.readContract(accountIn))[1]).toBe(balance);
  const first = await client.waitForTransactionReceipt({ hash: await wallet.writeContract(stateOf) });
  const second = await client.waitForTransactionReceipt({ hash: await wallet.writeContract(accountIn) });
  expect([first.status, second.status]).toEqual(["success", "success"]);
  const entries = entriesIn(proof.buckets[0]!.entries);
  console.log(`certificate ${first.gasUsed} gas, bucket of ${entries} entries ${second.gasUsed} gas`);
});

test("what is tampered with is refused", async () => {
  const good = answer();
  const flipped = (text: string, byte: number): string => {
    const at = 2 + 2 * byte;
    return text.slice(0, at) + ((Number.parseInt(text[at]!, 16) ^ 1) & 15).toString(16) + text.slice(at + 1);
  };
  const bytes = (name: string): string => String(good[name]);
  const bucket = good.buckets[0]!;
  const tampered: Readonly<Record<string, object>> = {
    balance: { ...good, balance: `0x${(balance + 1n).toString(16)}` },
    "balance in the bucket": { ...good, buckets: [{ ...bucket, entries: flipped(bucket.entries, 45) }] },
    "entry left out": { ...good, buckets: [{ ...bucket, entries: "0x" }] },
    "bucket left out": { ...good, buckets: [] },
    "block header": { ...good, blockHeader: flipped(bytes("blockHeader"), 100) },
    "container header": { ...good, containerHeader: flipped(bytes("containerHeader"), 270) },
    certificate: { ...good, certificate: flipped(bytes("certificate"), 50) },
    era: { ...good, certificateEra: good.certificateEra + 1 },
    chain: { ...good, chainId: (BigInt(good.chainId) + 1n).toString() },
    "not a proof": { ...good, buckets: "0x" },
  };
  const forged = join(devnet.data, "forged.json");
  copyFileSync(file, forged);
  expect((await verify(forged)).code).toBe(0);
  for (const [what, proof] of Object.entries(tampered)) {
    writeFileSync(forged, JSON.stringify(proof));
    const refused = await verify(forged);
    expect({ what, code: refused.code, said: refused.stderr }).toEqual({
      ...{ what, code: 1 },
      said: expect.stringMatching(/PROOF_(REFUSED|MALFORMED)/),
    });
  }
  rmSync(forged);
});

/** Of a bucket: u8 length, key, u8 length, value. */
function entriesIn(entries: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < entries.length; count++) {
    at += 1 + entries[at]!;
    at += 1 + entries[at]!;
  }
  return count;
}
