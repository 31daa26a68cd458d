import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { DriverEvent } from "../consensus/driver-event.ts";
import type { NextFork } from "../host/fork-watch.ts";
import type { MeshStats } from "../mesh/mesh-stats.ts";
import type { VerifierStats } from "../verifier/batch-verifier.ts";

/** A day in milliseconds. */
const NEVER_MS = 86_400_000;

/** What is read of a member when metrics are asked for. */
export type MemberReading = {
  readonly chain: string;
  readonly slots: number;
  readonly status: string;
  /** Its keys sign. */
  readonly signing: boolean;
  readonly height: number;
  readonly ordered: number;
  readonly membersUp: number;
  readonly quorum: number;
  /** Rules of the newest block. */
  readonly rules: number;
  readonly nextFork: NextFork | undefined;
  /** The first one ahead whose rules this version does not know. */
  readonly unknownFork: NextFork | undefined;
  /** Results of a height disagree. */
  readonly diverged: boolean;
  /** Nothing moves though a quorum is linked. */
  readonly stuck: boolean;
  readonly mempool: { readonly transactions: number; readonly bytes: number };
  readonly evidence: number;
  readonly diskBytes: number;
  /** Oldest block that is kept whole. */
  readonly earliest: number;
  readonly flushes: { readonly input: number; readonly journal: number; readonly store: number };
  readonly verified: VerifierStats;
};

export type NodeReading = {
  readonly members: readonly MemberReading[];
  readonly failed: number;
  readonly mesh: MeshStats;
};

const chainLabel = ["chain"] as const;

/** Prometheus metrics of one node. Labels are chain ids, message kinds and fixed words, so they are bounded. */
export class NodeMetrics {
  readonly registry: Registry = new Registry();
  readonly #messagesSent: Counter<"chain" | "kind">;
  readonly #bytesSent: Counter<"chain" | "kind">;
  readonly #messagesReceived: Counter<"chain" | "kind">;
  readonly #bytesReceived: Counter<"chain" | "kind">;
  readonly #messagesDropped: Counter<"chain" | "reason">;
  readonly #signaturesMade: Counter<"chain" | "by">;
  readonly #transactions: Counter<"chain">;
  readonly #evidenceFound: Counter<"chain" | "fault">;
  readonly #halts: Counter<"chain" | "reason">;
  readonly #execution: Histogram<"chain">;

