import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { BlsPublicKey, verifyPossession } from "@tributary/protocol/crypto/bls";
import { nodeSignatures } from "@tributary/protocol/crypto/secp256k1";
import { verifyEncryptionKey } from "@tributary/protocol/keygen/encryption-key";
import { readyDigest } from "@tributary/protocol/keygen/ready";
import type { KeySlot, PostedDealing } from "@tributary/protocol/ports/key-vault";
import { finalDigest, finalMessageDigest } from "@tributary/protocol/wire/index";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Signed } from "../consensus/statement.ts";
import { FileVault } from "./file-vault.ts";
import { GENERATED, Keystore } from "./keystore.ts";
import { readPassword } from "./password.ts";

const password = new TextEncoder().encode("correct horse");
const slot: KeySlot = { group: `0x${"07".repeat(32)}`, era: 0, epoch: 2 };
const context = { group: fromHex(slot.group)!, era: 0, epoch: 2 };
const digest = new Uint8Array(32).fill(9);

let folder = "";
const path = (seat: number): string => join(folder, `${seat}.json`);
const vaults: FileVault[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "file-vault-"));
  for (let seat = 0; seat < 4; seat++) vaults.push(await FileVault.create(path(seat), password));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("keys are the same after reopening and in no readable form on disk", async () => {
  const [vault] = vaults;
  const again = await FileVault.open(path(0), password);
  expect([again.nodeAddress, again.blsKey, again.blsProof, again.transportKey]).toEqual([
    vault!.nodeAddress,
    vault!.blsKey,
    vault!.blsProof,
    vault!.transportKey,
  ]);
  expect(toHex(again.transportKey)).toBe(again.identity.keyHash);
  const pem = again.identity.privateKey.split("\n")[1]!;
  const file = readFileSync(path(0));
  expect(file.includes(pem) || file.includes(Buffer.from(pem, "base64").toString("hex"))).toBe(false);
  const signature = await again.signNode(digest);
  expect(toHex(nodeSignatures.recoverAddress(digest, signature)!)).toBe(vault!.nodeAddress);
  const key = BlsPublicKey.fromBytes(again.blsKey)!;
  expect(verifyPossession(fromHex(again.nodeAddress)!, key, again.blsProof)).toBe(true);
});

test("a guess at a password costs what was asked for at the start, by default 64 MiB", async () => {
  const kdf = (file: string): unknown => (JSON.parse(readFileSync(file, "utf8")) as { readonly kdf: unknown }).kdf;
  expect(kdf(path(0))).toMatchObject({ name: "scrypt", N: 65_536, r: 8, p: 1 });
  const generated = path(19);
  const vault = await FileVault.create(generated, password, undefined, GENERATED);
  expect(kdf(generated)).toMatchObject({ name: "scrypt", ...GENERATED });
  expect((await FileVault.open(generated, password)).nodeAddress).toBe(vault.nodeAddress);
  await vault.encryptionKey(slot, 0);
  expect(kdf(generated)).toMatchObject({ name: "scrypt", ...GENERATED });
});

test("what a life before renamed into place is durable before the vault opens", async () => {
  let synced = 0;
  const disk = diskFolder(folder);
  const syncFolder = async (): Promise<void> => {
    await disk.syncFolder();
    synced += 1;
  };
  await FileVault.open(path(0), password, { ...disk, syncFolder });
  expect(synced).toBe(1);
});

