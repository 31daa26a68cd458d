import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Refusal } from "./chain-door.ts";

/** What the JSON-RPC server counts. Method names are those of the method table, so labels are bounded. */
export class RpcMetrics {
  readonly #requests: Counter<"chain" | "method" | "code">;
  readonly #seconds: Histogram<"method">;
  readonly #sockets: Gauge;
  readonly #refused: Counter<"reason">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: "tributary_rpc_requests_total",
      help: "JSON-RPC requests by method and error code (0: success)",
      labelNames: ["chain", "method", "code"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "tributary_rpc_seconds",
      help: "Seconds from reading a JSON-RPC request to its answer",
      labelNames: ["method"],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 5],
      registers,
    });
    this.#sockets = new Gauge({ name: "tributary_rpc_sockets", help: "Open WebSockets", registers });
    this.#refused = new Counter({
      name: "tributary_rpc_refused_total",
      help: "Connections and requests refused before they were read",
      labelNames: ["reason"],
      registers,
    });
  }

  request(chain: string, method: string, code: number, seconds: number): void {
    this.#requests.inc({ chain, method, code: String(code) });
    this.#seconds.observe({ method }, seconds);
  }

  sockets(open: number): void {
    this.#sockets.set(open);
  }

  refused(reason: Refusal): void {
    this.#refused.inc({ reason });
  }
}
