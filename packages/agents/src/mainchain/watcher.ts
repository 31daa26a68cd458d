import type { Checkpoint } from "@tributary/protocol/consensus/types";
import { type Address, type Block, createPublicClient, type Hex, type Log, type PublicClient } from "viem";
import type { Logger } from "../logger.ts";
import { Backoff } from "./backoff.ts";
import { type BlockMark, BlockTrail } from "./block-trail.ts";
import { httpTransport } from "./http-transport.ts";
import { pause } from "./pause.ts";

/** What a contract said, at its place in the mainchain. */
export type MainchainFact<Event> = {
  readonly block: bigint;
  readonly blockHash: Hex;
  readonly transaction: Hex;
  readonly logIndex: number;
  readonly event: Event;
};

export type MainchainHead = { readonly number: bigint; readonly hash: Hex; readonly timestamp: bigint };

/** One step of the chain as its followers see it. Facts ascend by block and log index and are delivered once. */
export type MainchainStep<Event> = {
  /** Everything up to and including this block is delivered. */
  readonly through: MainchainHead;
  readonly facts: readonly MainchainFact<Event>[];
  /** No confirmed block is left to read: time to act. */
  readonly caughtUp: boolean;
};

export interface MainchainFollower<Event> {
  apply(step: MainchainStep<Event>): void;
  /** The mainchain went back: everything above `block` is void. -1 when not even the first block is known to stand. */
  rollback(block: bigint): void;
  /** A finalised block whose number is a multiple of the checkpoint distance. Ascending but after a rollback. */
  checkpoint?(checkpoint: Checkpoint): void;
  /** The mainchain answered a look to its end; everything that it has was delivered. */
  answered?(): void;
}

export type WatcherOptions<Event> = {
  readonly rpc: string;
  /** Refuses another chain than this one. */
  readonly chainId: number;
  readonly contracts: readonly Address[];
  /** First block that can hold a log of the contracts. */
  readonly fromBlock: bigint;
  /** Undefined for a log that nobody here needs. */
  readonly decode: (log: Log<bigint, number, false>) => Event | undefined;
  /** Blocks below the head that count as confirmed, or the mainchain's own `safe` block. */
  readonly confirmation: number | "safe";
  /** Blocks below the head that count as finalised for checkpoints, or the mainchain's own `finalized` block. */
  readonly finality: number | "finalized";
  /** c: only multiples of it are checkpoints. consensus.md 7. */
  readonly checkpointDistance: number;
  readonly intervalMs: number;
  /** Milliseconds between two looks when the contracts said nothing for long; `intervalMs` where that is more. */
  readonly restMs?: number;
  /** Most blocks asked for in one eth_getLogs. */
  readonly rangeBlocks?: number;
  readonly logger: Logger;
};

export type WatcherStatus =
  | { readonly kind: "starting" }
  | { readonly kind: "following"; readonly head: bigint; readonly delivered: bigint }
  | { readonly kind: "unreachable"; readonly since: number; readonly reason: string };

/** Marks kept to find the last common block; a reorganisation deeper than this is read again from the start. */
const TRAIL_BLOCKS = 256;
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_BACKOFF_MS = 5_000;
const DEFAULT_RANGE_BLOCKS = 2_000;
/** Most checkpoints asked for at one look; of those further back only what an order names is asked for. */
const MAX_CHECKPOINTS = 64;
/** Milliseconds after a fact during which others may follow soon. */
const BUSY_FOR_MS = 30_000;
/** The newest so many blocks are delivered in short steps. */
const NEAR_BLOCKS = 64n;
const STEP_BLOCKS = 8n;

/** Raised when the endpoint serves another chain: no retry can cure it. */
export class WrongMainchainError extends Error {
  readonly code = "WRONG_MAINCHAIN";
  readonly expected: number;
  readonly found: number;
  constructor(expected: number, found: number) {
    super(`the mainchain endpoint serves chain ${found}, expected ${expected}`);
    this.name = "WrongMainchainError";
    this.expected = expected;
    this.found = found;
  }
}

/** Raised inside one poll when the chain moved between two requests; the poll is repeated. */
class MovedError extends Error {}

/**
 * Reads the contracts' logs of confirmed blocks in order, for any number of followers. Survives outages, and notices a
 * mainchain that went back by the hashes of the blocks that it delivered. Holds no logs.
 */
export class MainchainWatcher<Event> {
  readonly client: PublicClient;
  readonly #options: WatcherOptions<Event>;
  readonly #followers: MainchainFollower<Event>[] = [];
  readonly #trail = new BlockTrail(TRAIL_BLOCKS);
  readonly #stop = new AbortController();
  #status: WatcherStatus = { kind: "starting" };
  #lastHead: Hex | undefined;
  #lastCheckpoint: Checkpoint | undefined;
  #chainChecked = false;
  /** By the clock that never jumps. */
  #busyUntil = 0;
  #running: Promise<void> | undefined;

