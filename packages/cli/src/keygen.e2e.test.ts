import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HttpReadyBoard, type Logger } from "@tributary/agents";
import {
  connectManager,
  createChain,
  deployTributary,
  devnetParameters,
  type ManagerClient,
  mined,
  registerNode,
  registerValidator,
  type TributaryAddresses,
} from "@tributary/contracts";
import { chainsAbi } from "@tributary/contracts/abi/chains.generated";
import { keyGenerationAbi } from "@tributary/contracts/abi/key-generation.generated";
import { tributaryTokenAbi } from "@tributary/contracts/abi/tributary-token.generated";
import { FileVault } from "@tributary/node/vault/file-vault";
import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { ThresholdKey } from "@tributary/protocol/crypto/threshold";
import { accuseFinals } from "@tributary/protocol/evidence/accuse";
import { Speaker, word } from "@tributary/protocol/evidence/evidence.testing";
import type { MemberHost, MemberSpec } from "@tributary/protocol/ports/member-host";
import { mnemonicToAccount } from "viem/accounts";
import { afterEach, expect, test } from "vitest";
import { chainEvidence, submitEvidence } from "./chain-evidence.ts";
import { freePorts } from "./devnet/free-ports.ts";
import { MainchainProcess, MNEMONIC } from "./devnet/mainchain-process.ts";
import { NodeAgents } from "./node-agents.ts";

/** Keeps what it was told to start; execution is not this test's subject. */
class RecordingHost implements MemberHost {
  readonly specs: MemberSpec[] = [];
  async start(spec: MemberSpec): Promise<void> {
    this.specs.push(spec);
  }
  async stop(chainId: bigint): Promise<void> {
    const index = this.specs.findIndex((spec) => spec.chainId === chainId);
    if (index >= 0) this.specs.splice(index, 1);
  }
  running(): readonly bigint[] {
    return this.specs.map((spec) => spec.chainId);
  }
  current(): boolean {
    return true;
  }
  border(): undefined {
    return undefined;
  }
  owes(): boolean {
    return false;
  }
}

const lines: string[] = [];
const note = (fields: object, message: string): void => {
  lines.push(`${message} ${JSON.stringify(fields, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v))}`);
};
const logger: Logger = { debug: note, info: note, warn: note, error: note };

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  lines.length = 0;
});

type Network = {
  readonly client: ManagerClient;
  readonly addresses: TributaryAddresses;
  readonly hosts: readonly RecordingHost[];
  readonly vaults: readonly FileVault[];
  readonly mainchain: MainchainProcess;
  rpc(method: string, ...params: readonly unknown[]): Promise<unknown>;
};

const ETHER = 10n ** 18n;

