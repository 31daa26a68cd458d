import { existsSync } from "node:fs";
import type { Chain } from "@tributary/chain/chain/chain";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { readWhole, replaceWhole } from "@tributary/protocol/files/whole-file";
import type { Logger } from "pino";
import { z } from "zod";
import type { DriverStatus } from "../consensus/member-status.ts";
import { compareTerms, type TermName } from "../consensus/term-name.ts";

/** Where nothing has become less for so many milliseconds and heights of a chain that goes on, nothing will. */
const PATIENCE_MS = 600_000;
const PATIENCE_HEIGHTS = 60;
/** Transactions that are named. */
const NAMED = 32;

const FILE = "left.json";
const record = z.strictObject({ era: z.number().int().nonnegative(), epoch: z.number().int().nonnegative() });

/** What a node without a seat still has to do for a chain that it was a member of. */
export type Owed = {
  /** Transactions that it acknowledged, or was sent, and that are in no block that it knows. */
  readonly transactions: number;
  /** The first ones of them. */
  readonly hashes: readonly HexHash[];
  /** Keys of epochs that may be over are still here. */
  readonly keys: boolean;
  /** Whether a quorum is linked, and this node is where it is. */
  readonly linked: boolean;
};

/** How far the member is. */
export type Standing = {
  readonly term: TermName;
  /** What is older than the term was erased. */
  readonly cleared: boolean;
  /** Highest height that is final here. */
  readonly height: number;
  readonly linked: boolean;
};

/** `cleared`: what is older than the term was erased. */
export function standingIn(
  { spec, driver }: { readonly spec: TermName; readonly driver: { status(): DriverStatus } },
  cleared: boolean,
): Standing {
  const { status, height } = driver.status();
  return { term: spec, cleared, height, linked: status === "running" || status === "following" };
}

export type DepartureParts = {
  readonly folder: string;
  /** The last epoch in which this node had a seat; undefined where it has one, is to have one, or never had one. */
  readonly lastSeat: () => TermName | undefined;
  readonly standing: () => Standing;
  readonly pool: Pick<Chain, "poolStatus" | "waiting">;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
  readonly logger: Pick<Logger, "info" | "warn">;
};

/**
 * A node leaves a chain: it follows past the end of its last epoch, where the shares are erased as a member's are, and
 * stays until what it acknowledged is in blocks, since only here it is on disk. Then it notes that it has left.
 */
export class Departure {
  readonly #parts: DepartureParts;
  /** The seat that was given up, once nothing of it is left that could be done. */
  #settled: TermName | undefined;
  #leaving: TermName | undefined;
  #least = { transactions: Number.POSITIVE_INFINITY, at: 0, height: 0 };
  #noting = false;

  constructor(parts: DepartureParts) {
    this.#parts = parts;
  }

  /** Undefined where this node has not left, or nothing is left behind; also after what could not be done was given up. */
  get owed(): Owed | undefined {
    const last = this.#parts.lastSeat();
    if (last === undefined || (this.settled(last) && this.#count() === 0)) return undefined;
    const { linked } = this.#parts.standing();
    return { ...this.#waiting(), keys: !this.#cleared(last), linked };
  }

  settled(last: TermName): boolean {
    return this.#settled !== undefined && compareTerms(this.#settled, last) >= 0;
  }

  /** To be called every second. Rejects where the disk refuses. */
  async look(): Promise<void> {
    const { lastSeat, logger, folder } = this.#parts;
    const last = lastSeat();
    if (last === undefined || this.#noting || this.settled(last)) return;
    this.#greet(last);
    if (!this.#cleared(last)) return;
    const patient = this.#patient();
    if (this.#count() === 0) {
      this.#noting = true;
      await noteLeft(folder, last);
      this.#noting = false;
      this.#settled = last;
      logger.info(last, "this node has left the chain: its keys are erased, and nothing waits here");
    } else if (!patient) {
      // Not noted: the next start of the node tries again.
      this.#settled = last;
      logger.warn(this.#waiting(), "the chain takes what waits here in no more: it stays in the folder of the chain");
    }
  }

  #greet(last: TermName): void {
    if (this.#leaving !== undefined && compareTerms(this.#leaving, last) >= 0) return;
    this.#leaving = last;
    this.#least = { transactions: Number.POSITIVE_INFINITY, at: 0, height: 0 };
    this.#parts.logger.info(
      this.#waiting(),
      "this node has no seat any more: it hands on what waits, and erases its keys",
    );
  }

  #count(): number {
    const { pending, queued } = this.#parts.pool.poolStatus();
    return pending + queued;
  }

  #waiting(): Pick<Owed, "transactions" | "hashes"> {
    return { transactions: this.#count(), hashes: this.#parts.pool.waiting(NAMED) };
  }

  /** A chain that stands still, or that is not reached, takes nothing in: that time does not count. */
  #patient(): boolean {
    const { standing, now } = this.#parts;
    const { height, linked } = standing();
    const count = this.#count();
    if (!linked || count < this.#least.transactions) this.#least = { transactions: count, at: now(), height };
    return now() - this.#least.at < PATIENCE_MS || height - this.#least.height < PATIENCE_HEIGHTS;
  }

  #cleared(last: TermName): boolean {
    const { term, cleared } = this.#parts.standing();
    return cleared && compareTerms(term, last) > 0;
  }
}

/** Whether the folder of a chain holds something that a seat up to `last` left to do. */
export function owesAfter(folder: string, last: TermName): boolean {
  if (!existsSync(folder)) return false;
  const left = readLeft(folder);
  return left === undefined || compareTerms(left, last) < 0;
}

async function noteLeft(folder: string, { era, epoch }: TermName): Promise<void> {
  await replaceWhole(diskFolder(folder), FILE, new TextEncoder().encode(JSON.stringify({ era, epoch })));
}

/** Undefined also where the file is damaged: looking once more costs little. */
function readLeft(folder: string): TermName | undefined {
  const files = diskFolder(folder);
  if (!files.list().includes(FILE)) return undefined;
  try {
    return record.parse(JSON.parse(new TextDecoder().decode(readWhole(files, FILE))));
  } catch {
    return undefined;
  }
}
