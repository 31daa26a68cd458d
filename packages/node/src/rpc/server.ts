import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { ChainBackend } from "./backend.ts";
import { type BudgetSettings, DEFAULT_BUDGET, NodeBudget } from "./budget.ts";
import { ChainDoor } from "./chain-door.ts";
import type { AllowedOrigins } from "./cors.ts";
import { DEFAULT_LIMITS, type ServerLimits } from "./limits.ts";
import { LoopSlices } from "./loop-slices.ts";
import { RpcMetrics } from "./metrics.ts";
import { ProcessorClock } from "./processor-clock.ts";
import { ServedChain } from "./served-chain.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

export type RpcServerOptions = {
  readonly logger: Logger;
  /** Metrics of the whole node: the server adds its own and shows all of them at /metrics. */
  readonly registry: Registry;
  readonly clientVersion?: string;
  /** Origins of web pages that may call; none by default. */
  readonly cors?: AllowedOrigins;
  /** Addresses and networks of proxies in front, whose X-Forwarded-For names the client; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
  readonly budget?: Partial<BudgetSettings>;
  /** What GET /keygen/<chainId> shows: this node's READY signatures of a running key generation. */
  readonly keygen?: (chainId: string) => object | undefined;
  /** Shown in GET /health beside the chains. */
  readonly health?: () => object;
};

/**
 * Ethereum's JSON-RPC for the chains of one node: POST and WebSocket at /chains/<chainId>; GET /health and /metrics.
 * Chains come and go while it runs.
 */
export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #limits: ServerLimits;
  readonly #metrics: RpcMetrics;
  readonly #budget: NodeBudget;
  readonly #now = (): number => performance.now();
  readonly #slices: LoopSlices = new LoopSlices(this.#now);
  readonly #chains = new Map<string, ServedChain>();
  #door: Promise<ChainDoor> | undefined;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#metrics = new RpcMetrics(options.registry);
    const clock = new ProcessorClock(this.#now);
    this.#budget = new NodeBudget({ ...DEFAULT_BUDGET, ...options.budget }, () => clock.now());
  }

  /** Loopback unless told otherwise; port 0 takes a free one. Idempotent while it runs. Throws ListenError. */
  async start(where: { readonly host?: string; readonly port: number }): Promise<{ host: string; port: number }> {
    const host = where.host ?? "127.0.0.1";
    this.#door ??= this.#open(host, where.port);
    try {
      return { host, port: (await this.#door).port };
    } catch (error) {
      this.#door = undefined;
      throw error;
    }
  }

  /** Ends all connections. The chains stay and are served again after the next start. */
  async stop(): Promise<void> {
    const door = this.#door;
    this.#door = undefined;
    await (await door)?.close();
  }

  /** Serves a chain from now on; one that is served already is replaced. */
  addChain(chainId: bigint, backend: ChainBackend): void {
    this.removeChain(chainId);
    const served = new ServedChain({
      backend,
      budget: this.#budget.open(backend.slots),
      line: this.#slices.open(),
      metrics: this.#metrics,
      logger: this.#options.logger,
      clientVersion: this.#options.clientVersion ?? `tributary/v0.1.0/node${process.version}`,
      limits: this.#limits,
      now: this.#now,
    });
    this.#chains.set(chainId.toString(), served);
  }

  /** Its sockets are closed; requests in flight still get their answers. */
  removeChain(chainId: bigint): void {
    const id = chainId.toString();
    const served = this.#chains.get(id);
    if (served === undefined) return;
    this.#chains.delete(id);
    this.#budget.close(served.budget);
    served.close();
    this.#door?.then(
      (door) => door.closeChain(id),
      () => undefined,
    );
  }

  #open(host: string, port: number): Promise<ChainDoor> {
    const { logger, registry, cors, trustedProxies } = this.#options;
    return ChainDoor.open(
      {
        name: "JSON-RPC",
        logger,
        limits: this.#limits,
        origins: cors ?? [],
        proxies: new TrustedProxies(trustedProxies),
        endpoint: (chainId) => this.#chains.get(chainId),
        health: () => this.#health(),
        keygen: this.#options.keygen,
        metrics: async () => ({ text: await registry.metrics(), type: registry.contentType }),
        refused: (reason) => this.#metrics.refused(reason),
        socketsChanged: (open) => this.#metrics.sockets(open),
      },
      host,
      port,
    );
  }

  #health(): unknown {
    const chains: Record<string, unknown> = {};
    for (const [id, { backend }] of this.#chains) {
      const { status, height, membersUp, quorum, since, signing } = backend.member.status();
      chains[id] = { status, height, membersUp, quorum, since, ...(signing === undefined ? {} : { signing }) };
    }
    return { ok: true, ...this.#options.health?.(), chains };
  }
}
