import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { cancelDigest } from "@tributary/protocol/keygen/cancel";
import { readyDigest } from "@tributary/protocol/keygen/ready";
import { hashBytes } from "@tributary/protocol/wire/index";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RemoteVault } from "./remote-vault.ts";
import { ServedVault, slot, word } from "./served-vault.fixture.ts";

let served: ServedVault;
let vault: RemoteVault;
beforeAll(async () => {
  served = await ServedVault.create();
  vault = await served.connect();
  await vi.waitFor(() => expect(vault.connected).toBe(true));
});
afterAll(() => served.close());

const fresh = { ...slot, epoch: 5 };
const next = { ...slot, epoch: 6 };

test("generates a key and hands it on with the secrets in the other process", async () => {
  const { key } = await vault.encryptionKey(fresh, 0);
  expect(await served.keys.encryptionKey(fresh, 0)).toMatchObject({ key });
  const dealing = await vault.deal(fresh, 0, [key]);
  const posted = [{ dealer: 0, dealing }];
  expect(await vault.judge(fresh, 0, [key], posted)).toEqual([{ kind: "good", dealer: 0 }]);
  const spoilt = dealing.slice();
  spoilt[spoilt.length - 1]! ^= 1;
  const [bad] = await vault.judge(fresh, 0, [key], [{ dealer: 0, dealing: spoilt }]);
  expect(bad).toMatchObject({ kind: "bad", dealer: 0, complaint: { kind: "share" } });
  const keys = await vault.acceptShare(fresh, 0, [key], posted);
  const share = BlsPublicKey.fromBytes(keys.shareKeys[0]!)!;
  const context = { ...fresh, group: hashBytes(fresh.group) };

  const ready = await vault.signReady(fresh, 0, [9], 1n);
  const digest = readyDigest(context, keys, [9], 1n);
  expect(share.verify(digest, ready.share)).toBe(true);
  expect(BlsPublicKey.fromBytes(vault.blsKey)!.verify(digest, ready.registered)).toBe(true);
  const cancelled = cancelDigest(context.group, fresh.era, hashBytes(word(3)));
  expect(share.verify(cancelled, await vault.signCancel(fresh, 0, word(3)))).toBe(true);

  const other = await vault.encryptionKey(next, 0);
  const handed = [{ dealer: 0, dealing: await vault.dealShare(next, fresh, 0, keys, [other.key]) }];
  expect(await vault.judgeShares(next, 0, keys, [other.key], handed)).toEqual([{ kind: "good", dealer: 0 }]);
  const lie = await vault.judgeShares(next, 0, { ...keys, shareKeys: [vault.blsKey] }, [other.key], handed);
  expect(lie).toEqual([{ kind: "bad", dealer: 0, complaint: { kind: "constant" } }]);
  expect(await vault.acceptReshared(next, 0, keys, [other.key], handed)).toEqual(keys);

  expect(await vault.encryptionErased(next, 0)).toBe(false);
  await vault.eraseEncryption(next, 0);
  expect(await vault.eraseOlder(next)).toBe(true);
  expect(await vault.encryptionErased(next, 0)).toBe(true);
  await expect(vault.signReady(fresh, 0, [9], 1n)).rejects.toMatchObject({ code: "vault-share" });
});

test("what is asked while the vault is away fails, but for erasing, which waits", async () => {
  await served.stop();
  await vi.waitFor(() => expect(vault.connected).toBe(false));
  await expect(vault.encryptionKey(fresh, 0)).rejects.toMatchObject({ code: "vault-away" });
  const erased = vault.eraseOlder({ ...next, epoch: next.epoch + 1 });
  await served.start();
  expect(await erased).toBe(true);
  await expect(vault.signReady(next, 0, [9], 1n)).rejects.toMatchObject({ code: "vault-share" });
});
