import { type Address, numberToHex } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Anvil, MNEMONIC, wordOf } from "./anvil.fixture.ts";
import type { Job, JobState } from "./job.ts";
import { mnemonicSigners } from "./keys/local-signer.ts";
import { signTransaction } from "./keys/sign-transaction.ts";
import type { Alert } from "./pool/options.ts";
import { createSigningPool, type SigningPool } from "./pool/signing-pool.ts";
import { JobStore } from "./store/job-store.ts";

const fast = { mnemonic: MNEMONIC, pollMs: 20, stuckMs: 300, stuckBlocks: 2, store: ":memory:" };
const ETHER = 10n ** 18n;

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 3_000) throw new Error("it does not come about");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("trouble on the chain", () => {
  let anvil: Anvil;
  let to: Address;
  let pool: SigningPool | undefined;
  let alerts: Alert[];
  const onAlert = (alert: Alert): void => void alerts.push(alert);
  const told = (kind: Alert["kind"]): boolean => alerts.some((alert) => alert.kind === kind);
  const words = (count: number, name: string) =>
    Array.from({ length: count }, (_, index) => wordOf(`${name} ${index}`));

  async function all(jobs: readonly (Job | undefined)[], state: JobState): Promise<boolean> {
    const seen = await Promise.all(jobs.map((job) => pool?.job(job?.id ?? "")));
    return seen.every((job) => job?.state === state);
  }

  /** Whether all that waits at the node carries no data, as the pool's cancellations do. */
  async function onlyEmptyPending(): Promise<boolean> {
    type Waiting = Record<string, Record<string, { readonly input: string }>>;
    const { pending } = (await anvil.call("txpool_content")) as { readonly pending: Waiting };
    const waiting = Object.values(pending).flatMap((queue) => Object.values(queue));
    return waiting.length > 0 && waiting.every(({ input }) => input === "0x");
  }

  async function expectOnce(expected: readonly `0x${string}`[]): Promise<void> {
    for (const word of expected) expect([word, await anvil.counted(to, word)]).toEqual([word, 1]);
  }

  beforeEach(async () => {
    anvil = await Anvil.start("--no-mining");
    to = await anvil.counter();
    alerts = [];
  });
  afterEach(async () => {
    await pool?.close();
    await anvil.stop();
  });

  test("a reorganisation takes mined transactions back: they are mined again, once", async () => {
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 2, confirmations: 5, onAlert });
    await anvil.mine(3);
    const everything = words(20, "reorganised");
    const jobs = await Promise.all(everything.map((data) => pool?.submit({ to, data })));
    await until(() => all(jobs, "sent"));
    await anvil.mine();
    await until(() => all(jobs, "mined"));
    await anvil.call("anvil_reorg", 2, []);
    expect(await anvil.counted(to, everything[0] as `0x${string}`)).toBe(0);
    await until(() => told("reorganised"));
    await until(async () => {
      await anvil.mine();
      return all(jobs, "final");
    });
    await expectOnce(everything);
  });

  test("a reorganisation of what counted as final: the chain gets the old transactions again, before new ones", async () => {
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 1, confirmations: 1, onAlert });
    await anvil.mine(3);
    const everything = words(4, "deep");
    const jobs = await Promise.all(everything.map((data) => pool?.submit({ to, data })));
    await until(() => all(jobs, "sent"));
    await anvil.mine();
    await until(() => all(jobs, "final"));
    await anvil.call("anvil_reorg", 2, []);
    expect(await anvil.counted(to, everything[0] as Address)).toBe(0);
    await pool.submit({ to, data: wordOf("after") });
    await until(async () => {
      await anvil.mine();
      return pool?.status().open === 0;
    });
    expect(told("gap-healed")).toBe(true);
    await expectOnce([...everything, wordOf("after")]);
  });

  test("a chain that begins anew: the pool stops, or sends on the new chain what was not final on the old one", async () => {
    const store = await JobStore.open(":memory:");
    const options = { ...fast, store, size: 2, confirmations: 3, onAlert };
    pool = await createSigningPool({ ...options, rpcUrl: anvil.rpc });
    const everything = words(6, "reset");
    const jobs = await Promise.all(everything.map((data) => pool?.submit({ to, data })));
    await until(() => all(jobs, "sent"));
    await anvil.mine();
    await until(() => all(jobs, "mined"));
    const { port } = anvil;
    await anvil.stop();
    anvil = await Anvil.start("--no-mining", "--port", String(port), "--timestamp", "1900000000");
    await anvil.counter();
    await until(() => told("chain-reset"));
    await expect(pool.submit({ to, data: "0x" })).rejects.toMatchObject({ code: "CLOSED" });
    pool = await createSigningPool({ ...options, rpcUrl: anvil.rpc, resettable: true });
    await until(async () => {
      await anvil.mine();
      return pool?.status().open === 0;
    });
    expect(await all(jobs, "final")).toBe(true);
    await expectOnce(everything);
  });

  test("a key used from outside: what lost its nonce to it gets another one", async () => {
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 1, confirmations: 2, onAlert });
    const thief = mnemonicSigners(MNEMONIC)(0);
    const price = { kind: "eip1559", maxFee: 10n ** 11n, tip: 10n ** 11n } as const;
    const call = { to, data: wordOf("foreign"), value: 0n };
    const foreign = await signTransaction(thief, { chainId: 31_337, nonce: 0, gas: 100_000n, price, call });
    await anvil.call("eth_sendRawTransaction", foreign.raw);
    const everything = words(10, "robbed");
    // The node holds the foreign transaction and answers the pool's first one with "replacement underpriced".
    await pool.close();
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 1, confirmations: 2, onAlert });
    const jobs = await Promise.all(everything.map((data) => pool?.submit({ to, data })));
    await until(async () => {
      await anvil.mine();
      return all(jobs, "final");
    });
    await expectOnce([...everything, wordOf("foreign")]);
  });

  test("a foreign transaction takes a nonce that a job holds: the blocks prove it, and the job gets another one", async () => {
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 1, confirmations: 2, onAlert });
    const everything = words(5, "held");
    const jobs = await Promise.all(everything.map((data) => pool?.submit({ to, data })));
    await until(() => all(jobs, "sent"));
    await anvil.call("anvil_dropAllTransactions");
    const price = { kind: "eip1559", maxFee: 10n ** 11n, tip: 10n ** 11n } as const;
    const call = { to, data: wordOf("thief"), value: 0n };
    const signed = { chainId: 31_337, nonce: 0, gas: 100_000n, price, call };
    const foreign = await signTransaction(mnemonicSigners(MNEMONIC)(0), signed);
    await anvil.call("eth_sendRawTransaction", foreign.raw);
    await until(async () => {
      await anvil.mine();
      return all(jobs, "final");
    });
    expect(told("foreign-transaction")).toBe(true);
    await expectOnce([...everything, wordOf("thief")]);
  });

  test("a node that forgets its pool gets everything again", async () => {
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 2, confirmations: 1 });
    const everything = words(30, "forgotten");
    const jobs = await Promise.all(everything.map((data) => pool?.submit({ to, data })));
    await until(() => all(jobs, "sent"));
    await anvil.call("anvil_dropAllTransactions");
    await until(async () => {
      await anvil.mine();
      return all(jobs, "final");
    });
    await expectOnce(everything);
  });

  test("a rise of the base fee: what is too cheap now is replaced in its nonce", async () => {
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 1, confirmations: 1 });
    const everything = words(5, "dear");
    const jobs = await Promise.all(everything.map((data) => pool?.submit({ to, data })));
    await until(() => all(jobs, "sent"));
    await anvil.call("anvil_setNextBlockBaseFeePerGas", numberToHex(10n ** 12n));
    await until(async () => {
      await anvil.mine();
      return all(jobs, "final");
    });
    expect(pool.status().signers[0]?.nextNonce).toBe(5);
    const [first] = jobs;
    const { receipt } = (await pool.job(first?.id ?? "")) ?? {};
    const mined = (await anvil.call("eth_getTransactionByHash", receipt?.hash)) as { readonly maxFeePerGas: string };
    // It had offered two base fees of a fresh chain, which is below ten gwei.
    expect(BigInt(mined.maxFeePerGas)).toBeGreaterThan(10n ** 10n);
    await expectOnce(everything);
  });

  test("a deadline that passes on the way cancels the job by replacement", async () => {
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size: 1, confirmations: 1 });
    const data = wordOf("late");
    // Long enough for a busy machine to send it first: what is late before that is never signed.
    const job = await pool.submit({ to, data }, { deadline: Date.now() + 4_000 });
    await until(() => all([job], "sent"));
    await until(async () => (await pool?.job(job.id))?.failure !== undefined);
    // The replacement is stored before it is sent: a block between the two would have the first transaction.
    await until(() => onlyEmptyPending());
    await until(async () => {
      await anvil.mine();
      return (await pool?.job(job.id))?.state === "cancelled";
    });
    expect(await anvil.counted(to, data)).toBe(0);
    await expect(pool.receipt(job.id)).rejects.toMatchObject({ code: "EXPIRED" });
    const next = await pool.submit({ to, data: wordOf("in time") });
    await until(async () => {
      await anvil.mine();
      return (await pool?.job(next.id))?.state === "final";
    });
  });

  test("signers without money leave the rotation, and return when the funder's one top-up each is mined", async () => {
    const empty = { mnemonic: MNEMONIC, server: 7 };
    const funder = mnemonicSigners(MNEMONIC)(9);
    const rules = { minBalance: ETHER / 10n, topUpTo: ETHER, confirmations: 1 };
    pool = await createSigningPool({ ...fast, ...empty, ...rules, rpcUrl: anvil.rpc, size: 3, funder, onAlert });
    const everything = words(12, "poor");
    const jobs = await Promise.all(everything.map((data) => pool?.submit({ to, data })));
    await until(async () => {
      await anvil.mine();
      return all(jobs, "final");
    });
    expect(told("signer-dry") && told("signer-funded")).toBe(true);
    expect(pool.status().signers.find(({ role }) => role === "funder")?.nextNonce).toBe(3);
    await expectOnce(everything);
  });

  test("signers are added while jobs wait for all, and leave when they are idle", async () => {
    const size = { min: 1, max: 4 };
    pool = await createSigningPool({ ...fast, rpcUrl: anvil.rpc, size, confirmations: 1, maxInFlight: 4, idleMs: 200 });
    const active = () => pool?.status().signers.filter(({ state }) => state === "active").length;
    expect(active()).toBe(1);
    const everything = words(40, "grown");
    const jobs = await Promise.all(everything.map((data) => pool?.submit({ to, data })));
    await until(() => active() === 4);
    await until(async () => {
      await anvil.mine();
      return all(jobs, "final");
    });
    await until(() => active() === 1);
    await expectOnce(everything);
    // What the three others have left goes to one account, less the price of the way.
    const home = "0x00000000000000000000000000000000000C0FFE";
    expect(await pool.sweep(home)).toHaveLength(3);
    expect(await pool.sweep(home)).toHaveLength(0);
    await until(async () => {
      await anvil.mine();
      return pool?.status().open === 0;
    });
    expect(BigInt(String(await anvil.call("eth_getBalance", home, "latest")))).toBeGreaterThan(29_990n * ETHER);
    const before = pool.status().signers.length;
    const added = await pool.addSigner();
    expect(pool.status().signers.map(({ address }) => address)).toContain(added);
    expect(pool.status().signers).toHaveLength(before + 1);
  });
});
