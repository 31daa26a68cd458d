import { join, resolve } from "node:path";
import { isProxyName } from "@tributary/node/rpc/trusted-proxies";
import { z } from "zod";
import { readJson } from "./atomic-file.ts";
import { CliError, reasonOf } from "./cli-error.ts";

const address = z.custom<`0x${string}`>(
  (value) => typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value),
  "an address: 0x and 40 hexadecimal digits",
);
const port = z.number().int().min(1).max(65_535);

/** What clients may hold open and have under way; see ServerLimits. */
export type RpcLimits = {
  readonly connections?: number | undefined;
  readonly connectionsPerAddress?: number | undefined;
  readonly sockets?: number | undefined;
  readonly socketsPerAddress?: number | undefined;
  readonly inFlightPerAddress?: number | undefined;
  readonly heldBytes?: number | undefined;
};

/** config.json of a node's data folder: everything that an operator may set. */
export type NodeConfig = {
  readonly version: 1;
  /** As registered on the mainchain; looked up there by the node's address where it is left out. */
  readonly nodeId?: number | undefined;
  readonly mainchain: {
    readonly rpc: string;
    readonly chainId: number;
    /** Addresses of the network's contracts by their Solidity names. */
    readonly contracts: Readonly<Record<string, `0x${string}`>>;
    /** Block in which the contracts were deployed. */
    readonly fromBlock: number;
    /** Blocks below the head that count as confirmed, or the mainchain's own notion. */
    readonly confirmation: number | "safe";
    /** The same for checkpoints, which must never go back. */
    readonly finality: number | "finalized";
    /** Only every so-manieth finalised block is a checkpoint; the whole network has the same value. */
    readonly checkpointDistance: number;
    readonly pollMs: number;
  };
  /** JSON-RPC of all chains, health and metrics. */
  readonly rpc: {
    readonly host: string;
    readonly port: number;
    /** Origins of web pages that may call; "*" for all. */
    readonly cors: readonly string[];
    /** Addresses and networks (10.0.0.0/8) of proxies and gateways in front, whose X-Forwarded-For names the client. */
    readonly trustedProxies?: readonly string[] | undefined;
    /**
     * Time that calls may take, in units of some 50 microseconds, for each second: what all slots of the node together
     * are promised, and what chains may have beyond their own while others do not use theirs.
     */
    readonly unitsPerSecond?: number | undefined;
    readonly surplusPerSecond?: number | undefined;
    readonly limits?: RpcLimits | undefined;
  };
  /** How gas is divided among users. The whole committee of a chain should have the same. */
  readonly gasless?:
    | {
        /** Seconds after its first transaction at which an account has history. */
        readonly historySeconds?: number | undefined;
        /** Hashes of a proof of work for each gas, at no load. */
        readonly hashesPerGas?: number | undefined;
      }
    | undefined;
  /** A devnet's only: evm_mine and the like for chains without another member. Only on a loopback address. */
  readonly devMethods?: boolean | undefined;
  /** Connections of the other members. */
  readonly peer: { readonly host: string; readonly port: number };
  /** Paths are relative to the data folder. */
  readonly keystore: string;
  readonly passwordFile?: string | undefined;
  /** The keys are in another process (`tributary vault serve`) and not in the keystore. */
  readonly vault?:
    | {
        readonly host: string;
        readonly port: number;
        /** SHA-256 of the SubjectPublicKeyInfo of the vault's TLS key, as it shows it. */
        readonly keyHash: `0x${string}`;
        /** File with the key of this node's links, which the vault knows it by: PEM. */
        readonly linkKey: string;
      }
    | undefined;
  /** Bytes on disk for all chains together. */
  readonly diskBytes?: number | undefined;
  /** Blocks that each chain keeps, at least 4096; "archive" keeps all. A million where it is absent. */
  readonly history?: number | "archive" | undefined;
  /** Seconds without a quorum before a member asks the mainchain whether the others are gone. 900 where it is absent. */
  readonly recoveryPatience?: number | undefined;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error";
};

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];

