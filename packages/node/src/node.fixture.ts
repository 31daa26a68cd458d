import { createHash } from "node:crypto";
import { join } from "node:path";
import { addressOf, keyOf } from "@tributary/chain/transaction/sign.fixture";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { committeeHash, keysHash } from "@tributary/protocol/keygen/ready";
import type { KeySlot, PostedDealing } from "@tributary/protocol/ports/key-vault";
import { type MemberRecord, type MemberSpec, NO_SEAT } from "@tributary/protocol/ports/member-host";
import type { EraBeginning } from "@tributary/protocol/ports/recovery-host";
import { quorum } from "@tributary/protocol/quorum";
import pino, { type Logger } from "pino";
import { NodeProcess } from "./node.ts";
import { FileVault } from "./vault/file-vault.ts";

// Real nodes on loopback for tests: real keys, links, chains and files; only the mainchain is left out.

const password = new TextEncoder().encode("password of a test");
export const logger: Logger = pino({ level: process.env["TEST_LOG"] ?? "silent" });

/** Key of the account that holds coins from the genesis on, by index. */
export const accounts: readonly Uint8Array[] = Array.from({ length: 8 }, (_, i) => keyOf(i));

export class TestNode {
  readonly nodeId: number;
  readonly vault: FileVault;
  readonly folder: string;
  process: NodeProcess;
  /** What its keys do when asked to sign; a test may put something else here. */
  signer: FileVault["signer"];
  /** How its old shares are erased; a test may put something else here. */
  eraseOlder: FileVault["eraseOlder"];
  /** Heights behind from which on its members fetch a snapshot. */
  joinLag = 1_000_000;
  peerPort = 0;
  rpcPort = 0;

  private constructor(nodeId: number, folder: string, vault: FileVault) {
    this.nodeId = nodeId;
    this.folder = folder;
    this.vault = vault;
    this.signer = (...key) => vault.signer(...key);
    this.eraseOlder = (slot) => vault.eraseOlder(slot);
    this.process = this.#create();
  }

  static async create(nodeId: number, root: string): Promise<TestNode> {
    const folder = join(root, `node-${nodeId}`);
    return new TestNode(nodeId, folder, await FileVault.create(join(folder, "keystore.json"), password));
  }

  /** In another process than the one that created it. */
  static async open(nodeId: number, root: string): Promise<TestNode> {
    const folder = join(root, `node-${nodeId}`);
    return new TestNode(nodeId, folder, await FileVault.open(join(folder, "keystore.json"), password));
  }

  /** Starts, or starts again on the same ports with all state read from disk. */
  async start(specs: readonly MemberSpec[] = []): Promise<void> {
    this.process = this.#create();
    await this.process.start();
    this.peerPort = this.process.peerPort;
    this.rpcPort = this.process.rpcPort;
    for (const spec of specs) await this.process.host.start({ ...spec, seat: seatOf(spec, this.nodeId) });
  }

  record(seat: number): MemberRecord {
    return {
      seat,
      nodeId: this.nodeId,
      endpoint: `127.0.0.1:${this.peerPort}`,
      rpc: `http://127.0.0.1:${this.rpcPort}`,
      nodeAddress: this.vault.nodeAddress,
      transportKey: this.vault.identity.keyHash,
      blsKey: toHex(this.vault.blsKey),
    };
  }

  async rpc<T = unknown>(chainId: bigint, method: string, ...params: readonly unknown[]): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.rpcPort}/chains/${chainId}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const answer = (await response.json()) as { result?: T; error?: { code: number; message: string } };
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.code} ${answer.error.message}`);
    return answer.result as T;
  }

  async get(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.rpcPort}${path}`)).text();
  }

  #create(): NodeProcess {
    return new NodeProcess({
      nodeId: this.nodeId,
      dataDir: this.folder,
      peer: { host: "127.0.0.1", port: this.peerPort },
      rpc: { host: "127.0.0.1", port: this.rpcPort },
      vault: {
        identity: this.vault.identity,
        seat: async (request) => {
          const { spec } = request;
          const signer = this.signer(spec, spec.seat, bytesOf(spec.shareKeys[spec.seat] ?? "0x"));
          return { ...(await this.vault.seat(request)), signer };
        },
        signHandover: (...key) => this.vault.signHandover(...key),
        eraseOlder: (slot) => this.eraseOlder(slot),
      },
      logger: logger.child({ node: this.nodeId }),
      joinLag: this.joinLag,
    });
  }
}

function seatOf(spec: MemberSpec, nodeId: number): number {
  return spec.members.findIndex((member) => member.nodeId === nodeId);
}

