import { createPublicClient, http, type PublicClient } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { afterEach, expect, test } from "vitest";
import type { Logger } from "../logger.ts";
import { Anvil } from "./anvil.fixture.ts";
import { MemoryFiles } from "./files.fixture.ts";
import { NonceJournal } from "./nonce-journal.ts";
import { MainchainSender } from "./sender.ts";

const DEV = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const OTHER = "0x000000000000000000000000000000000000dEaD";
/** Reverts with its calldata when there is any; otherwise does nothing. */
const REVERTER = "0x600e600c600039600e6000f33615600c57365f5f37365ffd5b00";
const account = mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex: 3 });
const none = (): void => undefined;
const logger: Logger = { debug: none, info: none, warn: none, error: none };

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function mining(...options: readonly string[]): Promise<{ anvil: Anvil; client: PublicClient }> {
  const anvil = await Anvil.start(options);
  closing.push(() => anvil.stop());
  const client = createPublicClient({ transport: http(anvil.rpc, { retryCount: 0 }), cacheTime: 0 }) as PublicClient;
  return { anvil, client };
}

async function sender(client: PublicClient, files: MemoryFiles): Promise<MainchainSender> {
  const journal = await NonceJournal.open(files, "journal.json");
  const made = new MainchainSender({ client, chainId: 31337, account, journal, pollMs: 20, logger });
  closing.push(() => made.stop());
  return made;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error("the condition did not come true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("calls sent together get nonces in a row, and a repeated key is one call", async () => {
  const { client } = await mining();
  const sending = await sender(client, new MemoryFiles());
  const results = await Promise.all(
    ["a", "b", "c", "a"].map((key) => sending.send({ key, to: OTHER, data: "0x", value: 1n })),
  );
  expect(results.map(({ kind }) => kind)).toEqual(["mined", "mined", "mined", "mined"]);
  expect(results[3]).toEqual(results[0]);
  expect(await client.getBalance({ address: OTHER })).toBe(3n);
  expect(await client.getTransactionCount({ address: account.address })).toBe(3);
});

test("a call that the contract refuses is said so and takes no nonce", async () => {
  const { anvil, client } = await mining();
  const hash = await anvil.call<string>("eth_sendTransaction", { from: DEV, data: REVERTER, gas: "0x100000" });
  // Anvil answers with the hash before the block is made.
  await until(async () => (await anvil.call("eth_getTransactionReceipt", hash)) !== null);
  const receipt = await anvil.call<{ contractAddress: `0x${string}` }>("eth_getTransactionReceipt", hash);
  const sending = await sender(client, new MemoryFiles());
  const refused = await sending.send({ key: "x", to: receipt.contractAddress, data: "0x12345678" });
  expect(refused.kind).toBe("reverted");
  const fine = await sending.send({ key: "y", to: receipt.contractAddress, data: "0x" });
  expect(fine.kind).toBe("mined");
  expect(await client.getTransactionCount({ address: account.address })).toBe(1);
});

test("what was on its way at a crash is brought in after it, before anything new", async () => {
  const { anvil, client } = await mining("--no-mining");
  const files = new MemoryFiles();
  const first = await sender(client, files);
  const lost = first.send({ key: "old", to: OTHER, data: "0x", value: 5n });
  await until(async () => (await anvil.call<{ pending: string }>("txpool_status")).pending === "0x1");
  await first.stop();
  expect((await lost).kind).toBe("unsent");
  // The mainchain forgot it too.
  await anvil.call("anvil_dropAllTransactions");
  expect((await NonceJournal.open(files, "journal.json")).entries).toHaveLength(1);

  const second = await sender(client, files);
  await second.recover();
  const fresh = second.send({ key: "new", to: OTHER, data: "0x", value: 7n });
  await until(async () => (await anvil.call<{ pending: string }>("txpool_status")).pending === "0x2");
  await anvil.mine();
  expect((await fresh).kind).toBe("mined");
  expect(await client.getBalance({ address: OTHER })).toBe(12n);
  await until(() => second.inFlight === 0);
  expect((await NonceJournal.open(files, "journal.json")).entries).toEqual([]);
});

test("more than a few at a time are refused, not queued without end", async () => {
  const { client } = await mining("--no-mining");
  const sending = await sender(client, new MemoryFiles());
  const results = Array.from({ length: 12 }, (_, i) => sending.send({ key: `${i}`, to: OTHER, data: "0x" }));
  const refused = await Promise.all(results.slice(8));
  expect(refused).toEqual(Array(4).fill({ kind: "unsent", reason: "too many in flight" }));
});

test("a damaged journal is an empty one", async () => {
  const files = new MemoryFiles();
  const journal = await NonceJournal.open(files, "journal.json");
  await journal.put({ nonce: 1, key: "k", hash: `0x${"11".repeat(32)}`, raw: "0x02" });
  expect((await NonceJournal.open(files, "journal.json")).entries).toHaveLength(1);
  files.files.set("journal.json", new TextEncoder().encode("[{"));
  expect((await NonceJournal.open(files, "journal.json")).entries).toEqual([]);
});

test("a journal of the first format is read and written on in this one, a newer one is refused", async () => {
  const files = new MemoryFiles();
  const write = (value: unknown): unknown =>
    files.files.set("journal.json", new TextEncoder().encode(JSON.stringify(value)));
  const entry = { nonce: 1, key: "k", hash: `0x${"11".repeat(32)}`, raw: "0x02" } as const;
  write([entry]);
  const journal = await NonceJournal.open(files, "journal.json");
  expect(journal.entries).toEqual([entry]);
  await journal.put({ ...entry, nonce: 2 });
  expect((await NonceJournal.open(files, "journal.json")).entries.map(({ nonce }) => nonce)).toEqual([1, 2]);
  write({ version: 3, entries: "of another kind" });
  await expect(NonceJournal.open(files, "journal.json")).rejects.toMatchObject({
    code: "JOURNAL_FORMAT",
    message: expect.stringContaining("holds on-disk format 3, this version reads 2: install a newer version"),
  });
});

test("a mainchain that went back and lost mined calls leaves no gap: what is sent next is mined", async () => {
  const { anvil, client } = await mining();
  const sending = await sender(client, new MemoryFiles());
  for (const key of ["a", "b"]) {
    expect((await sending.send({ key, to: OTHER, data: "0x", value: 1n })).kind).toBe("mined");
  }
  await anvil.call("anvil_reorg", 2, []);
  expect(await client.getTransactionCount({ address: sending.address })).toBe(0);
  // The same key again: what was mined under it is gone.
  expect((await sending.send({ key: "b", to: OTHER, data: "0x", value: 1n })).kind).toBe("mined");
  expect(await client.getTransactionCount({ address: sending.address })).toBe(1);
});

test("a journal that could not be written keeps no nonce, and what it held before", async () => {
  const files = new MemoryFiles();
  const journal = await NonceJournal.open(files, "journal.json");
  const entry = { nonce: 1, key: "k", hash: `0x${"11".repeat(32)}`, raw: "0x02" } as const;
  await journal.put(entry);
  files.full = true;
  await expect(journal.put({ ...entry, nonce: 2 })).rejects.toThrow("ENOSPC");
  await expect(journal.put({ ...entry, key: "other" })).rejects.toThrow("ENOSPC");
  expect(journal.entries).toEqual([entry]);
  files.full = false;
  await journal.put({ ...entry, nonce: 2 });
  expect((await NonceJournal.open(files, "journal.json")).entries.map(({ nonce }) => nonce)).toEqual([1, 2]);
});
