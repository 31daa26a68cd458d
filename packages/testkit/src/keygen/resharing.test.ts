import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newestKeys } from "@tributary/agents/resharing/handover";
import { ResharingAgent, type ResharingState } from "@tributary/agents/resharing/resharing-agent";
import { FileVault } from "@tributary/node/vault/file-vault";
import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { type SignatureShare, ThresholdKey } from "@tributary/protocol/crypto/threshold";
import { makeDealing } from "@tributary/protocol/keygen/dealing";
import { keysHash } from "@tributary/protocol/keygen/ready";
import type { KeySlot, PostedDealing, PreviousKeys, ResharingVault } from "@tributary/protocol/ports/key-vault";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ResharingWorld } from "./resharing-world.ts";

const ZERO: `0x${string}` = `0x${"00".repeat(32)}`;
const GROUP: `0x${string}` = `0x${"07".repeat(32)}`;
const old: KeySlot = { group: GROUP, era: 1, epoch: 1 };
const MESSAGE = new Uint8Array(32).fill(9);
const password = new TextEncoder().encode("correct horse");
const none = (): void => undefined;
const logger = { debug: none, info: none, warn: none, error: none };
/** Nodes 1 to 4 hold the key; in each resharing node 1 leaves and node 5 takes its seat. */
const OLD = [1, 2, 3, 4];
const NEW = [5, 2, 3, 4];

let folder = "";
const vaults = new Map<number, FileVault>();
const posted: PostedDealing[] = [];
let before: PreviousKeys;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "resharing-"));
  for (let id = 1; id <= 5; id++) vaults.set(id, await FileVault.create(join(folder, `${id}.json`), password));
  const keys = await Promise.all(OLD.map(async (id, seat) => (await vaultOf(id).encryptionKey(old, seat)).key));
  for (const [seat, id] of OLD.entries()) {
    posted.push({ dealer: seat, dealing: await vaultOf(id).deal(old, seat, keys) });
  }
  for (const [seat, id] of OLD.entries()) before = await vaultOf(id).acceptShare(old, seat, keys, posted);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function vaultOf(id: number): FileVault {
  const vault = vaults.get(id);
  if (vault === undefined) throw new Error(`no vault ${id}`);
  return vault;
}

/** A mainchain on which the old key was generated and the resharing of `epoch` is begun. */
function begun(epoch: number): ResharingWorld {
  const world = new ResharingWorld(GROUP);
  for (const [id, vault] of vaults) {
    const rpc = `node-${id}`;
    const { nodeAddress } = vault;
    const keys = { transportKey: toHex(vault.transportKey), blsKey: toHex(vault.blsKey) };
    world.tell({ name: "NodeRegistered", nodeId: id, validatorId: id, nodeAddress, endpoint: rpc, rpc, ...keys });
  }
  const slot = { chainId: 7n, era: 1, epoch: 1 };
  world.tell({ name: "KeyGenerationBegun", ...slot, group: GROUP, nodeIds: OLD, acceptUntil: 0n });
  for (const { dealer, dealing } of posted)
    world.tell({ name: "Dealt", ...slot, seat: dealer, dealing: toHex(dealing) });
  const hash = toHex(keysHash(before.shareKeys));
  const key = { groupKey: toHex(before.groupKey), keysHash: hash, committee: ZERO, qualified: 15n, signers: 15n };
  world.tell({ name: "KeyGenerated", ...slot, ...key });
  world.begin(old, epoch, OLD, NEW);
  return world;
}

type Running = { readonly id: number; readonly agent: ResharingAgent; state: ResharingState; folded: number };

function started(world: ResharingWorld, id: number, vault: ResharingVault = vaultOf(id)): Running {
  const current = (): boolean => true;
  const agent = new ResharingAgent({
    vault,
    board: world.board(`node-${id}`),
    calls: world.calls(id),
    current,
    logger,
  });
  return { id, agent, state: agent.initial, folded: 0 };
}

/** Runs the processes, one step of each a block, until `done` or for 60 blocks. */
async function run(world: ResharingWorld, running: Running[], done: () => boolean): Promise<void> {
  for (let step = 0; step < 60 && !done(); step++) {
    for (const one of [...running]) {
      for (; one.folded < world.facts.length; one.folded++) {
        one.state = one.agent.reduce(one.state, world.facts[one.folded]!);
      }
      const now = { head: { number: world.block, hash: ZERO, timestamp: world.time }, clock: 0 };
      const [action] = one.agent.nextActions(one.state, now);
      if (action !== undefined && running.includes(one)) await one.agent.act(action, AbortSignal.timeout(10_000));
    }
    world.block += 1n;
  }
}

const isDone = (world: ResharingWorld) => (): boolean => world.handover.phase === "done";

