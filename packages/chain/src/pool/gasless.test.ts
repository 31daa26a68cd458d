import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@tributary/protocol/bytes/hex";
import { sealWork, WorkAttempts, workChallenge } from "@tributary/protocol/gasless/proof-of-work";
import { expect, test } from "vitest";
import { addresses, CHAIN_ID, keys, TestChain } from "../chain/chain.fixture.ts";
import { decodeTransaction } from "../transaction/decode.ts";
import { signTransaction } from "../transaction/sign.fixture.ts";

const [alice, bob, carol] = addresses as [Uint8Array, Uint8Array, Uint8Array];
const GAS = 21_000n;
/** So that a test mines in no time. */
const EASY = { hashesPerGas: 1 / 64 };

function digestOf(raw: Uint8Array, chainId = CHAIN_ID): Uint8Array {
  const decoded = decodeTransaction(raw, chainId);
  if (!decoded.ok) throw new Error(decoded.rejection.message);
  return decoded.transaction.digest;
}

type Subject = { readonly from: number; readonly nonce?: bigint; readonly blockHash: Uint8Array };

/** The transaction sealed with a proof of so many hashes. */
function sealed(raw: Uint8Array, { from, nonce = 0n, blockHash }: Subject, hashes = 329): Uint8Array {
  const sender = addresses[from]!;
  const challenge = workChallenge({ chainId: CHAIN_ID, sender, nonce, blockHash, signingHash: digestOf(raw) });
  const attempts = new WorkAttempts(challenge);
  let counter = 0n;
  while (attempts.work(counter) < hashes) counter++;
  return sealWork(raw, { blockHash, counter });
}

function transfer(t: TestChain, from: number, nonce = 0n, value = 1n): Uint8Array {
  return t.sign(from, { nonce, to: carol, value, gasLimit: GAS });
}

async function why(t: TestChain, bytes: Uint8Array): Promise<string> {
  const result = await t.chain.submit(bytes);
  return result.kind === "accepted" ? "ok" : result.rejection.message;
}

const order = (t: TestChain): string[] =>
  [...t.chain.pool.executable()].map(({ sender, lane }) => `${addresses.map(toHex).indexOf(sender)} ${lane}`);

test("history, then proofs of work by hashes for a gas, then the others by what they used of late", async () => {
  const t = await TestChain.open({ gasless: { ...EASY, historySeconds: 0, creditPerSecond: 1, creditSeconds: 1e6 } });
  await t.block(transfer(t, 0), transfer(t, 0, 1n), transfer(t, 1));
  const blockHash = t.chain.head.hash;
  expect(await why(t, transfer(t, 5))).toBe("ok");
  expect(await why(t, sealed(transfer(t, 3), { from: 3, blockHash }))).toBe("ok");
  expect(await why(t, sealed(transfer(t, 4), { from: 4, blockHash }, 329 * 64))).toBe("ok");
  expect(await why(t, transfer(t, 0, 2n))).toBe("ok");
  expect(await why(t, transfer(t, 1, 1n))).toBe("ok");
  expect(order(t)).toEqual(["1 history", "0 history", "4 work", "3 work", "5 fresh"]);
});

