import type { Logger } from "pino";
import { ChainDoor, type TlsFiles } from "../rpc/chain-door.ts";
import type { AllowedOrigins } from "../rpc/cors.ts";
import { DEFAULT_LIMITS, type ServerLimits } from "../rpc/limits.ts";
import { TrustedProxies } from "../rpc/trusted-proxies.ts";
import { Forwarder } from "./forwarder.ts";
import { GatewayChain } from "./gateway-chain.ts";
import { CHECK_PERIOD_MS } from "./limits.ts";

export type GatewayOptions = {
  readonly logger: Logger;
  /** Origins of web pages that may call; none by default. */
  readonly cors?: AllowedOrigins;
  /** Addresses and networks of proxies in front, whose X-Forwarded-For names the client; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
  /** https and wss, as wallets ask for; http and ws without it. */
  readonly tls?: TlsFiles;
};

type Running = { readonly door: ChainDoor; readonly checks: NodeJS.Timeout };

/** One URL per chain, POST and WebSocket at /chains/<chainId>, that stays up while any member of the chain does. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #chains = new Map<string, GatewayChain>();
  readonly #forwarder: Forwarder = new Forwarder();
  #running: Promise<Running> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Loopback unless told otherwise; port 0 takes a free one. Idempotent while it runs. Throws ListenError. */
  async start(where: { readonly host?: string; readonly port: number }): Promise<{ host: string; port: number }> {
    const host = where.host ?? "127.0.0.1";
    this.#running ??= this.#open(host, where.port);
    try {
      return { host, port: (await this.#running).door.port };
    } catch (error) {
      this.#running = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const { door, checks } = await running;
    clearInterval(checks);
    this.#forwarder.stop();
    await door.close();
  }

  /** Another certificate in place of the one that it started with. Throws what OpenSSL says of a bad one. */
  async renew(tls: TlsFiles): Promise<void> {
    (await this.#running)?.door.renew(tls);
  }

  /** Serves a chain through these members (http://host:port each) from now on; a repeated call replaces them. */
  setChain(chainId: bigint, memberRpcUrls: readonly string[]): void {
    const id = chainId.toString();
    const chain = this.#chains.get(id) ?? new GatewayChain(chainId, this.#forwarder);
    this.#chains.set(id, chain);
    chain.members.replace(memberRpcUrls);
    if (this.#running !== undefined) chain.check();
  }

  /** Its sockets are closed. */
  removeChain(chainId: bigint): void {
    const id = chainId.toString();
    if (!this.#chains.delete(id)) return;
    this.#running?.then(
      ({ door }) => door.closeChain(id),
      () => undefined,
    );
  }

  async #open(host: string, port: number): Promise<Running> {
    const { logger, cors, trustedProxies, limits } = this.#options;
    const door = await ChainDoor.open(
      {
        name: "gateway",
        logger,
        limits: { ...DEFAULT_LIMITS, ...limits },
        origins: cors ?? [],
        proxies: new TrustedProxies(trustedProxies),
        endpoint: (chainId) => this.#chains.get(chainId),
        health: () => this.#health(),
        metrics: undefined,
        refused: (reason) => logger.debug({ reason }, "gateway refused a request"),
        socketsChanged: () => undefined,
        tls: this.#options.tls,
      },
      host,
      port,
    );
    const check = (): void => {
      for (const chain of this.#chains.values()) chain.check();
    };
    check();
    const checks = setInterval(check, CHECK_PERIOD_MS);
    checks.unref();
    return { door, checks };
  }

  #health(): unknown {
    const chains: Record<string, unknown> = {};
    for (const [id, chain] of this.#chains) {
      chains[id] = chain.members.members.map(({ url, health }) => ({ url, ...(health ?? { status: "unreachable" }) }));
    }
    return { ok: true, chains };
  }
}
