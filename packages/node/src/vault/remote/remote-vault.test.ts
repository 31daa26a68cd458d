import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { finalDigest } from "@tributary/protocol/wire/index";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { signStatement } from "../../consensus/statement.ts";
import { tlsConnect } from "../../mesh/tls.ts";
import { generateTransportKey, transportIdentity } from "../../mesh/transport-identity.ts";
import { encodeJson } from "./calls.ts";
import { encodeVaultFrame, FRAME, MAX_FRAME_BYTES } from "./frames.ts";
import { at, final, ServedVault, sign, slot, word } from "./served-vault.fixture.ts";
import { encodeStatement } from "./statement-codec.ts";
import { VAULT_PROTOCOL } from "./vault-server.ts";

let vault: ServedVault;
beforeEach(async () => {
  vault = await ServedVault.create();
});
afterEach(() => vault.close());

/** Whether the statement is answered within what others take many times over. */
async function unsigned(signing: Promise<unknown>): Promise<boolean> {
  const later = new Promise<"nothing">((resolve) => setTimeout(() => resolve("nothing"), 100));
  return (await Promise.race([signing, later])) === "nothing";
}

function raw(identity = vault.identity): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const done = (socket: TLSSocket | undefined): void => (socket === undefined ? reject() : resolve(socket));
    tlsConnect(identity, "127.0.0.1", vault.port, done, VAULT_PROTOCOL);
  });
}

