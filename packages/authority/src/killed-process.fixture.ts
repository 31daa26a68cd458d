// A backend in a process of its own that kills itself at a stated commit. Run with its plan, as JSON, as the argument.

import { MNEMONIC, wordOf } from "./anvil.fixture.ts";
import { createSigningPool } from "./pool/signing-pool.ts";
import { openDatabase } from "./store/database.ts";
import { JobStore } from "./store/job-store.ts";
import { SqliteEngine } from "./store/sqlite-engine.ts";

export type Plan = {
  readonly rpcUrl: string | readonly string[];
  readonly store: string;
  readonly to: `0x${string}`;
  /** Each is one job, submitted twice. */
  readonly names?: readonly string[];
  /** Or `count` names: the prefix and a number each. */
  readonly prefix?: string;
  readonly count?: number;
  readonly size: number;
  readonly confirmations: number;
  /** Ends when all are final, whichever server has them. */
  readonly waits?: boolean;
  /** Dies at this commit, counted from 1: before it or after it. */
  readonly killAt?: { readonly commit: number; readonly when: "before" | "after" };
};

const plan = JSON.parse(process.argv[2] ?? "") as Plan;
const { rpcUrl, store: path, to, size, confirmations, killAt } = plan;
const names = plan.names ?? Array.from({ length: plan.count ?? 0 }, (_, index) => `${plan.prefix} ${index}`);

/** A file whose process dies at a commit. */
async function dying(): Promise<JobStore> {
  const real = await openDatabase(path);
  let commits = 0;
  const exec = (sql: string): void => {
    const dies = sql === "COMMIT" && ++commits === killAt?.commit;
    if (dies && killAt?.when === "before") process.kill(process.pid, "SIGKILL");
    real.exec(sql);
    if (dies) process.kill(process.pid, "SIGKILL");
  };
  return await JobStore.over(
    new SqliteEngine({ exec, prepare: (sql) => real.prepare(sql), close: () => real.close() }),
  );
}

const store = path.startsWith("postgres://") ? await JobStore.open(path, 2_000) : await dying();
const pool = await createSigningPool({
  mnemonic: MNEMONIC,
  rpcUrl,
  size,
  confirmations,
  store,
  pollMs: 20,
  timeoutMs: 1_000,
  stuckMs: 2_000,
  onAlert: (alert) => process.stderr.write(`${JSON.stringify(alert)}\n`),
});
process.stdout.write("started\n");
const submitted = names.flatMap((name) => [name, name]);
const jobs = await Promise.all(
  submitted.map((name) => pool.submit({ to, data: wordOf(name) }, { idempotencyKey: name })),
);
if (plan.waits === true) await Promise.all(jobs.map(({ id }) => pool.receipt(id, "final")));
await pool.drain();
await pool.close();
await store.close();
process.stdout.write("done\n");
