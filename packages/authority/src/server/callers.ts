import { createHash, timingSafeEqual } from "node:crypto";
import type { Address, Hex } from "viem";
import type { Call } from "../job.ts";
import type { GasQuota } from "./gas-quota.ts";
import { TokenBucket } from "./token-bucket.ts";

export type CallerConfig = {
  /** Names its jobs and its metrics; 1 to 50 of a-z, A-Z, 0-9, '.', '_' and '-'. */
  readonly name: string;
  /** SHA-256 of the API key, 64 hexadecimal digits. A key is random (32 bytes), so that its hash gives nothing away. */
  readonly keySha256: string;
  /** Requests a second on average, and at once. */
  readonly ratePerSecond: number;
  readonly burst: number;
  /** What it may call; everything where it is not given. Without `functions`: all of a contract. */
  readonly allow?: readonly { readonly to: Address; readonly functions?: readonly Hex[] | undefined }[] | undefined;
  /** Wei that one of its transactions may carry. */
  readonly maxValue: bigint;
  /** Gas that one of its transactions may take. */
  readonly maxGas?: bigint | undefined;
  /** Needs `maxGas`, which a transaction without a limit of its own counts with until it is mined. */
  readonly gasQuota?: GasQuota | undefined;
  /** Routes that it may use; all where it is not given. */
  readonly routes?: readonly string[] | undefined;
};

/** A machine with an API key, and how much of its rate is left. */
export class Caller {
  readonly name: string;
  readonly #config: CallerConfig;
  readonly #hash: Buffer;
  readonly #rate: TokenBucket;
  /** Streams of events that it holds open. */
  streams = 0;

  constructor(config: CallerConfig, now: number) {
    this.name = config.name;
    this.#config = config;
    this.#hash = Buffer.from(config.keySha256, "hex");
    this.#rate = new TokenBucket(config, now);
  }

  hasKey(hash: Buffer): boolean {
    return timingSafeEqual(this.#hash, hash);
  }

  /** Seconds to wait; 0 when the request is within its rate, which it then counts against. */
  spend(now: number): number {
    return this.#rate.spend(now);
  }

  get maxGas(): bigint | undefined {
    return this.#config.maxGas;
  }

  mayUse(route: string): boolean {
    return this.#config.routes?.includes(route) ?? true;
  }

  mayCall(call: Call): boolean {
    const { allow, maxValue, maxGas } = this.#config;
    if (call.value > maxValue || (call.gas !== undefined && maxGas !== undefined && call.gas > maxGas)) return false;
    if (allow === undefined) return true;
    const selector = call.data.slice(0, 10).toLowerCase();
    return allow.some(
      ({ to, functions }) =>
        to.toLowerCase() === call.to &&
        (functions === undefined || functions.some((each) => each.toLowerCase() === selector)),
    );
  }
}

/** Who is behind an `Authorization: Bearer KEY` header. */
export class Callers {
  readonly #callers: readonly Caller[];

  constructor(configs: readonly CallerConfig[], now: number) {
    this.#callers = configs.map((config) => new Caller(config, now));
    if (new Set(configs.map(({ name }) => name)).size !== configs.length) throw new Error("two callers have one name");
  }

  /** Compares with every key, so that the time it takes tells nothing. */
  find(header: string | undefined): Caller | undefined {
    const key = /^Bearer ([\x21-\x7e]{16,200})$/.exec(header ?? "")?.[1];
    if (key === undefined) return undefined;
    const hash = createHash("sha256").update(key).digest();
    return this.#callers.filter((caller) => caller.hasKey(hash))[0];
  }
}
