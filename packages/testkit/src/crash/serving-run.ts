import { PROOF } from "@tributary/chain/chain/snapshot.fixture";
import { SnapshotFiles } from "@tributary/chain/snapshot/snapshot-files";
import { BUCKETS } from "@tributary/chain/state/bucket-set";
import {
  decodeSnapshotMessage,
  MANIFEST_PART,
  type SnapshotMessage,
  type SnapshotQuestion,
} from "@tributary/node/snapshot/codec";
import { SnapshotServer } from "@tributary/node/snapshot/snapshot-server";
import { equal } from "@tributary/protocol/bytes/bytes";
import type { FolderLayer } from "@tributary/protocol/ports/folder-layer";
import { badDirectory } from "./bad-directory.ts";
import type { BadDisk, Life } from "./bad-disk.ts";
import { codeOf } from "./crash-member.ts";
import type { CrashReport, Strike } from "./crash-run.ts";
import type { Height, SnapshotWorld } from "./snapshot-world.ts";
import { StruckDisk } from "./struck-disk.ts";

const DIRECTORY = "snapshots";
const PEER = 1;
/** Milliseconds after a snapshot before another is made. */
const SPACING_MS = 60_000;
/** Milliseconds between two questions of a peer, and how many of them wait for one snapshot. */
const ASKED_MS = 1_000;
const MAX_ASKED = 2_000;
const MAX_AGE = 100;
const MAX_FAILURES = 4;
const none = (): void => undefined;

type Ask = (question: SnapshotQuestion) => SnapshotMessage | undefined;

/**
 * One member that makes snapshots of its newest blocks on a bad disk, one after the other: what it serves is whole and of
 * the process that wrote it, and what a killed process leaves opens as a whole snapshot or as none.
 */
export class ServingRun {
  readonly #world: SnapshotWorld;
  readonly #strike: Strike | undefined;
  readonly #struck: StruckDisk;
  readonly #disk: BadDisk;
  readonly #failures: string[] = [];
  #life = 0;
  #now = 0;
  /** Index of the chain's newest block; nobody asks for the first. */
  #head = 0;
  #powerLost = false;
  #stopped: () => void = none;
  #failure: string | undefined;

  constructor(world: SnapshotWorld, seed: number, strike: Strike | undefined) {
    this.#world = world;
    this.#strike = strike;
    this.#struck = new StruckDisk(seed, strike);
    this.#disk = this.#struck.disk;
    this.#struck.arm();
  }