test("each way of not opening has its own code", async () => {
  await expect(FileVault.open(path(0), new TextEncoder().encode("wrong"))).rejects.toMatchObject({
    code: "vault-password",
  });
  await expect(FileVault.open(path(9), password)).rejects.toMatchObject({ code: "vault-missing" });
  await expect(FileVault.create(path(0), password)).rejects.toMatchObject({ code: "vault-exists" });
  const good = readFileSync(path(0), "utf8");
  const bad = join(folder, "bad.json");
  writeFileSync(bad, good.replace('"version":1', '"version":2'));
  await expect(FileVault.open(bad, password)).rejects.toMatchObject({
    code: "vault-format",
    message: `keystore ${bad} holds on-disk format 2, this version reads 1: install a newer version`,
  });
  for (const text of ["", good.slice(0, 200), "{}", good.replace('"version":1', '"version":"1"')]) {
    writeFileSync(bad, text);
    await expect(FileVault.open(bad, password)).rejects.toMatchObject({ code: "vault-damaged" });
  }
  for (const change of [good.replace(/"data":"./, '"data":"'), good.replace('"r":8', '"r":4')]) {
    writeFileSync(bad, change);
    await expect(FileVault.open(bad, password)).rejects.toMatchObject({
      code: expect.stringMatching(/^vault-(password|damaged)$/),
    });
  }
});

test("generates a key with others, gives the same again when asked again, and signs with the share", async () => {
  const keys = await Promise.all(vaults.map((vault, seat) => vault.encryptionKey(slot, seat)));
  for (const [seat, key] of keys.entries()) expect(verifyEncryptionKey(context, seat, key)).toBe(true);
  const points = keys.map(({ key }) => key);
  const dealings: PostedDealing[] = [];
  for (const [seat, vault] of vaults.entries()) {
    // Twice at once: the second must not deal anew.
    const [first, second] = await Promise.all([vault.deal(slot, seat, points), vault.deal(slot, seat, points)]);
    expect(second).toEqual(first);
    dealings.push({ dealer: seat, dealing: first });
  }
  const reopened = await FileVault.open(path(1), password);
  expect(await reopened.encryptionKey(slot, 1)).toEqual(keys[1]);
  expect(await reopened.deal(slot, 1, points)).toEqual(dealings[1]!.dealing);
  expect(await reopened.deal(slot, 1, [...points.slice(0, 3), new Uint8Array(0)])).not.toEqual(dealings[1]!.dealing);

  const broken = dealings[2]!.dealing.slice();
  broken[broken.length - 1]! ^= 1;
  const judged = await vaults[3]!.judge(slot, 3, points, [...dealings.slice(0, 2), { dealer: 2, dealing: broken }]);
  expect(judged.map(({ kind }) => kind)).toEqual(["good", "good", "bad"]);

  const accepted = await Promise.all(vaults.map((vault, seat) => vault.acceptShare(slot, seat, points, dealings)));
  for (const other of accepted) expect(other).toEqual(accepted[0]);
  const { shareKeys } = accepted[0]!;
  for (const seat of [0, 1, 2, 3]) {
    const vault = await FileVault.open(path(seat), password);
    const kept = readFileSync(path(seat));
    expect(await vault.acceptShare(slot, seat, points, dealings)).toEqual(accepted[0]);
    expect(readFileSync(path(seat))).toEqual(kept);
    const key = BlsPublicKey.fromBytes(shareKeys[seat]!)!;
    const ready = await vault.signReady(slot, seat, [4, 7, 8, 9], 15n);
    const readiness = readyDigest(context, accepted[0]!, [4, 7, 8, 9], 15n);
    expect(key.verify(readiness, ready.share)).toBe(true);
    expect(BlsPublicKey.fromBytes(vault.blsKey)!.verify(readiness, ready.registered)).toBe(true);
    const signer = vault.signer(slot, seat, shareKeys[seat]!);
    const hash: HexHash = `0x${"0a".repeat(32)}`;
    const at = { ...slot, height: 5 };
    const signed = await new Promise<Signed>((resolve) =>
      signer.sign({ kind: "final", slot: at, epoch: slot.epoch, hash }, resolve),
    );
    expect(key.verify(finalDigest(at, hash), signed.shares[0]!)).toBe(true);
    const said = finalMessageDigest({ ...at, seat, hash, share: signed.shares[0]! });
    expect(toHex(nodeSignatures.recoverAddress(said, signed.signature)!)).toBe(vault.nodeAddress);
    expect(() => vault.signer(slot, seat, shareKeys[(seat + 1) % 4]!)).toThrow(
      expect.objectContaining({ code: "vault-share" }),
    );
  }
  await expect(vaults[0]!.acceptShare(slot, 0, points, dealings.slice(0, 2))).rejects.toMatchObject({
    code: "vault-share",
  });
  await expect(vaults[0]!.acceptShare(slot, 1, points, dealings)).rejects.toMatchObject({ code: "vault-share" });
  await expect(vaults[0]!.signReady({ ...slot, epoch: 3 }, 0, [4, 7, 8, 9], 15n)).rejects.toMatchObject({
    code: "vault-share",
  });
  expect(readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
});

test("a keystore of before shares named their dealings: these are judged once more, and give the same share", async () => {
  const other: KeySlot = { ...slot, epoch: 7 };
  const keys = await Promise.all(vaults.map((vault, seat) => vault.encryptionKey(other, seat)));
  const points = keys.map(({ key }) => key);
  const deal = async (vault: FileVault, dealer: number): Promise<PostedDealing> => ({
    dealer,
    dealing: await vault.deal(other, dealer, points),
  });
  const dealings = await Promise.all(vaults.map(deal));
  const accepted = await vaults[2]!.acceptShare(other, 2, points, dealings);
  const { keystore, content } = await Keystore.open(path(2), password);
  const now = new TextDecoder().decode(content);
  const before = JSON.stringify(JSON.parse(now), (name, value: unknown) => (name === "from" ? undefined : value));
  expect([now.includes('"from":'), before.includes('"from":')]).toEqual([true, false]);
  await keystore.write(new TextEncoder().encode(before));
  const accept = async (): Promise<unknown> =>
    (await FileVault.open(path(2), password)).acceptShare(other, 2, points, dealings);
  expect(await accept()).toEqual(accepted);
  const written = readFileSync(path(2));
  expect(await accept()).toEqual(accepted);
  expect(readFileSync(path(2))).toEqual(written);
});

test("a password comes from a file or a descriptor, without its line end", () => {
  const file = join(folder, "password");
  writeFileSync(file, "secret \r\n");
  expect(new TextDecoder().decode(readPassword({ file }))).toBe("secret ");
  const descriptor = openSync(file, "r");
  expect(new TextDecoder().decode(readPassword({ descriptor }))).toBe("secret ");
  closeSync(descriptor);
  writeFileSync(file, "\n");
  expect(() => readPassword({ file })).toThrow(expect.objectContaining({ code: "config" }));
  expect(() => readPassword({ file: join(folder, "none") })).toThrow(expect.objectContaining({ code: "config" }));
});
