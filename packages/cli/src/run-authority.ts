import { createHash, randomBytes } from "node:crypto";
import {
  type Alert,
  AuthorityServer,
  createSigningPool,
  JobStore,
  PoolMetrics,
  webhookSecret,
} from "@tributary/authority";
import type { PasswordSource } from "@tributary/node/vault/password";
import { readAuthorityConfig } from "./authority-config.ts";
import { createAuthorityKeystore, type NewKeystore, openAuthorityKeystore } from "./authority-keystore.ts";
import { CliError, reasonOf } from "./cli-error.ts";
import { openLog } from "./open-log.ts";
import type { Output } from "./output.ts";
import { aborted } from "./stop-signal.ts";

/** Milliseconds for open jobs to be mined when the server is stopped; what is left goes on at the next start. */
const DRAIN_MS = 30_000;

/** Alerts after which an operator has to do something. */
const GRAVE: ReadonlySet<Alert["kind"]> = new Set(["chain-reset", "wrong-chain", "internal", "foreign-transaction"]);

export type RunAuthorityOptions = {
  readonly config: string;
  readonly keystore: string;
  readonly password: PasswordSource;
  readonly output: Output;
  readonly signal: AbortSignal;
};

/** Runs the server until the signal is aborted, then lets what is on its way end. */
export async function runAuthority(options: RunAuthorityOptions): Promise<void> {
  const { output, signal } = options;
  const config = await readAuthorityConfig(options.config);
  const logger = openLog();
  const metrics = new PoolMetrics();
  const stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort(), { once: true });
  let failure: string | undefined;
  const onAlert = (alert: Alert): void => {
    metrics.alert(alert);
    if (alert.kind === "internal") {
      failure = alert.message;
      stop.abort();
    }
    logger[GRAVE.has(alert.kind) ? "error" : "warn"]({ kind: alert.kind }, alert.message);
  };
  const { secret, ...keys } = await openAuthorityKeystore(options.keystore, options.password);
  const store = await JobStore.open(config.store);
  const pool = await createSigningPool({ ...config.pool, ...keys, store, onAlert }).catch(async (error) => {
    await store.close();
    throw error;
  });
  try {
    metrics.follow(pool);
    const server = await AuthorityServer.start({
      pool,
      metrics,
      store,
      secret,
      onAlert,
      onDrain: () => stop.abort(),
      ...config.server,
    });
    const url = `http://${config.server.host}:${server.port}`;
    const { chainId, signers } = pool.status();
    output.result(
      { url, chainId, pid: process.pid, signers: signers.map(({ address, role }) => ({ address, role })) },
      `the authority server of chain ${chainId} listens: ${url}`,
    );
    if (!signal.aborted) await aborted(stop.signal);
    server.drain();
    output.progress("waiting for the transactions that are on their way");
    await Promise.race([pool.drain(), new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref())]).catch((error) =>
      logger.error({ reason: reasonOf(error) }, "could not drain"),
    );
    await server.close();
  } finally {
    await pool.close();
    await store.close();
  }
  if (failure !== undefined) throw new CliError("POOL_FAILED", failure);
}

/** A new API key, shown once; the configuration has its hash. */
export function newApiKey(output: Output): void {
  const key = randomBytes(32).toString("base64url");
  const keySha256 = createHash("sha256").update(key).digest("hex");
  output.result({ key, keySha256 }, `key        ${key}\nkeySha256  ${keySha256}`);
}

/** What a caller checks its webhooks' signatures with. */
export async function showWebhookSecret(
  keystore: string,
  password: PasswordSource,
  caller: string,
  output: Output,
): Promise<void> {
  const { secret } = await openAuthorityKeystore(keystore, password);
  const shown = webhookSecret(secret, caller);
  output.result({ secret: shown }, shown);
}

/** New keys in a new file; shows what to give money to. */
export async function newAuthorityKeystore(options: NewKeystore, output: Output): Promise<void> {
  const { signer, funder } = await createAuthorityKeystore(options);
  const lines = [`first signer   ${signer}`, ...(funder === undefined ? [] : [`funder         ${funder}`])];
  output.result({ signer, ...(funder === undefined ? {} : { funder }) }, lines.join("\n"));
}
