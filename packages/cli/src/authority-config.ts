import type { AuthorityServerOptions, SigningPoolOptions } from "@tributary/authority";
import { z } from "zod";
import { readJson } from "./atomic-file.ts";
import { CliError, reasonOf } from "./cli-error.ts";

const address = z.custom<`0x${string}`>(
  (value) => typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value),
  "an address: 0x and 40 hexadecimal digits",
);
const selector = z.custom<`0x${string}`>(
  (value) => typeof value === "string" && /^0x[0-9a-fA-F]{8}$/.test(value),
  "a function's selector: 0x and 8 hexadecimal digits",
);
const wei = z
  .string()
  .regex(/^[0-9]{1,78}$/, "an amount of wei, as decimal text")
  .transform(BigInt);
const gas = z
  .string()
  .regex(/^[0-9]{1,12}$/, "an amount of gas, as decimal text")
  .transform(BigInt);
const seconds = z.int().min(1).max(31_536_000);
const routeName = z.string().regex(/^[A-Za-z0-9._/-]{0,100}$/);
const rate = {
  ratePerSecond: z.number().positive().max(1_000_000).default(100),
  burst: z.int().min(1).max(1_000_000).default(200),
};
const size = z.int().min(1).max(1_024);

const rights = {
  ...rate,
  maxValue: wei.default(0n),
  maxGas: gas.optional(),
  gasQuota: z.strictObject({ gas, seconds }).optional(),
  routes: z.array(routeName).max(1_000).optional(),
  webhooks: z.boolean().optional(),
  allow: z
    .array(z.strictObject({ to: address, functions: z.array(selector).optional() }))
    .max(1_000)
    .optional(),
};

const webhookUrl = z.url({ protocol: /^https?$/ }).max(2_000);
const needsMaxGas = ({ gasQuota, maxGas }: { gasQuota?: unknown; maxGas?: unknown }): boolean =>
  gasQuota === undefined || maxGas !== undefined;

const caller = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9._-]{1,50}$/),
    keySha256: z.string().regex(/^[0-9a-f]{64}$/),
    webhook: webhookUrl.optional(),
    operator: z.boolean().optional(),
    ...rights,
  })
  .refine(needsMaxGas, "gasQuota needs maxGas");

const roleName = z.string().regex(/^[A-Za-z0-9._-]{1,50}$/);
const login = z.strictObject({
  domain: z.string().regex(/^[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$/),
  roles: z.record(roleName, z.strictObject(rights).refine(needsMaxGas, "gasQuota needs maxGas")),
  walletRole: roleName.optional(),
  guestRole: roleName.optional(),
  wallets: z.record(address, roleName).default({}),
  loginRate: z.strictObject(rate).optional(),
  sessionSeconds: seconds.default(86_400),
  guestSeconds: seconds.default(2_592_000),
});

const route = z.strictObject({
  ...rate,
  maxOpen: z.int().min(1).max(1_000_000).optional(),
  maxInFlight: z.int().min(1).max(1_000_000).optional(),
});

const wsUrl = z.url({ protocol: /^wss?$/ });
const config = z.strictObject({
  rpcUrl: z.union([z.url(), z.array(z.url()).min(1).max(16)]),
  wsUrl: z.union([wsUrl, z.array(wsUrl).min(1).max(16)]).optional(),
  chainId: z.int().positive().optional(),
  signers: z.union([size, z.strictObject({ min: size, max: size })]),
  server: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional(),
  store: z.string().min(1),
  listen: z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(65_535) }),
  trustedProxies: z.array(z.string().min(1)).max(100).optional(),
  login: login.optional(),
  webhooks: z.strictObject({ allowedNetworks: z.array(z.string().min(1)).max(100).default([]) }).optional(),
  callers: z.array(caller).min(1).max(1_000),
  confirmations: z.int().min(1).max(10_000).optional(),
  maxInFlight: z.int().min(1).max(100_000).optional(),
  pollMs: z.int().min(20).max(60_000).optional(),
  maxFeePerGas: wei.optional(),
  minBalance: wei.optional(),
  topUpTo: wei.optional(),
  retentionMs: z.int().min(60_000).optional(),
  spendingLimit: z.strictObject({ wei, seconds }).optional(),
  routes: z.record(routeName, route).optional(),
  resettable: z.boolean().optional(),
});

export type AuthorityConfig = {
  readonly pool: Omit<SigningPoolOptions, "mnemonic" | "funder" | "onAlert" | "store">;
  /** File of the store. */
  readonly store: string;
  readonly server: Omit<AuthorityServerOptions, "pool" | "metrics" | "store" | "secret" | "onAlert">;
};

/** The authority server's configuration; it holds no secret. Paths are relative to the working folder. */
export async function readAuthorityConfig(file: string): Promise<AuthorityConfig> {
  const value = await readJson(file).catch((error) => {
    throw new CliError("CONFIG", `${file}: ${reasonOf(error)}`);
  });
  if (value === undefined) throw new CliError("CONFIG", `${file} does not exist`);
  const parsed = config.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CliError("CONFIG", `${file}: ${issue?.path.join(".") || "the file"}: ${issue?.message ?? "wrong"}`);
  }
  const { listen, callers, signers, store, routes = {}, trustedProxies, login, webhooks, ...rest } = parsed.data;
  const given = Object.fromEntries(Object.entries(rest).filter(([, each]) => each !== undefined));
  return {
    pool: { ...(given as Pick<SigningPoolOptions, "rpcUrl">), size: signers, routes },
    store,
    server: { ...listen, callers, routes, trustedProxies, login, webhooks },
  };
}
