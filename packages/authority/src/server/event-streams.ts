import type { FastifyReply } from "fastify";
import { isDone, type Job } from "../job.ts";
import type { SigningPool } from "../pool/signing-pool.ts";
import type { Caller } from "./callers.ts";
import { jobView } from "./messages.ts";
import { Refusal } from "./refusal.ts";

/** Open streams of events: of one caller, and of all. */
const STREAMS_OF_CALLER = 100;
const MAX_STREAMS = 1_000;
const HEARTBEAT_MS = 15_000;
/** Bytes that wait for a reader. */
const MOST_UNREAD = 64 * 1024;

/** Server-sent events: a job as it is, and each change, until it is done. */
export class EventStreams {
  readonly #pool: SigningPool;
  readonly #ends = new Set<() => void>();

  constructor(pool: SigningPool) {
    this.#pool = pool;
  }

  open(caller: Caller, job: Job, reply: FastifyReply): void {
    if (caller.streams >= STREAMS_OF_CALLER || this.#ends.size >= MAX_STREAMS) {
      throw new Refusal(429, "TOO_MANY_STREAMS", "too many streams of events are open", 10);
    }
    caller.streams++;
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const end = (): void => {
      if (!this.#ends.delete(end)) return;
      caller.streams--;
      clearInterval(heartbeat);
      stop();
      raw.end();
    };
    const tell = (next: Job): void => {
      // Whoever does not read is let go: it can ask again.
      if (raw.writableLength > MOST_UNREAD) end();
      else raw.write(`event: ${next.state}\ndata: ${JSON.stringify(jobView(next))}\n\n`);
      if (isDone(next.state)) end();
    };
    const stop = this.#pool.follow(job.id, (next) => (next === undefined ? end() : tell(next)));
    const heartbeat = setInterval(() => raw.write(":\n\n"), HEARTBEAT_MS);
    this.#ends.add(end);
    raw.once("close", end);
    tell(job);
  }

  endAll(): void {
    for (const end of [...this.#ends]) end();
  }
}
