// What LevelDB does for a member, on the bad disk: synced batches in a checksummed log. The contract is the same (a batch
// is there as a whole or not at all, batches in order); LevelDB's own files are not under test here.

import type { ContainerStore, Executor } from "@tributary/node/consensus/ports";
import type { SegmentLog } from "@tributary/node/log/segment-log";
import { EvidenceIndex } from "@tributary/node/store/evidence-index";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { Offence } from "@tributary/protocol/evidence/evidence";
import type { ToyExecutor, ToyState } from "../network/toy-executor.ts";

const ORDER = 0;
const CONTAINER = 1;

/** Orders and containers by height. */
export class DiskContainerStore implements ContainerStore {
  readonly #log: SegmentLog;
  readonly #tables: readonly [Map<number, Uint8Array>, Map<number, Uint8Array>] = [new Map(), new Map()];
  readonly #offences = new EvidenceIndex();
  readonly evidence: Uint8Array[] = [];

  constructor(log: SegmentLog) {
    this.#log = log;
    for (const record of log.replay()) {
      const height = Buffer.from(record.buffer, record.byteOffset).readUInt32BE(1);
      this.#tables[record[0] === ORDER ? ORDER : CONTAINER].set(height, record.slice(5));
    }
  }

  get highestOrder(): number {
    return Math.max(0, ...this.#tables[ORDER].keys());
  }

  get highestContainer(): number {
    return Math.max(0, ...this.#tables[CONTAINER].keys());
  }

  putOrder(height: number, order: Uint8Array): void {
    this.#put(ORDER, height, order);
  }

  order(height: number): Uint8Array | undefined {
    return this.#tables[ORDER].get(height);
  }

  putContainer(height: number, container: Uint8Array): void {
    this.#put(CONTAINER, height, container);
  }

  container(height: number): Uint8Array | undefined {
    return this.#tables[CONTAINER].get(height);
  }

  putBody(): void {
    throw new Error("no era ends here");
  }

  body(): undefined {
    return undefined;
  }

  wantsEvidence(offence: Offence): boolean {
    return this.#offences.wants(offence);
  }

  putEvidence(offence: Offence, evidence: Uint8Array): void {
    this.#offences.add(offence);
    this.evidence.push(evidence.slice());
  }

  flush(done: () => void): void {
    this.#log.flush(done);
  }

  #put(table: typeof ORDER | typeof CONTAINER, height: number, bytes: Uint8Array): void {
    this.#tables[table].set(height, bytes.slice());
    const record = Buffer.alloc(5 + bytes.length);
    record[0] = table;
    record.writeUInt32BE(height, 1);
    record.set(bytes, 5);
    this.#log.append(record);
  }
}

/** An executor whose committed state is on disk before it says so. */
export function durableExecutor(inner: ToyExecutor, state: ToyState, log: SegmentLog): Executor {
  return {
    get committed() {
      return inner.committed;
    },
    knows: (rules) => inner.knows(rules),
    execute: (container, done) => inner.execute(container, done),
    commit: (certified, done) =>
      inner.commit(certified, () => {
        log.append(encodeState(state));
        log.flush(done);
      }),
    rollback: () => inner.rollback(),
  };
}

/** Puts the newest state of the log into `state`. */
export function restoreState(state: ToyState, log: SegmentLog): void {
  for (const record of log.replay()) {
    const { height, nonces, root, block } = JSON.parse(new TextDecoder().decode(record)) as Stored;
    const numbers = nonces.map(([sender, nonce]) => [sender, BigInt(nonce)] as const);
    state.committed = { height, nonces: new Map(numbers), root: fromHex(root) ?? new Uint8Array(0), block };
  }
}

type Stored = {
  readonly height: number;
  readonly nonces: readonly (readonly [string, string])[];
  readonly root: string;
  readonly block: HexHash;
};

function encodeState({ committed }: ToyState): Uint8Array {
  const nonces = [...committed.nonces].map(([sender, nonce]) => [sender, nonce.toString()] as const);
  const { height, root, block } = committed;
  const stored: Stored = { height, nonces, root: toHex(root), block };
  return new TextEncoder().encode(JSON.stringify(stored));
}