/** Anvil, contracts, and `members` nodes whose agents run in this process. */
async function network(members: number): Promise<Network> {
  const data = mkdtempSync(join(tmpdir(), "tributary-keygen-"));
  closing.push(() => rmSync(data, { recursive: true, force: true }));
  const [port = 0] = await freePorts(1);
  const mainchain = new MainchainProcess({
    data: join(data, "mainchain"),
    port,
    onEvent: () => undefined,
    onError: (reason) => lines.push(reason),
  });
  await mainchain.start();
  closing.push(() => mainchain.stop());
  const account = (index: number): ReturnType<typeof mnemonicToAccount> =>
    mnemonicToAccount(MNEMONIC, { addressIndex: index });
  const client = await connectManager(mainchain.rpc, account(0), 50);
  const rpc = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    client.request({ method, params } as never);
  const addresses = await deployTributary(client, devnetParameters);
  const hosts: RecordingHost[] = [];
  const vaults: FileVault[] = [];
  for (let i = 0; i < members; i++) {
    const dataDir = join(data, String(i));
    const vault = await FileVault.create(join(dataDir, "keystore.json"), new TextEncoder().encode("secret"));
    const host = new RecordingHost();
    hosts.push(host);
    vaults.push(vault);
    await rpc("anvil_setBalance", vault.nodeAddress, `0x${(100n * ETHER).toString(16)}`);
    const board = new HttpReadyBoard();
    const server = createServer((request, response) => {
      const shown = board.shown(request.url?.split("/").at(-1) ?? "");
      response.statusCode = shown === undefined ? 404 : 200;
      response.end(JSON.stringify(shown ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const hash = await client.writeContract({
      address: addresses.TributaryToken,
      abi: tributaryTokenAbi,
      functionName: "mint",
      args: [account(i + 1).address, 1_000n * ETHER],
    });
    await mined(client, "minting", hash);
    const validator = await connectManager(mainchain.rpc, account(i + 1), 50);
    await registerValidator(validator, addresses, devnetParameters.minimumStake);
    const rpcUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await registerNode(
      validator,
      addresses,
      {
        endpoint: `127.0.0.1:${10_000 + i}`,
        rpc: rpcUrl,
        nodeAddress: vault.nodeAddress,
        transportKey: vault.transportKey,
        blsKey: vault.blsKey,
        blsProof: vault.blsProof,
      },
      (digest) => vault.signNode(digest),
    );
    const agents = await NodeAgents.create({
      mainchain: {
        rpc: mainchain.rpc,
        chainId: 31337,
        contracts: addresses,
        fromBlock: 0,
        confirmation: 1,
        finality: 2,
        checkpointDistance: 1,
        pollMs: 100,
      },
      dataDir,
      vault,
      host,
      board,
      onCheckpoint: () => undefined,
      onReady: () => undefined,
      forks: { fork: () => undefined, forkCancelled: () => undefined },
      onAnswered: () => undefined,
      onRollback: () => undefined,
      logger,
    });
    agents.start();
    closing.push(() => agents.stop());
  }
  const minted = await client.writeContract({
    address: addresses.TributaryToken,
    abi: tributaryTokenAbi,
    functionName: "mint",
    args: [client.account.address, 100_000n * ETHER],
  });
  await mined(client, "minting", minted);
  return { client, addresses, hosts, vaults, mainchain, rpc };
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 100_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what} did not happen:\n${lines.slice(-40).join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function order(net: Network, name: string, members: number): Promise<bigint> {
  const created = await createChain(net.client, net.addresses, { name, size: "medium", members, months: 1 });
  return created.chainId;
}

/** Shares of any q members sign under the group key, so the key is what it claims to be. */
async function expectWorkingKey(net: Network, spec: MemberSpec, signers: readonly number[]): Promise<void> {
  const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);
  const groupKey = BlsPublicKey.fromBytes(bytes(spec.groupPublicKey));
  const shareKeys = spec.shareKeys.map((key) => BlsPublicKey.fromBytes(bytes(key)));
  if (groupKey === undefined || shareKeys.some((key) => key === undefined)) throw new Error("bad keys");
  const digest = new Uint8Array(32).fill(7);
  const slot = { group: spec.group, era: spec.era, epoch: spec.epoch };
  const shares = signers.map((seat) => {
    const member = spec.members[seat];
    const vault = net.vaults.find(({ nodeAddress }) => nodeAddress === member?.nodeAddress);
    if (vault === undefined) throw new Error(`no vault for seat ${seat}`);
    return { seat, share: vault.keys(slot, seat, bytes(spec.shareKeys[seat] ?? "")).share(digest) };
  });
  const combined = new ThresholdKey(groupKey, shareKeys as BlsPublicKey[], signers.length).combine(digest, shares);
  expect("signature" in combined && groupKey.verify(digest, combined.signature)).toBe(true);
}

/** A member's JSON-RPC that answers with this evidence, whatever it is asked. */
async function evidenceServer(...evidence: readonly Uint8Array[]): Promise<string> {
  const kept = evidence.map((bytes) => ({ evidence: toHex(bytes) }));
  const server = createServer((_, response) => {
    response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: { evidence: kept, next: null } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The mainchain convicts the node in seat 1 by its own signatures, also when the chain is long gone. */
async function expectConviction(net: Network, spec: MemberSpec): Promise<void> {
  const { group, era, epoch, members } = spec;
  const culprit = members[1];
  const vault = net.vaults.find(({ nodeAddress }) => nodeAddress === culprit?.nodeAddress);
  if (culprit === undefined || vault === undefined) throw new Error("nobody in seat 1");
  const keys = vault.keys(spec, 1, fromHex(spec.shareKeys[1] ?? "") ?? new Uint8Array(0));
  const sign = (_: number, digest: Uint8Array): Uint8Array => keys.node(digest);
  const by = new Speaker({ group, era, epoch, height: 7 }, 1, sign);
  const elsewhere = new Speaker({ group, era, epoch: epoch + 1, height: 7 }, 1, sign);
  const proof = accuseFinals(by.final(word(5)), by.final(word(6)));
  const spoilt = proof.slice();
  spoilt[200] = (spoilt[200] ?? 0) ^ 1;
  const early = accuseFinals(elsewhere.final(word(5)), elsewhere.final(word(6)));
  const urls = [
    await evidenceServer(spoilt, new Uint8Array(9)),
    await evidenceServer(proof, early),
    "http://127.0.0.1:1",
  ];
  const chain = { members: urls.map((rpc, seat) => ({ nodeId: members[seat]?.nodeId ?? 0, rpc })) };
  const cli = { rpc: net.mainchain.rpc, contracts: net.addresses, devnet: undefined };
  const place = { kind: "final", era, height: 7, seat: 1 };
  const guilty = { ...place, epoch, nodeId: culprit.nodeId, verdict: "proven", evidence: toHex(proof) };
  const unknown = { ...place, epoch: epoch + 1, nodeId: 0, verdict: "unknown-committee", recorded: false };
  const found = await chainEvidence(net.client, cli, chain);
  expect(found).toMatchObject([{ ...guilty, recorded: false }, unknown]);
  const [offence] = found;
  if (offence === undefined) throw new Error("nothing to submit");
  await submitEvidence(net.client, cli, offence);
  expect(await chainEvidence(net.client, cli, chain)).toMatchObject([{ ...guilty, recorded: true }, unknown]);
  await expect(submitEvidence(net.client, cli, offence)).rejects.toThrow("AlreadyProven");
}

test("four nodes generate a key through the contracts and start the chain's members; who contradicts itself is convicted", async () => {
  const net = await network(4);
  const chainId = await order(net, "first", 4);
  await until("start of all members", () => net.hosts.every((host) => host.specs.length === 1));
  const [spec] = net.hosts[0]?.specs ?? [];
  if (spec === undefined) throw new Error("no member");
  expect(spec.chainId).toBe(chainId);
  const [, , groupKey, keysHash, committee] = await net.client.readContract({
    address: net.addresses.KeyGeneration,
    abi: keyGenerationAbi,
    functionName: "keyOf",
    args: [chainId],
  });
  expect(spec.groupPublicKey).toBe(groupKey);
  expect(spec.committee).toBe(committee);
  expect(keysHash).toMatch(/^0x[0-9a-f]{64}$/);
  for (const host of net.hosts) {
    const own = host.specs[0];
    expect({ ...own, seat: 0 }).toEqual({ ...spec, seat: 0 });
  }
  expect(new Set(net.hosts.map((host) => host.specs[0]?.seat)).size).toBe(4);
  await expectWorkingKey(net, spec, [0, 1, 2]);
  await expectWorkingKey(net, spec, [3, 1, 2]);

  const deleted = await net.client.writeContract({
    address: net.addresses.Chains,
    abi: chainsAbi,
    functionName: "deleteChain",
    args: [chainId],
  });
  await mined(net.client, "the deletion", deleted);
  await until("stop of all members", () => net.hosts.every((host) => host.specs.length === 0));
  await expectConviction(net, spec);
});
