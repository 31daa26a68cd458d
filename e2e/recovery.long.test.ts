// A chain loses more than f of its members for good. What the survivors hold differs; the highest certificates win, and
// members that stand make a fresh key with nodes drawn for the others.

import { newestKeys } from "@tributary/agents/resharing/handover";
import {
  chainsAbi,
  committeesAbi,
  createChain,
  erasAbi,
  selectCommittee,
  tributaryTokenAbi,
} from "@tributary/contracts";
import { recoveryAbi } from "@tributary/contracts/abi/recovery.generated";
import { toHex } from "@tributary/protocol/bytes/index";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { publicKeyToEip2537, signatureToEip2537 } from "@tributary/protocol/crypto/eip2537";
import { parseUnits } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Epoch, final, ordered } from "./recovery/certificates.ts";
import { Network, type NetworkNode, until } from "./recovery/network.ts";

const NODES = 7;
const BOND = parseUnits("10", 18);
let network: Network;
let chainId = 0n;
let members: readonly number[] = [];

beforeAll(async () => {
  network = await Network.start(NODES, { silence: 4, claims: 20, bond: BOND });
  const order = { name: "recovering", size: "small", members: 4, months: 6 } as const;
  ({ chainId } = await createChain(network.admin, network.addresses, order));
  await selected();
  await until("the key", 60, async () => (await chain()).era === 1 && newest(1) !== undefined);
  members = await committee();
}, 240_000);

afterAll(async () => {
  await network?.stop();
});

const recovery = () => ({ address: network.addresses.Recovery, abi: recoveryAbi }) as const;
const opened = () => network.admin.readContract({ ...recovery(), functionName: "opened", args: [chainId] });
const progress = () => network.admin.readContract({ ...recovery(), functionName: "progressOf", args: [chainId] });
const eras = () =>
  network.admin.readContract({
    address: network.addresses.Eras,
    abi: erasAbi,
    functionName: "erasOf",
    args: [chainId],
  });
const chain = () =>
  network.admin.readContract({
    address: network.addresses.Chains,
    abi: chainsAbi,
    functionName: "chainOf",
    args: [chainId],
  });
const committee = () =>
  network.admin.readContract({
    address: network.addresses.Committees,
    abi: committeesAbi,
    functionName: "committeeOf",
    args: [chainId],
  });

function node(seat: number): NetworkNode {
  const found = network.nodes.get(members[seat] ?? 0);
  if (found === undefined) throw new Error(`no node in seat ${seat}`);
  return found;
}

/** The keys of an era as a node derives them from what was posted. */
function newest(era: number) {
  for (const { recovery } of network.nodes.values()) {
    const keys = newestKeys(recovery.state.handovers, chainId);
    if (keys?.era === era) return keys.keys();
  }
  return undefined;
}

async function selected(): Promise<void> {
  await until("the selection", 30, async () => {
    return (await selectCommittee(network.admin, network.addresses, chainId)).kind !== "too-early";
  });
}

async function epochOf(era: number): Promise<Epoch> {
  const keys = newest(era);
  if (keys === undefined) throw new Error("what was posted does not give the keys on chain");
  const { group, epoch } = await chain();
  const vaults = (await committee()).map((id) => network.nodes.get(id)?.vault).filter((vault) => vault !== undefined);
  return { group: group as HexHash, era, epoch, keys, vaults };
}

