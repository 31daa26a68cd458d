import { concat, uint } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { fromKey } from "../store/key.ts";
import { LT_HASH_BYTES, LtHashChange } from "./lt-hash.ts";

/** 2^b buckets with b = 8: the bucket of a flat key is the first byte of its keccak. */
export const BUCKETS = 256;

// As in protocol/container/merkle.ts, kept up incrementally here.
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const ROOT = Uint8Array.of(2);

/** A flat key with its value before and after a block; undefined: absent. */
export type Change = {
  readonly key: string;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
};

export function bucketOf(key: Uint8Array): number {
  return keccak256(key)[0] ?? 0;
}

function bytesOf(sum: Uint32Array): Uint8Array {
  return new Uint8Array(sum.buffer, sum.byteOffset, LT_HASH_BYTES);
}

function leaf(sum: Uint32Array): Uint8Array {
  return keccak256(concat(LEAF, keccak256(bytesOf(sum))));
}

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return keccak256(concat(NODE, left, right));
}

/**
 * The accumulators of all buckets and the Merkle tree over them. Never changes: `apply` gives another one that shares
 * what stayed the same, so that layers of blocks cost what they touched.
 */
export class BucketSet {
  readonly #sums: readonly Uint32Array[];
  /** Heap order: node i has children 2i and 2i+1, leaves are 256..511. */
  readonly #tree: readonly Uint8Array[];
  /** Buckets that differ from the set that this one was made of. */
  readonly changed: readonly number[];

  private constructor(sums: readonly Uint32Array[], tree: readonly Uint8Array[], changed: readonly number[]) {
    this.#sums = sums;
    this.#tree = tree;
    this.changed = changed;
  }

  static empty(): BucketSet {
    return BucketSet.of(() => undefined);
  }

  /** From stored accumulators; absent ones are of the empty bucket. */
  static of(read: (bucket: number) => Uint8Array | undefined): BucketSet {
    const sums = Array.from({ length: BUCKETS }, (_, bucket) => {
      const sum = new Uint32Array(LT_HASH_BYTES / 4);
      const stored = read(bucket);
      if (stored !== undefined) bytesOf(sum).set(stored.subarray(0, LT_HASH_BYTES));
      return sum;
    });
    const tree: Uint8Array[] = new Array(2 * BUCKETS);
    for (const [bucket, sum] of sums.entries()) tree[BUCKETS + bucket] = leaf(sum);
    for (let i = BUCKETS - 1; i > 0; i--) tree[i] = node(at(tree, 2 * i), at(tree, 2 * i + 1));
    return new BucketSet(sums, tree, []);
  }

  /** The set after the changes. */
  apply(changes: Iterable<Change>): BucketSet {
    const adder = this.adder(true);
    adder.add(changes);
    return adder.finish();
  }

  /** For changes that come in parts; the tree is hashed once, at the end. Good for one `finish`. `keeps` as for `LtHashChange`. */
  adder(keeps: boolean): { add(changes: Iterable<Change>): void; finish(): BucketSet } {
    const sums = [...this.#sums];
    const touched = new Set<number>();
    return {
      add: (changes) => {
        const part = new LtHashChange((bucket) => at(sums, bucket), keeps);
        for (const { key, before, after } of changes) {
          const bucket = bucketOf(fromKey(key));
          if (before !== undefined) part.change(bucket, key, before, true);
          if (after !== undefined) part.change(bucket, key, after, false);
        }
        for (const [bucket, sum] of part.end()) {
          sums[bucket] = sum;
          touched.add(bucket);
        }
      },
      finish: () => {
        const tree = [...this.#tree];
        let level = [...touched].map((bucket) => BUCKETS + bucket);
        for (const i of level) tree[i] = leaf(at(sums, i - BUCKETS));
        while (level.length > 0 && level[0] !== 1) {
          level = [...new Set(level.map((i) => i >> 1))];
          for (const i of level) tree[i] = node(at(tree, 2 * i), at(tree, 2 * i + 1));
        }
        return new BucketSet(sums, tree, [...touched]);
      },
    };
  }

  /** The 2048 bytes of a bucket's accumulator. */
  accumulator(bucket: number): Uint8Array {
    return bytesOf(at(this.#sums, bucket)).slice();
  }

  /** stateRoot: the protocol's Merkle root over the hashes of the accumulators, in the order of the buckets. */
  get root(): Uint8Array {
    return keccak256(concat(ROOT, uint(BUCKETS, 4), at(this.#tree, 1)));
  }
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no item ${index}`);
  return item;
}