const fields = z.strictObject({
  version: z.literal(1),
  nodeId: z.number().int().positive().optional(),
  mainchain: z.strictObject({
    rpc: z.url({ protocol: /^https?$/ }),
    chainId: z.number().int().positive(),
    contracts: z.record(z.string(), address),
    fromBlock: z.number().int().nonnegative(),
    confirmation: z.union([z.number().int().min(0).max(1_000), z.literal("safe")]).default("safe"),
    finality: z.union([z.number().int().min(0).max(10_000), z.literal("finalized")]).default("finalized"),
    checkpointDistance: z.number().int().positive().default(32),
    pollMs: z.number().int().min(50).max(60_000).default(3_000),
  }),
  rpc: z.strictObject({
    host: z.string().min(1).default("127.0.0.1"),
    port,
    cors: z.array(z.string().min(1)).max(64).default([]),
    trustedProxies: z.array(z.string().refine(isProxyName, "not an address or a network")).max(64).optional(),
    unitsPerSecond: z.number().int().min(100).max(10_000_000).optional(),
    surplusPerSecond: z.number().int().min(0).max(10_000_000).optional(),
    limits: z
      .strictObject({
        connections: z.number().int().min(1).max(1_000_000).optional(),
        connectionsPerAddress: z.number().int().min(1).max(1_000_000).optional(),
        sockets: z.number().int().min(0).max(1_000_000).optional(),
        socketsPerAddress: z.number().int().min(0).max(1_000_000).optional(),
        inFlightPerAddress: z.number().int().min(1).max(100_000).optional(),
        heldBytes: z.number().int().min(1_000_000).optional(),
      })
      .optional(),
  }),
  gasless: z
    .strictObject({
      historySeconds: z.number().int().min(0).max(31_536_000).optional(),
      hashesPerGas: z.number().positive().max(1_000_000).optional(),
    })
    .optional(),
  devMethods: z.boolean().optional(),
  peer: z.strictObject({ host: z.string().min(1).default("127.0.0.1"), port }),
  keystore: z.string().min(1).default("keystore.json"),
  passwordFile: z.string().min(1).optional(),
  vault: z
    .strictObject({
      host: z.string().min(1),
      port,
      keyHash: z.custom<`0x${string}`>(
        (value) => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value),
        "a key hash: 0x and 64 hexadecimal digits",
      ),
      linkKey: z.string().min(1),
    })
    .optional(),
  diskBytes: z.number().int().positive().optional(),
  history: z.union([z.number().int().min(4_096), z.literal("archive")]).optional(),
  recoveryPatience: z.number().int().min(10).max(31_536_000).optional(),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
});

const schema: z.ZodType<NodeConfig> = fields.refine(
  ({ devMethods, rpc }) => devMethods !== true || LOOPBACK.includes(rpc.host),
  {
    path: ["devMethods"],
    message: "only with a loopback address as rpc.host: whoever reaches it takes blocks back",
  },
);

export const NODE_CONFIG_FILE = "config.json";

/** Reads and checks the configuration of a node's data folder. */
export async function readNodeConfig(dataDir: string): Promise<NodeConfig> {
  const path = join(resolve(dataDir), NODE_CONFIG_FILE);
  let content: unknown;
  try {
    content = await readJson(path);
  } catch (error) {
    throw new CliError("CONFIG_UNREADABLE", `${path}: ${reasonOf(error)}`, { cause: error });
  }
  if (content === undefined) throw new CliError("CONFIG_MISSING", `${path} does not exist: is this a node's folder?`);
  return parseNodeConfig(content, path);
}

/** Every fault of the configuration in one message, each with its place. */
export function parseNodeConfig(content: unknown, source: string): NodeConfig {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.message}`);
  throw new CliError("CONFIG_INVALID", `${source}: ${faults.join("; ")}`);
}