  async play(): Promise<CrashReport> {
    while (this.#head < this.#last && this.#failure === undefined) {
      const stopped = new Promise<void>((resolve) => {
        this.#stopped = resolve;
      });
      await Promise.race([stopped, this.#live()]);
    }
    this.#life += 1;
    const { operations } = this.#disk;
    const [failure, failures, crashes] = [this.#failure, this.#failures, this.#struck.crashes];
    return { failure, operations, sends: this.#struck.sends, crashes, failures, height: this.#head, steps: 0 };
  }

  /** One process: a peer asks it for one snapshot after the other. */
  async #live(): Promise<void> {
    const number = this.#life;
    const alive = (): boolean => this.#life === number;
    const later: Life["later"] = (run) => setImmediate(() => (alive() ? run() : undefined));
    const folders = badDirectory(this.#disk, DIRECTORY, { alive, stop: () => this.#crash(), later });
    if (!this.#powerLost) this.#lookAtLeft(folders);
    const { server, ask } = this.#serve(folders, alive);
    if (this.#offered(ask) !== 0) this.#fail("what another process wrote is served");
    while (this.#head < this.#last && this.#failure === undefined) {
      this.#now += SPACING_MS;
      this.#offered(ask, this.#number + 1);
      this.#head += 1;
      server.committed(this.#number);
      await this.#written(ask, alive);
      if (!alive()) return;
      this.#lookAtServed(ask);
      this.#sent();
      if (!alive()) return;
    }
    await server.stop();
  }

  /** Asks again and again, as members do. A write that failed is tried again later. */
  async #written(ask: Ask, alive: () => boolean): Promise<void> {
    for (let asked = 0; alive() && this.#offered(ask, this.#number + 1) !== this.#number; asked++) {
      if (asked > MAX_ASKED) return this.#fail(`no snapshot of block ${this.#number} is made`);
      this.#now += ASKED_MS;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #serve(folders: FolderLayer, alive: () => boolean): { readonly server: SnapshotServer; readonly ask: Ask } {
    let answer: SnapshotMessage | undefined;
    const head = (): Height => this.#height(this.#head);
    const chain = {
      freeze: () => head().freeze(),
      codes: (hashes: readonly Uint8Array[]) => this.#world.codes(hashes),
      get head() {
        return head().block;
      },
    };
    const server = new SnapshotServer({
      folders,
      chain,
      proofOf: () => PROOF,
      send: (_, bytes) => {
        answer = decodeSnapshotMessage(bytes);
      },
      now: () => this.#now,
      maxAge: MAX_AGE,
      logger: { info: none, warn: (about: unknown) => (alive() ? this.#refused(about) : undefined) },
    });
    const ask: Ask = (question) => {
      answer = undefined;
      server.answer(PEER, question);
      return answer;
    };
    return { server, ask };
  }

  /** Block whose snapshot is offered to who wants one of the block `at`. */
  #offered(ask: Ask, at = 0): number {
    const answer = ask({ kind: "want", id: 0, at });
    return answer?.kind === "offer" ? answer.block : -1;
  }

  #lookAtServed(ask: Ask): void {
    const { files } = this.#height(this.#head);
    const get = (first: number, last: number): Uint8Array | undefined => {
      const answer = ask({ kind: "get", id: 0, block: this.#number, first, last, offset: 0 });
      return answer?.kind === "piece" ? answer.bytes : undefined;
    };
    const [manifest, buckets] = [get(MANIFEST_PART, MANIFEST_PART), get(0, BUCKETS - 1)];
    if (manifest === undefined || !equal(manifest, files.manifest)) this.#fail("another manifest is served");
    if (buckets === undefined || !equal(buckets, bucketsOf(files))) this.#fail("buckets are served that are not whole");
  }

  /** Nothing but the manifest is synced: after power loss nobody may rely on what is left. */
  #lookAtLeft(folders: FolderLayer): void {
    for (const name of ["a", "b"]) {
      const left = folders.exists(name) ? SnapshotFiles.open(folders.files(name)) : undefined;
      if (left === undefined) continue;
      const whole = this.#world.heights.find(({ files }) => equal(files.manifest, left.manifest));
      if (whole === undefined) this.#fail("a manifest of no block is left");
      else if (!equal(bucketsOf(left), bucketsOf(whole.files))) this.#fail("a manifest without its buckets is left");
    }
  }

  #sent(): void {
    if (this.#struck.sent()) this.#crash();
  }

  /** Who replays the newest block after a crash makes its snapshot again. */
  #crash(): void {
    this.#life += 1;
    this.#head = Math.max(0, this.#head - 1);
    const loss = this.#struck.crash();
    this.#powerLost ||= loss !== "kept";
    this.#stopped();
  }

  #refused(about: unknown): void {
    const error = typeof about === "object" && about !== null && "err" in about ? about.err : about;
    this.#failures.push(codeOf(error));
    if (this.#strike === undefined || this.#failures.length > MAX_FAILURES) {
      this.#fail(`does not go on: ${this.#failures.join(", ")}`);
    }
    this.#struck.refused();
  }

  get #last(): number {
    return this.#world.heights.length - 1;
  }

  /** Of the newest block. */
  get #number(): number {
    return this.#height(this.#head).block.header.number;
  }

  #height(index: number): Height {
    const height = this.#world.heights[index];
    if (height === undefined) throw new RangeError(`no height ${index}`);
    return height;
  }

  #fail(why: string): void {
    this.#failure ??= why;
  }
}

function bucketsOf(files: SnapshotFiles): Uint8Array {
  return Buffer.concat(Array.from({ length: BUCKETS }, (_, bucket) => files.read(bucket, 0, files.size(bucket))));
}
