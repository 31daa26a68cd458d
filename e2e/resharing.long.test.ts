// Two rotations back to back on a real mainchain: real contracts, keystores and agents; only the nodes' own links and
// chains are left out.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AgentRunner,
  eventDecoder,
  KeygenAgent,
  KeygenCalls,
  MainchainSender,
  MainchainWatcher,
} from "@tributary/agents";
import type { MainchainEvent } from "@tributary/agents/mainchain/events";
import { nodeAccount } from "@tributary/agents/mainchain/node-account";
import { NonceJournal } from "@tributary/agents/mainchain/nonce-journal";
import { newestKeys, noHandovers } from "@tributary/agents/resharing/handover";
import { ResharingAgent } from "@tributary/agents/resharing/resharing-agent";
import { ResharingCalls } from "@tributary/agents/resharing/resharing-calls";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import {
  connectManager,
  createChain,
  deployTributary,
  devnetParameters,
  type ManagerClient,
  registerNode,
  registerValidator,
  selectCommittee,
  type TributaryAddresses,
} from "@tributary/contracts";
import { chainsAbi } from "@tributary/contracts/abi/chains.generated";
import { committeesAbi } from "@tributary/contracts/abi/committees.generated";
import { keyGenerationAbi } from "@tributary/contracts/abi/key-generation.generated";
import { nodesAbi } from "@tributary/contracts/abi/nodes.generated";
import { resharingAbi } from "@tributary/contracts/abi/resharing.generated";
import { rotationsAbi } from "@tributary/contracts/abi/rotations.generated";
import { tributaryTokenAbi } from "@tributary/contracts/abi/tributary-token.generated";
import { Anvil } from "@tributary/contracts/anvil.fixture";
import { FileVault } from "@tributary/node/vault/file-vault";
import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { type SignatureShare, ThresholdKey } from "@tributary/protocol/crypto/threshold";
import type { ReadyBoard, ReadyEntry } from "@tributary/protocol/ports/ready-board";
import { type Hex, parseUnits } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

const MESSAGE = new Uint8Array(32).fill(9);
const NODES = 6;
const MEMBERS = 4;
const none = (): void => undefined;
const logger = { debug: none, info: none, warn: none, error: none };
const mnemonic = "test test test test test test test test test test test junk";

type Member = {
  readonly vault: FileVault;
  readonly owner: ManagerClient;
  readonly resharing: AgentRunner<ReturnType<ResharingAgent["reduce"]>, MainchainEvent, unknown>;
  stop(): Promise<void>;
};

let anvil: Anvil;
let admin: ManagerClient;
let addresses: TributaryAddresses;
let folder = "";
const members = new Map<number, Member>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rotation-"));
  anvil = await Anvil.start("--block-time", "1", "--mixed-mining", "--accounts", String(NODES + 1));
  admin = await connectManager(anvil.rpc, mnemonicToAccount(mnemonic), 20);
  // Hardly any time between rotations.
  addresses = await deployTributary(admin, { ...devnetParameters, rotation: { period: 86_400, linger: 1 } });
  await mint(admin.account.address);
  for (let id = 1; id <= NODES; id++) members.set(id, await member(id));
}, 240_000);