/** Generates a group key between started nodes and gives the chain's specification; `seat` is the first node's. */
export async function generateChain(
  nodes: readonly TestNode[],
  chainId: bigint,
  change: Partial<MemberSpec["genesis"]> = {},
): Promise<MemberSpec> {
  const group: HexHash = `0x${createHash("sha256").update(`group ${chainId}`).digest("hex")}`;
  const slot: KeySlot = { group, era: 0, epoch: 0 };
  const name = `chain ${chainId}`;
  return {
    chainId,
    name,
    ...slot,
    firstHeight: 1,
    seat: 0,
    ...(await freshKey(slot, nodes)),
    slots: 1,
    genesis: {
      chainId,
      name,
      owner: "0x00000000000000000000000000000000000000aa",
      timestamp: Math.floor(Date.now() / 1_000),
      gasLimit: 30_000_000,
      byteLimit: 1_000_000,
      allocation: accounts.map((key) => ({ address: toHex(addressOf(key)), balance: 10n ** 24n })),
      ...change,
    },
  };
}

/** A fresh key of a group for a committee of these nodes. */
async function freshKey(
  slot: KeySlot,
  nodes: readonly TestNode[],
): Promise<Pick<MemberSpec, "members" | "groupPublicKey" | "shareKeys" | "committee">> {
  const vaults = nodes.map((node) => node.vault);
  const keys = (await Promise.all(vaults.map((vault, seat) => vault.encryptionKey(slot, seat)))).map(({ key }) => key);
  const dealings: PostedDealing[] = [];
  for (const [dealer, vault] of vaults.entries()) {
    dealings.push({ dealer, dealing: await vault.deal(slot, dealer, keys) });
  }
  const accepted = await Promise.all(vaults.map((vault, seat) => vault.acceptShare(slot, seat, keys, dealings)));
  const [first] = accepted;
  if (first === undefined) throw new Error("a chain needs members");
  const nodeIds = nodes.map(({ nodeId }) => nodeId);
  return {
    members: nodes.map((node, seat) => node.record(seat)),
    groupPublicKey: toHex(first.groupKey),
    shareKeys: first.shareKeys.map(toHex),
    committee: toHex(committeeHash(nodeIds, keysHash(first.shareKeys))),
  };
}

/** The first epoch of the era after that of `spec`, which a Recovery ended: a fresh key for these nodes. */
export async function recoverChain(
  spec: MemberSpec,
  nodes: readonly TestNode[],
  beginning: EraBeginning,
): Promise<MemberSpec> {
  const slot: KeySlot = { group: spec.group, era: spec.era + 1, epoch: 1 };
  return { ...spec, ...slot, ...(await freshKey(slot, nodes)), beginning };
}

/** Reshares a chain's key, held by `before` in the newest epoch, to other nodes; gives the next epoch's specification. */
export async function reshareChain(
  spec: MemberSpec,
  before: readonly TestNode[],
  after: readonly TestNode[],
): Promise<MemberSpec> {
  const { group, era, epoch } = spec;
  const from: KeySlot = { group, era, epoch };
  const slot: KeySlot = { group, era, epoch: epoch + 1 };
  const previous = { groupKey: bytesOf(spec.groupPublicKey), shareKeys: spec.shareKeys.map(bytesOf) };
  const vaults = after.map(({ vault }) => vault);
  const keys = (await Promise.all(vaults.map((vault, seat) => vault.encryptionKey(slot, seat)))).map(({ key }) => key);
  const dealings: PostedDealing[] = [];
  for (const [dealer, { vault }] of before.slice(0, quorum(before.length)).entries()) {
    dealings.push({ dealer, dealing: await vault.dealShare(slot, from, dealer, previous, keys) });
  }
  const accepted = await Promise.all(
    vaults.map((vault, seat) => vault.acceptReshared(slot, seat, previous, keys, dealings)),
  );
  const shareKeys = accepted[0]?.shareKeys ?? [];
  const nodeIds = after.map(({ nodeId }) => nodeId);
  return {
    ...spec,
    epoch: epoch + 1,
    members: after.map((node, seat) => node.record(seat)),
    shareKeys: shareKeys.map(toHex),
    committee: toHex(committeeHash(nodeIds, keysHash(shareKeys))),
  };
}

/** The specification as this node has it. */
export function seated(spec: MemberSpec, { nodeId }: TestNode): MemberSpec {
  const seat = seatOf(spec, nodeId);
  return { ...spec, seat: seat < 0 ? NO_SEAT : seat };
}

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error(`not hexadecimal: ${hex}`);
  return bytes;
}
