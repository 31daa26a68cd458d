import type {
  CertifiedHeader,
  Clock,
  ExecutionResult,
  Executor,
  OrderedContainer,
} from "@tributary/node/consensus/ports";
import { concat, uint } from "@tributary/protocol/bytes/bytes";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { Assembly } from "@tributary/protocol/container/assembly";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { Latency } from "./disk.ts";
import { bodyTransactions, TOY_CHAIN } from "./toy-transaction.ts";

export const TOY_CAPACITY = { gas: 4_000n, bytes: 4_000 } as const;

/** Value and nonce of every sender, with a root over the history of writes. */
type State = {
  readonly height: number;
  readonly nonces: ReadonlyMap<string, bigint>;
  readonly root: Uint8Array;
  readonly block: HexHash;
};

const genesis: State = {
  height: 0,
  nonces: new Map(),
  root: new Uint8Array(32),
  block: toHex(keccak256(uint(TOY_CHAIN, 8))),
};

export const TOY_GENESIS_BLOCK: HexHash = genesis.block;

/** The part that survives a crash. */
export class ToyState {
  committed: State = genesis;

  lose(): void {
    this.committed = genesis;
  }
}

/** A deterministic key-value chain: execution order, time, beacon and parent all end up in the block hash. */
export class ToyExecutor implements Executor {
  readonly #disk: ToyState;
  readonly #clock: Clock;
  readonly #latency: Latency;
  readonly #knownRules: readonly number[];
  #layers: State[] = [];

  constructor(disk: ToyState, clock: Clock, latency: Latency, knownRules: readonly number[] = [1, 2, 3]) {
    this.#disk = disk;
    this.#clock = clock;
    this.#latency = latency;
    this.#knownRules = knownRules;
  }

  get committed(): number {
    return this.#disk.committed.height;
  }

  knows(rules: number): boolean {
    return this.#knownRules.includes(rules);
  }

  nonceOf(sender: string): bigint {
    return this.#disk.committed.nonces.get(sender) ?? 0n;
  }

  execute(container: OrderedContainer, done: (result: ExecutionResult) => void): void {
    const before = this.#layers.at(-1) ?? this.#disk.committed;
    if (container.height !== before.height + 1) throw new Error(`executed ${container.height} after ${before.height}`);
    const nonces = new Map(before.nonces);
    let root = before.root;
    const candidates = container.bodies.flatMap(({ body }) => bodyTransactions(body));
    const assembly = new Assembly(candidates, TOY_CAPACITY, (sender) => nonces.get(sender) ?? 0n);
    for (let next = assembly.next(); next !== undefined; next = assembly.next()) {
      nonces.set(next.sender, next.nonce + 1n);
      root = keccak256(concat(root, next.raw));
      assembly.settle({ gasUsed: next.gasLimit });
    }
    const { beacon, parent, time, height, mainchain, rules, term } = container;
    const block = toHex(
      keccak256(
        concat(
          bytesOf(before.block),
          root,
          bytesOf(beacon),
          bytesOf(parent),
          uint(time, 8),
          uint(height, 8),
          uint(rules, 4),
          bytesOf(mainchain.hash),
          uint(term.era, 4),
          uint(term.epoch, 4),
          bytesOf(term.committee),
        ),
      ),
    );
    this.#layers.push({ height, nonces, root, block });
    const result: ExecutionResult = {
      segments: [{ chainId: TOY_CHAIN, blockNumber: height, blockHash: block }],
      transactions: assembly.transactions,
    };
    this.#later(() => done(result));
  }

  commit({ header }: CertifiedHeader, done: () => void): void {
    const layer = this.#layers[0];
    if (layer === undefined || layer.height !== header.height) throw new Error(`committed ${header.height} unexecuted`);
    this.#later(() => {
      this.#layers.shift();
      this.#disk.committed = layer;
      done();
    });
  }

  rollback(): void {
    this.#layers = [];
  }

  #later(run: () => void): void {
    const delay = this.#latency();
    if (delay === 0) run();
    else this.#clock.after(delay, run);
  }
}

function bytesOf(hash: HexHash): Uint8Array {
  return fromHex(hash) ?? new Uint8Array(0);
}