afterAll(async () => {
  for (const one of members.values()) await one.stop();
  await anvil?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** READYs by the RPC address under which a node shows them. */
const shown = new Map<string, ReadyEntry>();

function boardOf(rpc: string): ReadyBoard {
  return {
    publish: (_chain, entry) => {
      shown.set(rpc, entry);
    },
    withdraw: () => {
      shown.delete(rpc);
    },
    read: async (other) => shown.get(other),
  };
}

async function rpc(method: string, ...params: unknown[]): Promise<void> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const headers = { "content-type": "application/json" };
  const response = await fetch(anvil.rpc, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`${method}: ${response.status}`);
}

async function member(id: number): Promise<Member> {
  const owner = await connectManager(anvil.rpc, mnemonicToAccount(mnemonic, { addressIndex: id }), 20);
  await mint(owner.account.address);
  await registerValidator(owner, addresses, devnetParameters.minimumStake);
  const vault = await FileVault.create(join(folder, `${id}.json`), new TextEncoder().encode("correct horse"));
  await rpc("anvil_setBalance", vault.nodeAddress, "0x56bc75e2d63100000");
  const at = `http://127.0.0.1:${8000 + id}`;
  const node = { ...keysOf(vault), endpoint: `127.0.0.1:${9000 + id}`, rpc: at };
  expect(await registerNode(owner, addresses, node, (digest) => vault.signNode(digest))).toBe(id);

  const contracts = [
    { address: addresses.Nodes, abi: nodesAbi },
    { address: addresses.Chains, abi: chainsAbi },
    { address: addresses.KeyGeneration, abi: keyGenerationAbi },
    { address: addresses.Resharing, abi: resharingAbi },
  ];
  const watcher = new MainchainWatcher<MainchainEvent>({
    rpc: anvil.rpc,
    chainId: 31_337,
    contracts: contracts.map(({ address }) => address),
    fromBlock: 0n,
    decode: eventDecoder(contracts),
    confirmation: 0,
    finality: 0,
    checkpointDistance: 1,
    intervalMs: 200,
    logger,
  });
  const journal = await NonceJournal.open(diskFolder(folder), `sender-${id}.json`);
  const account = nodeAccount(vault);
  const sender = new MainchainSender({
    client: watcher.client,
    chainId: 31_337,
    account,
    journal,
    pollMs: 100,
    logger,
  });
  const board = boardOf(at);
  const options = { logger, tickMs: 200 };
  const keygen = new AgentRunner(
    new KeygenAgent({ vault, board, calls: new KeygenCalls(sender, addresses.KeyGeneration), logger }),
    options,
  );
  const resharing = new AgentRunner(
    new ResharingAgent({
      vault,
      board,
      calls: new ResharingCalls(sender, addresses.Resharing),
      current: () => true,
      logger,
    }),
    options,
  );
  watcher.follow(keygen);
  watcher.follow(resharing);
  watcher.start();
  keygen.start();
  resharing.start();
  const stop = async (): Promise<void> => {
    await Promise.all([watcher.stop(), keygen.stop(), resharing.stop(), sender.stop()]);
  };
  return { vault, owner, resharing, stop };
}

async function mint(to: Hex): Promise<void> {
  const token = { address: addresses.TributaryToken, abi: tributaryTokenAbi } as const;
  await done(admin.writeContract({ ...token, functionName: "mint", args: [to, parseUnits("1000", 18)] }));
}

function keysOf({ nodeAddress, transportKey, blsKey, blsProof }: FileVault) {
  return { nodeAddress, transportKey, blsKey, blsProof };
}

async function done(hash: Promise<Hex>): Promise<void> {
  const receipt = await admin.waitForTransactionReceipt({ hash: await hash });
  expect(receipt.status).toBe("success");
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 400) throw new Error(`${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function epochOf(chainId: bigint): Promise<number> {
  return await admin.readContract({
    address: addresses.Rotations,
    abi: rotationsAbi,
    functionName: "epochOf",
    args: [chainId],
  });
}

async function committeeOf(chainId: bigint): Promise<readonly number[]> {
  const committees = { address: addresses.Committees, abi: committeesAbi } as const;
  return await admin.readContract({ ...committees, functionName: "committeeOf", args: [chainId] });
}

/** The group's signature by three seats of the newest epoch, with the keys as the first member derives them. */
async function signature(chainId: bigint, group: Hex, nodeIds: readonly number[], epoch: number): Promise<Uint8Array> {
  const one = members.get(nodeIds[0] ?? 0);
  await until(
    "the keys",
    async () => newestKeys(one?.resharing.state.handovers ?? noHandovers, chainId)?.epoch === epoch,
  );
  const keys = one && newestKeys(one.resharing.state.handovers, chainId)?.keys();
  if (keys === undefined) throw new Error("what was posted does not give the keys on chain");
  const shareKeys = keys.shareKeys.map((key) => BlsPublicKey.fromBytes(key)!);
  const shares: SignatureShare[] = [];
  for (const seat of [3, 0, 2]) {
    const { vault } = members.get(nodeIds[seat] ?? 0)!;
    shares.push({ seat, share: vault.keys({ group, era: 1, epoch }, seat, keys.shareKeys[seat]!).share(MESSAGE) });
  }
  const combined = new ThresholdKey(BlsPublicKey.fromBytes(keys.groupKey)!, shareKeys, 3).combine(MESSAGE, shares);
  if (!("signature" in combined)) throw new Error(`bad shares of ${combined.faulty}`);
  return combined.signature;
}

test("a committee is rotated twice under the same key", async () => {
  const order = { name: "rotating", size: "small", members: MEMBERS, months: 6 } as const;
  const { chainId } = await createChain(admin, addresses, order);
  await until("the selection", async () => (await selectCommittee(admin, addresses, chainId)).kind === "selected");
  await until("the key", async () => (await epochOf(chainId)) === 1);
  const { group } = await admin.readContract({
    address: addresses.Chains,
    abi: chainsAbi,
    functionName: "chainOf",
    args: [chainId],
  });
  const first = await signature(chainId, group, await committeeOf(chainId), 1);
  const rotations = { address: addresses.Rotations, abi: rotationsAbi } as const;
  const nodes = { address: addresses.Nodes, abi: nodesAbi } as const;
  for (const epoch of [2, 3]) {
    const before = await committeeOf(chainId);
    const leaver = before[epoch] ?? 0;
    await done(members.get(leaver)!.owner.writeContract({ ...nodes, functionName: "exit", args: [leaver] }));
    // The last rotation's leaver lingers for a second, by the mainchain's clock.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await done(admin.writeContract({ ...rotations, functionName: "requestExit", args: [chainId, [leaver]] }));
    await until("the draw", async () => {
      await selectCommittee(admin, addresses, chainId);
      return (await admin.readContract({ ...rotations, functionName: "rotationOf", args: [chainId] })).stage >= 2;
    });
    await until(`epoch ${epoch}`, async () => (await epochOf(chainId)) === epoch);
    const after = await committeeOf(chainId);
    expect(after.filter((id, seat) => id !== before[seat]).length).toBe(1);
    expect(after).not.toContain(leaver);
    expect(await signature(chainId, group, after, epoch)).toEqual(first);
    for (const [seat, id] of after.entries()) {
      const { vault } = members.get(id)!;
      await until("the erasure", () => vault.encryptionErased({ group, era: 1, epoch }, seat));
    }
  }
});
