import { createHash, timingSafeEqual } from "node:crypto";
import type { Address, Hex } from "viem";
import type { Call } from "../job.ts";
import type { GasQuota } from "./gas-quota.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What a caller may do: a machine, or everybody of a role. */
export type Rights = {
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
  /** Whether its transactions may name a webhook; it may not otherwise. */
  readonly webhooks?: boolean | undefined;
};

export type CallerConfig = Rights & {
  /** Names its jobs; 1 to 50 of a-z, A-Z, 0-9, '.', '_' and '-'. */
  readonly name: string;
  /** SHA-256 of the API key, 64 hexadecimal digits. A key is random (32 bytes), so that its hash gives nothing away. */
  readonly keySha256: string;
  /** Whether it may also look at the signers, add one, sweep, and drain the server. */
  readonly operator?: boolean | undefined;
  /** Told of its transactions that name no webhook of their own. */
  readonly webhook?: string | undefined;
};

/** Who asks, and how much of its rate is left. */
export class Caller {
  readonly name: string;
  readonly isOperator: boolean;
  readonly #rights: Rights;
  readonly webhook: string | undefined;
  readonly #rate: TokenBucket;
  /** Streams of events that it holds open. */
  streams = 0;

  constructor(rights: Rights & Pick<CallerConfig, "name" | "webhook" | "operator">, now: number) {
    this.isOperator = rights.operator ?? false;
    this.name = rights.name;
    this.webhook = rights.webhook;
    this.#rights = rights;
    this.#rate = new TokenBucket(rights, now);
  }

  /** Seconds to wait; 0 when the request is within its rate, which it then counts against. */
  spend(now: number): number {
    return this.#rate.spend(now);
  }

  get maxGas(): bigint | undefined {
    return this.#rights.maxGas;
  }

  get gasQuota(): GasQuota | undefined {
    return this.#rights.gasQuota;
  }

  get mayNameWebhooks(): boolean {
    return this.#rights.webhooks ?? false;
  }

  mayUse(route: string): boolean {
    return this.#rights.routes?.includes(route) ?? true;
  }

  mayCall(call: Call): boolean {
    const { allow, maxValue, maxGas } = this.#rights;
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

/** The token of an `Authorization: Bearer TOKEN` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer ([\x21-\x7e]{16,200})$/.exec(header ?? "")?.[1];
}

/** Machines with API keys. */
export class Callers {
  readonly #callers: readonly { readonly hash: Buffer; readonly caller: Caller }[];

  constructor(configs: readonly CallerConfig[], now: number) {
    this.#callers = configs.map((config) => ({
      hash: Buffer.from(config.keySha256, "hex"),
      caller: new Caller(config, now),
    }));
    if (new Set(configs.map(({ name }) => name)).size !== configs.length) throw new Error("two callers have one name");
  }

  get all(): Caller[] {
    return this.#callers.map(({ caller }) => caller);
  }

  /** Compares with every key, so that the time it takes tells nothing. */
  find(token: string): Caller | undefined {
    const hash = createHash("sha256").update(token).digest();
    return this.#callers.filter((each) => timingSafeEqual(each.hash, hash))[0]?.caller;
  }
}