test("an account has history some time after its first transaction, and keeps it over a restart", async () => {
  const directory = await mkdtemp(join(tmpdir(), "gasless-"));
  try {
    const gasless = { historySeconds: 3 };
    let t = await TestChain.open({ storage: { directory }, gasless });
    await t.block(transfer(t, 0));
    expect(t.chain.standing(alice)).toEqual({ history: false, debt: 21_000 });
    // Blocks of the fixture are 0.7 s apart.
    for (let i = 0; i < 3; i++) await t.block();
    await t.chain.close();
    t = await TestChain.open({ storage: { directory }, gasless });
    expect(t.chain.standing(alice)).toEqual({ history: false, debt: 0 });
    for (let i = 0; i < 3; i++) await t.block();
    expect(t.chain.standing(alice).history).toBe(true);
    expect(t.chain.standing(bob).history).toBe(false);
    await t.chain.close();
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a proof for another chain, sender, nonce, payload or block is refused", async () => {
  const t = await TestChain.open({ gasless: { ...EASY, proofSeconds: 2 } });
  await t.block();
  const blockHash = t.chain.head.hash;
  const good = sealed(transfer(t, 0), { from: 0, blockHash }, 50_000);
  const proofOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, 41);
  const moved = (raw: Uint8Array): Uint8Array => Buffer.concat([proofOf(good), raw]);
  const weak = /^insufficient funds for gas \* price \+ value \(proof of work: need difficulty 329, got \d+\)$/;
  expect(await why(t, moved(transfer(t, 1)))).toMatch(weak);
  expect(await why(t, moved(transfer(t, 0, 1n)))).toMatch(weak);
  expect(await why(t, moved(transfer(t, 0, 0n, 2n)))).toMatch(weak);
  const other = await TestChain.open({ gasless: EASY, genesis: { chainId: 99n } });
  const elsewhere = signTransaction({ chainId: 99n, to: carol, value: 1n, gasLimit: GAS }, keys[0]!);
  expect(await why(other, moved(elsewhere))).toMatch(/proof of work: it must be for a block of the last 120 s/);
  const unknown = sealed(transfer(t, 0), { from: 0, blockHash: new Uint8Array(32).fill(7) });
  expect(await why(t, unknown)).toMatch(/it must be for a block of the last 2 s/);
  for (let i = 0; i < 5; i++) await t.block();
  expect(await why(t, good)).toMatch(/it must be for a block of the last 2 s/);
  expect(await why(t, sealed(transfer(t, 0), { from: 0, blockHash: t.chain.head.hash }))).toBe("ok");
});

test("without history there is room up to a half of the pool; a proof or history finds more, and proofs grow dearer", async () => {
  const t = await TestChain.open({
    pool: { count: 32, bytes: 1_000_000, perAccount: 16 },
    gasless: { ...EASY, historySeconds: 0 },
  });
  await t.block(transfer(t, 0));
  const blockHash = t.chain.head.hash;
  for (let nonce = 0n; nonce < 16n; nonce++) expect(await why(t, transfer(t, 1, nonce))).toBe("ok");
  const { room } = t.chain.gaslessTerms();
  expect(room).toBe(false);
  expect(await why(t, transfer(t, 2))).toMatch(/attach a proof of work$/);
  expect(await why(t, sealed(transfer(t, 2), { from: 2, blockHash }))).toBe("ok");
  expect(t.chain.gaslessTerms().hashesPerGas).toBe(2 / 64);
  expect(await why(t, sealed(transfer(t, 3), { from: 3, blockHash }, 700))).toBe("ok");
  expect(await why(t, transfer(t, 0, 1n))).toBe("ok");
  // What waits without a proof gets one: it leaves the room that was full.
  const waiting = transfer(t, 1);
  const { hashesPerGas } = t.chain.gaslessTerms();
  expect(await why(t, sealed(waiting, { from: 1, blockHash }, Math.ceil(21_000 * hashesPerGas)))).toBe("ok");
  expect(await why(t, waiting)).toBe("already known");
  expect(t.chain.gaslessTerms().room).toBe(true);
  expect(order(t).filter((entry) => entry === "1 work")).toHaveLength(1);
});

test("what was acknowledged with a proof comes back with it, and without it where it counts no longer", async () => {
  const directory = await mkdtemp(join(tmpdir(), "gasless-"));
  try {
    const gasless = { ...EASY, proofSeconds: 2 };
    let t = await TestChain.open({ storage: { directory }, gasless });
    await t.block();
    const bytes = sealed(transfer(t, 0), { from: 0, blockHash: t.chain.head.hash });
    expect(await why(t, bytes)).toBe("ok");
    for (let i = 0; i < 5; i++) await t.block();
    await t.chain.close();
    t = await TestChain.open({ storage: { directory }, gasless });
    const [entry] = t.chain.pool.executable();
    expect(entry).toMatchObject({ lane: "work", sealed: bytes, raw: transfer(t, 0) });
    await t.chain.close();
    // A difficulty that the operator raised costs it its lane only.
    t = await TestChain.open({ storage: { directory }, gasless: { hashesPerGas: 1_000 } });
    expect([...t.chain.pool.executable()]).toMatchObject([
      { lane: "fresh", raw: transfer(t, 0), sealed: transfer(t, 0) },
    ]);
    for (let i = 0; i < 5; i++) await t.block();
    await t.chain.close();
    // So does its age.
    t = await TestChain.open({ storage: { directory }, gasless });
    expect([...t.chain.pool.executable()]).toMatchObject([{ lane: "fresh", sealed: transfer(t, 0) }]);
    await t.chain.close();
  } finally {
    await rm(directory, { recursive: true });
  }
});