/** The new keys as this process derives them, and what the given new seats sign with them. */
function signed(one: Running, world: ResharingWorld, seats: readonly number[]): Uint8Array | undefined {
  for (; one.folded < world.facts.length; one.folded++) {
    one.state = one.agent.reduce(one.state, world.facts[one.folded]!);
  }
  const keys = newestKeys(one.state.handovers, 7n)!.keys()!;
  const slot = { ...old, epoch: world.handover.epoch };
  const shares: SignatureShare[] = [];
  for (const seat of seats) {
    shares.push({ seat, share: vaultOf(NEW[seat]!).keys(slot, seat, keys.shareKeys[seat]!).share(MESSAGE) });
  }
  const shareKeys = keys.shareKeys.map((key) => BlsPublicKey.fromBytes(key)!);
  const combined = new ThresholdKey(BlsPublicKey.fromBytes(before.groupKey)!, shareKeys, 3).combine(MESSAGE, shares);
  return "signature" in combined ? combined.signature : undefined;
}

/** The vault of a leaver that deals what `deal` makes. */
function lyingVault(id: number, deal: ResharingVault["dealShare"]): ResharingVault {
  const vault = vaultOf(id);
  return {
    nodeAddress: vault.nodeAddress,
    encryptionKey: (slot, seat) => vault.encryptionKey(slot, seat),
    dealShare: deal,
    judgeShares: (slot, seat, previous, keys, dealings) => vault.judgeShares(slot, seat, previous, keys, dealings),
    acceptReshared: (slot, seat, previous, keys, dealers) => vault.acceptReshared(slot, seat, previous, keys, dealers),
    signReady: (...parameters) => vault.signReady(...parameters),
    eraseEncryption: (slot, seat) => vault.eraseEncryption(slot, seat),
    encryptionErased: (slot, seat) => vault.encryptionErased(slot, seat),
  };
}

test("a leaver hands its seat on, and every new member erases its encryption key", async () => {
  const world = begun(2);
  const running = [1, 2, 3, 4, 5].map((id) => started(world, id));
  await run(world, running, isDone(world));
  // Everybody was there: no window had to pass.
  expect(world.block).toBeLessThan(10n);
  await run(world, running, () => world.block > 60n);
  const slot = { ...old, epoch: 2 };
  for (const [seat, id] of NEW.entries()) expect(await vaultOf(id).encryptionErased(slot, seat)).toBe(true);
  const all = signed(running[0]!, world, [0, 1, 2]);
  expect(all).toBeDefined();
  expect(signed(running[4]!, world, [3, 0, 2])).toEqual(all);
});

test("a leaver that never answers costs the dealing window only", async () => {
  const world = begun(3);
  const running = [2, 3, 4, 5].map((id) => started(world, id));
  await run(world, running, isDone(world));
  expect(world.handover.result).toBe(0b1110n);
  expect(world.block).toBeLessThan(25n);
  await run(world, running, () => world.block > 40n);
  expect(signed(running[0]!, world, [0, 1, 3])).toBeDefined();
});

test("a leaver that deals another secret is convicted and left out", async () => {
  const world = begun(4);
  const context = { group: fromHex(GROUP)!, era: 1, epoch: 4 };
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  const liar = lyingVault(1, async (_slot, _from, dealer, _previous, keys) => {
    const dealing = makeDealing(context, dealer, keys, random);
    if (dealing === undefined) throw new Error("the keys are good");
    return dealing;
  });
  const running = [1, 2, 3, 4, 5].map((id) => started(world, id, id === 1 ? liar : undefined));
  await run(world, running, isDone(world));
  expect(world.handover.convicted).toBe(1n);
  expect(world.names.filter((name) => name === "ShareDealerConvicted").length).toBe(1);
  expect(world.handover.result).toBe(0b1110n);
  await run(world, running, () => world.block > 40n);
  expect(signed(running[4]!, world, [0, 1, 2])).toBeDefined();
});

test("a leaver that cheats one new member is convicted by it", async () => {
  const world = begun(5);
  const liar = lyingVault(1, async (slot, from, dealer, previous, keys) => {
    const dealing = (await vaultOf(1).dealShare(slot, from, dealer, previous, keys)).slice();
    const last = dealing.length - 1;
    dealing[last] = (dealing[last] ?? 0) ^ 1;
    return dealing;
  });
  const running = [1, 2, 3, 4, 5].map((id) => started(world, id, id === 1 ? liar : undefined));
  await run(world, running, isDone(world));
  expect(world.handover.convicted).toBe(1n);
  expect(world.handover.result).toBe(0b1110n);
});

test("a member that dies after it dealt is waited for until the window ends, and has its share when it returns", async () => {
  const world = begun(6);
  const running = [1, 2, 3, 4, 5].map((id) => started(world, id));
  await run(world, running, () => world.handover.phase === "complaints");
  const died = running.findIndex(({ id }) => id === 3);
  running.splice(died, 1);
  world.silence("node-3");
  await run(world, running, isDone(world));
  expect(world.handover.result).toBe(0b0111n);
  await run(world, running, () => world.block > 60n);
  const slot = { ...old, epoch: 6 };
  expect(await vaultOf(3).encryptionErased(slot, 2)).toBe(false);
  const without = signed(running[0]!, world, [0, 1, 3]);
  expect(without).toBeDefined();
  // Back from its disk.
  vaults.set(3, await FileVault.open(join(folder, "3.json"), password));
  const returned = started(world, 3);
  world.block += 1n;
  await run(world, [returned], () => world.block > 64n + 40n);
  expect(await vaultOf(3).encryptionErased(slot, 2)).toBe(true);
  expect(signed(returned, world, [2, 1, 0])).toEqual(without);
});
