import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeySlot } from "@tributary/protocol/ports/key-vault";
import { afterEach, beforeEach, expect, test } from "vitest";
import { transportIdentity } from "../mesh/transport-identity.ts";
import { copyKeystore, moveToVault } from "./backup.ts";
import { FileVault } from "./file-vault.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const slot: KeySlot = { group: `0x${"07".repeat(32)}`, era: 0, epoch: 2 };

let folder = "";
const locked = (name: string): { path: string; password: Uint8Array } => ({
  path: join(folder, name),
  password: bytes(`password of ${name}`),
});
const open = (name: string): Promise<FileVault> => FileVault.open(locked(name).path, locked(name).password);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "backup-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a backup has the same keys under its own password, and counts a start that no record knows of", async () => {
  const vault = await FileVault.create(locked("vault").path, locked("vault").password);
  const { key } = await vault.encryptionKey(slot, 0);
  await vault.keepSessions({ ...slot, epoch: 3 }, 1, 4);
  await copyKeystore(locked("vault"), locked("copy"));
  await expect(copyKeystore(locked("vault"), locked("copy"))).rejects.toMatchObject({ code: "vault-exists" });
  const copy = await open("copy");
  expect([copy.nodeAddress, copy.identity.keyHash]).toEqual([vault.nodeAddress, vault.identity.keyHash]);
  expect((await copy.encryptionKey(slot, 0)).key).toEqual(key);
  expect([copy.sessions(slot, 0), copy.sessions({ ...slot, epoch: 3 }, 1)]).toEqual([1, 5]);
  const wrong = { ...locked("copy"), password: bytes("another") };
  await expect(copyKeystore(wrong, locked("next"))).rejects.toMatchObject({ code: "vault-password" });
});

test("a node's keys move to a vault but for the key of its links", async () => {
  const node = await FileVault.create(locked("node").path, locked("node").password);
  const link = await moveToVault(locked("node"), locked("vault"));
  const vault = await open("vault");
  expect([vault.nodeAddress, vault.blsKey]).toEqual([node.nodeAddress, node.blsKey]);
  expect(transportIdentity(link).keyHash).toBe(node.identity.keyHash);
  expect(vault.identity.keyHash).not.toBe(node.identity.keyHash);
});