  /** `read` is called for each scrape. */
  constructor(read: () => NodeReading) {
    const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> =>
      new Counter<T>({ name: `tributary_${name}_total`, help, labelNames, registers: [this.registry] });
    this.#messagesSent = counter("messages_sent", "Consensus messages sent, once a receiver", ["chain", "kind"]);
    this.#bytesSent = counter("bytes_sent", "Bytes of consensus messages sent, once a receiver", ["chain", "kind"]);
    this.#messagesReceived = counter("messages_received", "Consensus messages received", ["chain", "kind"]);
    this.#bytesReceived = counter("bytes_received", "Bytes of consensus messages received", ["chain", "kind"]);
    this.#messagesDropped = counter("messages_dropped", "Received and not used", ["chain", "reason"]);
    this.#signaturesMade = counter("signatures_made", "Signatures by node key and by key share", ["chain", "by"]);
    this.#transactions = counter("transactions_committed", "Transactions in committed containers", chainLabel);
    this.#evidenceFound = counter("evidence_found", "Contradictions of other members", ["chain", "fault"]);
    this.#halts = counter("halts", "Execution stopped for good", ["chain", "reason"]);
    this.#execution = new Histogram({
      name: "tributary_execution_seconds",
      help: "Seconds from a container's turn to its result",
      labelNames: chainLabel,
      buckets: [0.001, 0.005, 0.02, 0.05, 0.2, 1, 5],
      registers: [this.registry],
    });
    this.#ofProcess();
    this.#gauges(read);
    this.#readCounters(read);
  }

  /**
   * What prom-client knows of the process, but for percentiles of the event loop's lag: for these it wakes the process a
   * hundred times a second, more often than all else does on an idle node. The lag at the time of a scrape stays.
   */
  #ofProcess(): void {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: NEVER_MS });
    for (const figure of ["min", "max", "mean", "stddev", "p50", "p90", "p99"]) {
      this.registry.removeSingleMetric(`nodejs_eventloop_lag_${figure}_seconds`);
    }
  }

  event(chain: string, event: DriverEvent): void {
    switch (event.kind) {
      case "sent":
        this.#messagesSent.inc({ chain, kind: event.message }, event.peers);
        this.#bytesSent.inc({ chain, kind: event.message }, event.bytes * event.peers);
        break;
      case "received":
        this.#messagesReceived.inc({ chain, kind: event.message });
        this.#bytesReceived.inc({ chain, kind: event.message }, event.bytes);
        break;
      case "dropped":
        this.#messagesDropped.inc({ chain, reason: event.reason });
        break;
      case "committed":
        this.#transactions.inc({ chain }, event.transactions);
        break;
      case "evidence":
        this.#evidenceFound.inc({ chain, fault: event.fault });
        break;
      case "halted":
        this.#halts.inc({ chain, reason: event.reason });
        break;
    }
  }

  signed(chain: string, by: "node" | "share"): void {
    this.#signaturesMade.inc({ chain, by });
  }

  executed(chain: string, seconds: number): void {
    this.#execution.observe({ chain }, seconds);
  }

  #gauges(read: () => NodeReading): void {
    const registers = [this.registry];
    const perMember = (name: string, help: string, value: (member: MemberReading) => number): void => {
      new Gauge({
        name: `tributary_${name}`,
        help,
        labelNames: chainLabel,
        registers,
        collect() {
          this.reset();
          for (const member of read().members) this.set({ chain: member.chain }, value(member));
        },
      });
    };
    perMember("height", "Newest final height that is executed and shown", (member) => member.height);
    perMember("ordered_height", "Newest ordered height", (member) => member.ordered);
    perMember("members_up", "Connected members, this one included", (member) => member.membersUp);
    perMember("quorum", "Members without which the chain pauses", (member) => member.quorum);
    perMember("running", "1 while the member takes part and is not behind", (member) =>
      member.status === "running" ? 1 : 0,
    );
    perMember("diverged", "1 while this member's result, or the members' among them, is not one", (member) =>
      member.diverged ? 1 : 0,
    );
    perMember("stuck", "1 while nothing moves though a quorum is connected", (member) => (member.stuck ? 1 : 0));
    perMember(
      "signing",
      "1 while the member's keys sign: 0 where they are away, refuse, or have to be silent",
      (member) => (member.signing ? 1 : 0),
    );
    perMember("rules", "Rules that the newest block was executed by", (member) => member.rules);
    perMember(
      "next_fork_timestamp_seconds",
      "When the chain's rules change next, 0 where nothing is announced",
      (member) => member.nextFork?.time ?? 0,
    );
    perMember(
      "unknown_fork_timestamp_seconds",
      "When rules come that this version does not know, 0 for never",
      (member) => member.unknownFork?.time ?? 0,
    );
    perMember("slots", "Slots of the chain on this node", (member) => member.slots);
    perMember("mempool_transactions", "Waiting transactions", (member) => member.mempool.transactions);
    perMember("mempool_bytes", "Bytes of waiting transactions", (member) => member.mempool.bytes);
    perMember("evidence", "Contradictions of other members kept for submission", (member) => member.evidence);
    perMember("earliest_block", "Oldest block that is kept whole", (member) => member.earliest);
    perMember("disk_bytes", "Bytes in the chain's folder", (member) => member.diskBytes);
    const single = (name: string, help: string, value: (node: NodeReading) => number): void => {
      new Gauge({
        name: `tributary_${name}`,
        help,
        registers,
        collect() {
          this.set(value(read()));
        },
      });
    };
    single("links", "Connections to other nodes", (node) => node.mesh.links);
    single("members_failed", "Members that stopped with an error", (node) => node.failed);
  }

  /** Counters that are kept elsewhere and only copied here. */
  #readCounters(read: () => NodeReading): void {
    const registers = [this.registry];
    const copied = <T extends string>(
      name: string,
      help: string,
      labelNames: readonly T[],
      values: (node: NodeReading) => readonly (readonly [Partial<Record<T, string>>, number])[],
    ): void => {
      new Counter<T>({
        name: `tributary_${name}_total`,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of values(read())) this.inc(labels, value);
        },
      });
    };
    copied("peers_refused", "Connections turned away or cut", ["reason"], ({ mesh }) =>
      Object.entries(mesh.refused).map(([reason, count]) => [{ reason }, count]),
    );
    copied("link_bytes", "Bytes on the links, both directions", ["direction"], ({ mesh }) => [
      [{ direction: "in" }, mesh.bytesIn],
      [{ direction: "out" }, mesh.bytesOut],
    ]);
    copied("link_dropped", "Messages that found a full queue", [], ({ mesh }) => [[{}, mesh.dropped]]);
    copied("log_flushes", "Synced writes", ["chain", "file"], ({ members }) =>
      members.flatMap(({ chain, flushes }) =>
        Object.entries(flushes).map(([file, count]) => [{ chain, file }, count] as const),
      ),
    );
    copied("signatures_checked", "Signatures checked", ["chain", "kind"], ({ members }) =>
      members.flatMap(({ chain, verified }) => [
        [{ chain, kind: "node" }, verified.node] as const,
        [{ chain, kind: "certificate" }, verified.certificates] as const,
        [{ chain, kind: "combined" }, verified.combinations] as const,
      ]),
    );
    copied("bad_checks", "Checked signatures that were bad", chainLabel, ({ members }) =>
      members.map(({ chain, verified }) => [{ chain }, verified.bad] as const),
    );
  }
}