  constructor(options: WatcherOptions<Event>) {
    this.#options = options;
    this.client = createPublicClient({
      transport: httpTransport(options.rpc, REQUEST_TIMEOUT_MS),
      cacheTime: 0,
    }) as PublicClient;
  }

  get status(): WatcherStatus {
    return this.#status;
  }

  /** Only before `start`: a follower sees the chain from its first block. */
  follow(follower: MainchainFollower<Event>): void {
    this.#followers.push(follower);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Resolves when every block confirmed by then is delivered; rejects on a wrong chain or when the signal aborts. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    while (this.#status.kind !== "following" || this.#status.delivered < this.#status.head) {
      if (signal.aborted || this.#stop.signal.aborted) throw new Error("the watcher stopped before it caught up");
      await pause(20, signal);
    }
  }

  async #run(): Promise<void> {
    const { logger, intervalMs, restMs = 0 } = this.#options;
    const backoff = new Backoff(intervalMs, MAX_BACKOFF_MS);
    const signal = this.#stop.signal;
    while (!signal.aborted) {
      let wait = intervalMs;
      try {
        if (await this.#poll()) {
          wait = 0;
        } else {
          for (const follower of this.#followers) follower.answered?.();
          if (performance.now() > this.#busyUntil) wait = Math.max(intervalMs, restMs);
        }
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof MovedError)) {
          this.#unreachable(error);
          wait = backoff.next();
        } else {
          logger.debug({}, "mainchain moved during a read");
        }
      }
      await pause(wait, signal);
    }
  }

  #unreachable(error: unknown): void {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    if (this.#status.kind === "unreachable") return;
    this.#status = { kind: "unreachable", since: Date.now(), reason };
    this.#lastHead = undefined;
    this.#chainChecked = false;
    this.#options.logger.warn({ code: "MAINCHAIN_UNREACHABLE", reason }, "mainchain unreachable, trying on");
  }

  /** One look at the chain; true when there is more to read at once. */
  async #poll(): Promise<boolean> {
    if (!this.#chainChecked) {
      const found = await this.client.getChainId();
      if (found !== this.#options.chainId) throw new WrongMainchainError(this.#options.chainId, found);
      this.#chainChecked = true;
    }
    const head = await this.#block("latest");
    if (head.hash === this.#lastHead) return false;
    // In one request: those of a mainchain with a block every few seconds are a good part of what an idle node costs.
    const [confirmed, finalised, stands] = await Promise.all([
      this.#below(head, this.#options.confirmation),
      this.#below(head, this.#options.finality),
      this.#lastStands(),
    ]);
    if (!stands) {
      await this.#returnToCommonBlock();
      return true;
    }

    const first = this.#options.fromBlock;
    const next = (this.#trail.last?.number ?? first - 1n) + 1n;
    const last = confirmed?.number ?? -1n;
    const range = BigInt(this.#options.rangeBlocks ?? DEFAULT_RANGE_BLOCKS);
    const to = next + range - 1n < last ? next + range - 1n : last;
    if (confirmed !== undefined && to >= next) {
      await this.#deliver(next, to === last ? confirmed : await this.#block(to), last);
    }
    const delivered = this.#trail.last?.number ?? first - 1n;
    if (this.#status.kind === "unreachable") this.#options.logger.info({ head: head.number }, "mainchain is back");
    this.#status = { kind: "following", head: last < first ? first - 1n : last, delivered };
    if (delivered < last) return true;
    if (finalised !== undefined) await this.#deliverCheckpoints(finalised);
    this.#lastHead = head.hash;
    return false;
  }

  /** Blocks at which steps end: the last one, and near the head one of each few, so that a chain goes back to a mark close by. */
  #ends(from: bigint, to: bigint, last: bigint): readonly bigint[] {
    const ends: bigint[] = [];
    const near = last - NEAR_BLOCKS;
    for (let end = from > near ? from + STEP_BLOCKS - 1n : near; end < to; end += STEP_BLOCKS) ends.push(end);
    return [...ends, to];
  }

  /** The newest delivered block stands no longer: back to the last one in common. */
  async #returnToCommonBlock(): Promise<void> {
    let common = -1n;
    for (const mark of this.#trail.newestFirst()) {
      if (await this.#stands(mark)) {
        common = mark.number;
        break;
      }
    }
    const last = this.#trail.last;
    this.#options.logger.error(
      { code: "MAINCHAIN_WENT_BACK", from: last?.number, hash: last?.hash, to: common },
      "the mainchain went back: confirmed blocks are gone, reading again from the last common block",
    );
    this.#trail.cut(common);
    if (this.#lastCheckpoint !== undefined && BigInt(this.#lastCheckpoint.number) > common) {
      this.#lastCheckpoint = undefined;
    }
    for (const follower of this.#followers) follower.rollback(common);
  }

  async #lastStands(): Promise<boolean> {
    const { last } = this.#trail;
    return last === undefined || (await this.#stands(last));
  }

  async #stands(mark: BlockMark): Promise<boolean> {
    return (await this.#maybeBlock(mark.number))?.hash === mark.hash;
  }

  /** Everything up to `through`, which was read just now: read again behind it, all between belongs to one chain. */
  async #deliver(from: bigint, through: MainchainHead, last: bigint): Promise<void> {
    const { contracts, decode } = this.#options;
    const to = through.number;
    // In one request, since a node that starts has much to read.
    const [logs, continues, ...marks] = await Promise.all([
      this.client.getLogs({ address: [...contracts], fromBlock: from, toBlock: to }),
      this.#lastStands(),
      ...this.#ends(from, to, last)
        .slice(0, -1)
        .map((end) => this.#block(end)),
    ]);
    if (!continues || !(await this.#stands(through))) throw new MovedError();
    const facts: MainchainFact<Event>[] = [];
    for (const log of logs) {
      if (log.blockNumber < from || log.blockNumber > to || log.removed) throw new MovedError();
      const event = decode(log);
      if (event === undefined) continue;
      facts.push({
        block: log.blockNumber,
        blockHash: log.blockHash,
        transaction: log.transactionHash,
        logIndex: log.logIndex,
        event,
      });
    }
    // What happened before this node looked is no reason to expect more.
    if (facts.length > 0 && this.#status.kind === "following") this.#busyUntil = performance.now() + BUSY_FOR_MS;
    facts.sort((a, b) => (a.block === b.block ? a.logIndex - b.logIndex : a.block < b.block ? -1 : 1));
    let first = 0;
    for (const head of [...marks, through]) {
      const later = facts.findIndex(({ block }) => block > head.number);
      const step = facts.slice(first, later < 0 ? facts.length : later);
      first += step.length;
      this.#trail.push({ number: head.number, hash: head.hash });
      const caughtUp = head === through && to === last;
      for (const follower of this.#followers) follower.apply({ through: head, facts: step, caughtUp });
    }
  }

  /**
   * Never above what was delivered, so that a mainchain that goes back below it is noticed. Those passed over since the
   * last look too: another node may have seen any of them as its newest, and once the mainchain is away it is too late
   * to ask.
   */
  async #deliverCheckpoints(finalised: MainchainHead): Promise<void> {
    const delivered = this.#trail.last;
    if (delivered === undefined) return;
    const distance = BigInt(this.#options.checkpointDistance);
    const highest = finalised.number < delivered.number ? finalised.number : delivered.number;
    const newest = highest / distance;
    const next = BigInt(this.#lastCheckpoint?.number ?? 0) / distance + 1n;
    const count = Math.min(Number(newest - next) + 1, MAX_CHECKPOINTS);
    if (count <= 0) return;
    const numbers = Array.from({ length: count }, (_, index) => (newest - BigInt(count - 1 - index)) * distance);
    // Between two looks at the newest delivered block, and so of one chain with it.
    const blocks = await Promise.all(numbers.map((number) => this.#block(number)));
    if (!(await this.#lastStands())) throw new MovedError();
    for (const block of blocks) {
      this.#lastCheckpoint = { number: Number(block.number), hash: block.hash };
      for (const follower of this.#followers) follower.checkpoint?.(this.#lastCheckpoint);
    }
  }

  async #below(head: MainchainHead, depth: number | "safe" | "finalized"): Promise<MainchainHead | undefined> {
    if (depth === 0) return head;
    if (typeof depth === "string") return await this.#maybeBlock(depth);
    return head.number < BigInt(depth) ? undefined : await this.#block(head.number - BigInt(depth));
  }

  async #block(which: bigint | "latest"): Promise<MainchainHead> {
    const block = await this.#maybeBlock(which);
    if (block === undefined) throw new MovedError();
    return block;
  }

  async #maybeBlock(which: bigint | "latest" | "safe" | "finalized"): Promise<MainchainHead | undefined> {
    try {
      const block: Block = await this.client.getBlock(
        typeof which === "bigint" ? { blockNumber: which } : { blockTag: which },
      );
      if (block.hash === null || block.number === null) return undefined;
      return { number: block.number, hash: block.hash, timestamp: block.timestamp };
    } catch (error) {
      if (error instanceof Error && error.name === "BlockNotFoundError") return undefined;
      throw error;
    }
  }
}