test("more than f members are gone: the highest claims of those who are left begin the next era", async () => {
  const epoch = await epochOf(1);
  const [low, high] = [final(epoch, 7), final(epoch, 9)];
  const [order, higher] = [ordered(epoch, 10), ordered(epoch, 12)];
  await node(2).stop();
  await node(3).stop();
  // Neither holds the highest of both.
  Object.assign(node(0).holdings, { final: low, order: higher, alone: true });
  Object.assign(node(1).holdings, { final: high, order, alone: true });

  // Nobody asks for it: the members that miss the others do.
  await until("the opening", 60, async () => (await opened()).state === 2);
  const key = toHex(publicKeyToEip2537(epoch.keys.groupKey) as Uint8Array);
  const lie = { ...recovery(), functionName: "claimFinal", account: network.admin.account } as const;
  const good = toHex(signatureToEip2537(high.certificate) as Uint8Array);
  const other = toHex(signatureToEip2537(low.certificate) as Uint8Array);
  await expect(
    network.admin.simulateContract({ ...lie, args: [chainId, toHex(high.container), key, other] }),
  ).rejects.toThrow("BadCertificate");
  await until("the claims", 30, async () => {
    const { finalHeight, orderHeight } = await opened();
    return finalHeight === 9n && orderHeight === 12n;
  });
  await expect(
    network.admin.simulateContract({ ...lie, args: [chainId, toHex(high.container), key, good] }),
  ).rejects.toThrow("NotHigher");
  for (const seat of [0, 1]) {
    const { asked } = node(seat).holdings;
    expect(asked.indexOf("freeze")).toBeLessThan(asked.indexOf("claims"));
  }

  await until("the draw", 60, async () => (await progress()).step === 1);
  await selected();
  await until("the next era", 90, async () => (await opened()).state === 4);
  const now = await committee();
  expect(now.slice(0, 2)).toEqual(members.slice(0, 2));
  expect(now.slice(2)).not.toContain(members[2]);
  expect(now.slice(2)).not.toContain(members[3]);
  const list = await eras();
  expect(list.map(({ firstHeight, lastHeight }) => [firstHeight, lastHeight])).toEqual([
    [1n, 9n],
    [10n, 0n],
  ]);
  expect(list[1]?.groupKey).not.toBe(list[0]?.groupKey);
  const beginning = await network.admin.readContract({
    ...recovery(),
    functionName: "beginningOf",
    args: [chainId, 2],
  });
  expect(beginning).toEqual({
    finalHeight: 9n,
    finalDigest: high.hash,
    orderHeight: 12n,
    orderDigest: higher.digest,
  });
  await until("the new keys", 10, async () => newest(2) !== undefined);
  expect(toHex(newest(2)?.groupKey as Uint8Array)).toBe(list[1]?.groupKey);
});

test("the new committee answers a stranger's challenge and keeps its era", async () => {
  members = await committee();
  for (const seat of [0, 1, 2, 3]) node(seat).holdings.alone = false;
  const token = { address: network.addresses.TributaryToken, abi: tributaryTokenAbi } as const;
  const pool = () =>
    network.admin.readContract({ ...token, functionName: "balanceOf", args: [network.addresses.RentPool] });
  const before = await pool();
  expect(await network.command("recovery", "recovering")).toMatchObject({
    state: "done",
    era: 1,
    finalHeight: "9",
    orderHeight: "12",
  });
  expect(await network.command("recover", "recovering")).toMatchObject({
    move: "challenged",
  });
  await until("the answer", 60, async () => (await opened()).state === 0);
  expect((await pool()) - before).toBe(BOND);
  expect(await eras()).toHaveLength(2);
  // A real answer: the group's, under the new key.
  expect((await chain()).era).toBe(2);
});

test("a Recovery that governance opens is cancelled once a quorum is there, and the members sign again", async () => {
  for (const seat of [0, 1, 2, 3]) node(seat).holdings.alone = true;
  await network.done(network.admin.writeContract({ ...recovery(), functionName: "openNow", args: [chainId] }));
  await until("the freeze", 30, async () =>
    [0, 1, 2, 3].every((seat) => node(seat).holdings.asked.at(-1) === "claims"),
  );
  for (const seat of [0, 1, 2, 3]) node(seat).holdings.alone = false;
  await until("the end of it", 60, async () => (await opened()).state === 0);
  await until("the thaw", 30, async () => [0, 1, 2, 3].every((seat) => node(seat).holdings.asked.at(-1) === "thaw"));
  expect(await eras()).toHaveLength(2);
});
