import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { type SignatureShare, ThresholdKey } from "@tributary/protocol/crypto/threshold";
import { readyDigest } from "@tributary/protocol/keygen/ready";
import type { KeySlot, PostedDealing, PreviousKeys } from "@tributary/protocol/ports/key-vault";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileVault } from "./file-vault.ts";

const password = new TextEncoder().encode("correct horse");
const old: KeySlot = { group: `0x${"07".repeat(32)}`, era: 1, epoch: 1 };
const next: KeySlot = { ...old, epoch: 2 };
const NODES = [11, 12, 13, 15];
/** Vaults 0 to 3 hold the key; 0, 1, 2 stay and 4 takes the seat of 3. */
const members = [0, 1, 2, 4] as const;

let folder = "";
let vaults: FileVault[] = [];
let previous: PreviousKeys;
let points: Uint8Array[] = [];
let dealings: PostedDealing[] = [];

const path = (index: number): string => join(folder, `${index}.json`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vault-resharing-"));
  for (let index = 0; index < 5; index++) vaults.push(await FileVault.create(path(index), password));
  const fresh = await Promise.all(vaults.slice(0, 4).map((vault, seat) => vault.encryptionKey(old, seat)));
  const freshPoints = fresh.map(({ key }) => key);
  const posted: PostedDealing[] = [];
  for (let seat = 0; seat < 4; seat++) {
    posted.push({ dealer: seat, dealing: await vaults[seat]!.deal(old, seat, freshPoints) });
  }
  for (let seat = 0; seat < 4; seat++) previous = await vaults[seat]!.acceptShare(old, seat, freshPoints, posted);
  points = await Promise.all(members.map(async (index, seat) => (await vaults[index]!.encryptionKey(next, seat)).key));
  for (let dealer = 0; dealer < 4; dealer++) {
    const dealing = await vaults[dealer]!.dealShare(next, old, dealer, previous, points);
    expect(await vaults[dealer]!.dealShare(next, old, dealer, previous, points)).toEqual(dealing);
    dealings.push({ dealer, dealing });
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  vaults = [];
  dealings = [];
});

async function accept(qualified: readonly PostedDealing[]): Promise<PreviousKeys> {
  let keys: PreviousKeys | undefined;
  for (const [seat, index] of members.entries()) {
    keys = await vaults[index]!.acceptReshared(next, seat, previous, points, qualified);
  }
  return keys!;
}

/** Whether three READYs make one of the group. */
async function combine(keys: PreviousKeys): Promise<boolean> {
  const shareKeys = keys.shareKeys.map((key) => BlsPublicKey.fromBytes(key)!);
  const shares: SignatureShare[] = [];
  for (const seat of [3, 1, 0]) {
    shares.push({ seat, share: (await vaults[members[seat]!]!.signReady(next, seat, NODES, 7n)).share });
  }
  const digest = readyDigest({ ...next, group: fromHex(next.group)! }, keys, NODES, 7n);
  const combined = new ThresholdKey(BlsPublicKey.fromBytes(keys.groupKey)!, shareKeys, 3).combine(digest, shares);
  return "signature" in combined;
}

test("hands its shares on under the same key, and READY is signed with the share of the dealers in use", async () => {
  for (const [seat, index] of members.entries()) {
    const verdicts = await vaults[index]!.judgeShares(next, seat, previous, points, dealings);
    expect(verdicts.map(({ kind }) => kind)).toEqual(["good", "good", "good", "good"]);
  }
  const first = await accept(dealings.slice(0, 3));
  expect(await combine(first)).toBe(true);
  expect(first.groupKey).toEqual(previous.groupKey);
  // Dealer 0 was convicted after all: other dealers, another share; then back again.
  const second = await accept(dealings.slice(1));
  expect(second.shareKeys).not.toEqual(first.shareKeys);
  expect(await combine(second)).toBe(true);
  expect(await combine(first)).toBe(false);
  await accept(dealings.slice(0, 3));
  expect(await combine(first)).toBe(true);
  // Once more is no work: nothing is computed or written.
  const kept = readFileSync(path(0));
  expect(await accept(dealings.slice(0, 3))).toEqual(first);
  expect(readFileSync(path(0))).toEqual(kept);
});

test("a dealing of another secret is named, and does not become a share", async () => {
  const lie = { dealer: 1, dealing: dealings[2]!.dealing };
  const [verdict] = await vaults[4]!.judgeShares(next, 3, previous, points, [lie]);
  expect(verdict).toEqual({ kind: "bad", dealer: 1, complaint: { kind: "constant" } });
  await expect(
    vaults[4]!.acceptReshared(next, 3, previous, points, [dealings[0]!, lie, dealings[3]!]),
  ).rejects.toMatchObject({ code: "vault-share" });
});

test("a vault without the old share deals nothing", async () => {
  await expect(vaults[4]!.dealShare(next, old, 0, previous, points)).rejects.toMatchObject({ code: "vault-share" });
  const others = { ...previous, shareKeys: [...previous.shareKeys].reverse() };
  await expect(vaults[0]!.dealShare({ ...next, epoch: 3 }, old, 0, others, points)).rejects.toMatchObject({
    code: "vault-share",
  });
});

test("what is erased does not come again, also after reopening", async () => {
  const keys = await accept(dealings.slice(0, 3));
  await vaults[0]!.eraseEncryption(next, 0);
  await vaults[0]!.eraseOlder(next);
  for (const vault of [vaults[0]!, await FileVault.open(path(0), password)]) {
    await expect(vault.encryptionKey(next, 0)).rejects.toMatchObject({ code: "vault-share" });
    await expect(vault.judgeShares(next, 0, previous, points, dealings)).rejects.toMatchObject({ code: "vault-share" });
    expect(() => vault.signer(old, 0, previous.shareKeys[0]!)).toThrow(/holds no share/);
    await expect(vault.dealShare({ ...next, epoch: 3 }, old, 0, previous, points)).rejects.toMatchObject({
      code: "vault-share",
    });
    // The new share stays.
    vault.signer(next, 0, keys.shareKeys[0]!);
  }
});

test("what came to nothing is erased with what is over; later epochs and other groups stay", async () => {
  const vault = await FileVault.create(path(9), password);
  const failed = { ...old, epoch: 3 };
  const present = { ...old, epoch: 10 };
  const stay = [present, { ...old, era: 2, epoch: 0 }, { ...failed, group: `0x${"08".repeat(32)}` as const }];
  await vault.encryptionKey(failed, 2);
  const keys = await Promise.all(stay.map((slot) => vault.encryptionKey(slot, 1)));
  expect(await vault.eraseOlder(present)).toBe(true);
  for (const opened of [vault, await FileVault.open(path(9), password)]) {
    await expect(opened.encryptionKey(failed, 2)).rejects.toMatchObject({ code: "vault-share" });
    expect(opened.older(present)).toEqual([]);
    expect(await Promise.all(stay.map((slot) => opened.encryptionKey(slot, 1)))).toEqual(keys);
  }
});