async function cutOff(socket: TLSSocket): Promise<number> {
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  if (!socket.destroyed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return bytes;
}

test("signs as the keys themselves would, with the public keys of the vault", async () => {
  const remote = await vault.connect();
  const { nodeAddress, blsKey, blsProof } = vault.keys;
  expect([remote.nodeAddress, remote.blsKey, remote.blsProof]).toEqual([nodeAddress, blsKey, blsProof]);
  const keys = await remote.seat(vault.request(vault.journal("node")));
  const local = vault.keys.keys(slot, 0, vault.shareKey);
  const coin = { kind: "coin", slot: at(5), coins: [{ seat: 1, round: 2 }] } as const;
  const vote = { kind: "vote", slot: at(5), records: [{ kind: "aux", round: 0, zeros: 0n, ones: 3n }] } as const;
  const statements = [final(5, 1), coin, vote];
  const signed = await Promise.all(statements.map((statement) => sign(keys, statement)));
  expect(signed).toEqual(statements.map((statement) => signStatement(statement, 0, local)));
  await vi.waitFor(() => expect(remote.connected).toBe(true));
  await expect(remote.signTransaction(new Uint8Array(32))).rejects.toMatchObject({ code: "vault-failed" });
  await expect(remote.encryptionErased(slot, 0)).resolves.toBe(false);
});

test("refuses a second value for a slot whatever the node's record says, also after the vault's restart", async () => {
  const keys = await (await vault.connect()).seat(vault.request(vault.journal("node")));
  const first = await sign(keys, final(5, 1));
  expect(await unsigned(sign(keys, final(5, 2)))).toBe(true);
  expect(await sign(keys, final(5, 1))).toEqual(first);
  await vault.stop();
  await vault.start();
  expect(await sign(keys, final(6, 1))).toBeDefined();
  expect(await unsigned(sign(keys, final(5, 2)))).toBe(true);
  expect(await sign(keys, final(5, 1))).toEqual(first);
});

test("what is said while the vault is away waits for it, as far as it is worth saying", async () => {
  const keys = await (await vault.connect()).seat(vault.request(vault.journal("node")));
  await sign(keys, final(1, 1));
  await vault.stop();
  const vote = (height: number) =>
    sign(keys, { kind: "vote", slot: at(height), records: [{ kind: "aux", round: 0, zeros: 1n, ones: 0n }] });
  const old = vote(2);
  const recent = [vote(4), vote(5), sign(keys, final(2, 1))];
  expect(await unsigned(Promise.race(recent))).toBe(true);
  await vault.start();
  expect((await Promise.all(recent)).length).toBe(3);
  expect(await unsigned(old)).toBe(true);
});

test("only the newest node of a seat is heard", async () => {
  const first = await (await vault.connect()).seat(vault.request(vault.journal("node")));
  await sign(first, final(1, 1));
  cpSync(join(vault.folder, "node"), join(vault.folder, "copy"), { recursive: true });
  const second = await (await vault.connect()).seat(vault.request(vault.journal("copy")));
  await sign(second, final(2, 1));
  expect(await unsigned(sign(first, final(3, 1)))).toBe(true);
  expect(await sign(second, final(3, 2))).toBeDefined();
});

test("a node whose own record is older than the vault's is silent until others prove where they are", async () => {
  const remote = await vault.connect();
  (await remote.seat(vault.request(vault.journal("node")))).close();
  await sign(await remote.seat(vault.request(vault.journal("node-again"))), final(1, 1)).catch(() => undefined);
  const journal = vault.journal("node-lost");
  const keys = await remote.seat(vault.request(journal));
  await vi.waitFor(() => expect(journal.silent).toBe(true));
  expect([keys.journal.silent, keys.journal.closed(100)]).toEqual([true, true]);
  keys.journal.remember(20);
  expect([keys.journal.silent, keys.journal.closed(20), keys.journal.closed(21)]).toEqual([false, true, false]);
});

test("a vault whose record is older than the node knows is silent, and closes for ever what may have been signed", async () => {
  const journal = vault.journal("node");
  const remote = await vault.connect();
  const before = await remote.seat(vault.request(journal));
  await sign(before, final(5, 1));
  await vault.stop();
  // What is to be said of a height that will be closed is not said when the silence ends.
  const early = sign(before, final(6, 1));
  // An old copy of everything that the vault has: the keystore counts no start either.
  rmSync(vault.record, { recursive: true });
  await vault.keys.keepSessions(slot, 0, 0);
  await vault.start();
  await vi.waitFor(() => expect(before.journal.silent).toBe(true), { timeout: 20_000 });
  expect(journal.silent).toBe(false);
  expect(await unsigned(sign(before, final(5, 2)))).toBe(true);
  expect(remote.seats).toEqual({ silent: 1 });
  before.journal.remember(30);
  await vi.waitFor(() => expect(before.journal.silent).toBe(false));
  expect(await unsigned(sign(before, final(30, 2)))).toBe(true);
  expect(await sign(before, final(31, 2))).toBeDefined();
  expect(await unsigned(early)).toBe(true);
  await vault.stop();
  await vault.start();
  expect(await unsigned(sign(before, final(30, 2)))).toBe(true);
  expect(await sign(before, final(32, 2))).toBeDefined();
});

test("an old copy of the record alone makes the vault silent, too", async () => {
  const keys = await (await vault.connect()).seat(vault.request(vault.journal("node")));
  await sign(keys, final(5, 1));
  const copy = join(vault.folder, "copy");
  await vault.stop();
  cpSync(vault.record, copy, { recursive: true });
  await vault.start();
  await sign(keys, final(6, 1));
  await vault.stop();
  rmSync(vault.record, { recursive: true });
  cpSync(copy, vault.record, { recursive: true });
  await vault.start();
  await vi.waitFor(() => expect(keys.journal.silent).toBe(true), { timeout: 20_000 });
  expect(await unsigned(sign(keys, final(6, 2)))).toBe(true);
});

test("the end of the silence is told once, however often others prove it", async () => {
  const [info, error] = [vi.fn(), vi.fn()];
  const request = vault.request(vault.journal("node"));
  const keys = await (await vault.connect()).seat({ ...request, logger: { info, warn: vi.fn(), error } });
  await sign(keys, final(5, 1));
  await vault.stop();
  rmSync(vault.record, { recursive: true });
  await vault.start();
  await vi.waitFor(() => expect(keys.journal.silent).toBe(true), { timeout: 20_000 });
  const stale = vi.fn();
  // Their locks were on the way to the disk when the silence began.
  keys.signer.sign(final(6, 1), stale);
  for (const height of [20, 20, 21]) keys.journal.remember(height);
  const signed = vi.fn();
  await vi.waitFor(() => expect(keys.journal.silent).toBe(false));
  keys.signer.sign(final(7, 1), stale);
  keys.signer.sign(final(31, 1), signed);
  keys.journal.remember(22);
  await vi.waitFor(() => expect(signed).toHaveBeenCalled());
  expect([signed.mock.calls.length, info.mock.calls.length]).toEqual([1, 2]);
  expect([stale.mock.calls.length, error.mock.calls.length]).toEqual([0, 0]);
});

test("the vault's silence outlasts its restart", async () => {
  const keys = await (await vault.connect()).seat(vault.request(vault.journal("node")));
  await sign(keys, final(5, 1));
  for (let round = 0; round < 2; round++) {
    await vault.stop();
    if (round === 0) rmSync(vault.record, { recursive: true });
    await vault.start();
    await vi.waitFor(() => expect(keys.journal.silent).toBe(true), { timeout: 20_000 });
    expect(await unsigned(sign(keys, final(5, 2)))).toBe(true);
  }
});

test("a share that the vault does not hold is waited for", async () => {
  const remote = await vault.connect();
  const request = vault.request(vault.journal("node"));
  const keys = await remote.seat({ ...request, spec: { ...request.spec, shareKeys: [word(1)] } });
  const signing = sign(keys, final(5, 1));
  await vi.waitFor(() => expect(remote.seats).toEqual({ refused: 1 }));
  expect(await unsigned(signing)).toBe(true);
});

test("another key is refused before it can ask, and so is a vault with another key", async () => {
  const stranger = transportIdentity(generateTransportKey());
  expect(await cutOff(await raw(stranger))).toBe(0);
  vault.clients = [...vault.clients, stranger.keyHash];
  const known = await vault.connect(stranger);
  await vi.waitFor(() => expect(known.connected).toBe(true));
  const signal = AbortSignal.timeout(700);
  const address = { host: "127.0.0.1", port: vault.port, keyHash: word(9) };
  const { RemoteVault } = await import("./remote-vault.ts");
  const warn = vi.fn();
  const logger = { warn, info: vi.fn() } as never;
  expect(await RemoteVault.ask({ identity: vault.identity, address, logger }, signal)).toBeUndefined();
  expect(warn.mock.calls[0]?.[0]).toEqual({ reason: expect.stringContaining("has another key") });
});

test("what is not of the protocol ends the connection, and the vault goes on", async () => {
  const remote = await vault.connect();
  const keys = await remote.seat(vault.request(vault.journal("node")));
  await sign(keys, final(1, 1));
  const oversize = Buffer.alloc(9);
  oversize.writeUInt32BE(MAX_FRAME_BYTES + 1);
  const call = (value: unknown): Uint8Array =>
    encodeVaultFrame({ id: 1, kind: FRAME.call, payload: encodeJson(value) });
  const statement = encodeStatement(0, final(2, 1));
  const hostile = [
    oversize,
    encodeVaultFrame({ id: 1, kind: 77, payload: new Uint8Array(3) }),
    encodeVaultFrame({ id: 1, kind: FRAME.statement, payload: statement.subarray(1) }),
    call({ call: "constructor", takes: {} }),
    call({ call: "ping", takes: { more: 1 } }),
    call({ call: "begin", takes: { slot, seat: 0, session: -1 } }),
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
  ];
  for (const bytes of hostile) {
    const socket = await raw();
    socket.write(bytes);
    expect(await cutOff(socket)).toBe(0);
  }
  // Well-formed, and for a seat that another connection holds: an error, and nothing is signed.
  const socket = await raw();
  const answer = new Promise<Buffer>((resolve) => socket.once("data", resolve));
  socket.write(encodeVaultFrame({ id: 8, kind: FRAME.statement, payload: statement }));
  const frame = await answer;
  expect(frame.readUInt8(8)).toBe(FRAME.error);
  expect(JSON.parse(frame.subarray(9).toString())).toMatchObject({ code: "vault-session" });
  socket.destroy();
  const signed = await sign(keys, final(2, 1));
  expect(signed.shares[0]).toEqual(vault.keys.keys(slot, 0, vault.shareKey).share(finalDigest(at(2), word(1))));
});
