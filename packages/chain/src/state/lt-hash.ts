import { hash } from "node:crypto";
import { KeptPairs } from "./kept-pairs.ts";
import {
  ELEMENT_AT,
  ELEMENT_BYTES,
  INPUT_AT,
  KEPT,
  KEPT_AT,
  ltHashModule,
  RATE,
  SUMS,
  SUMS_AT,
} from "./lt-hash-module.ts";

/**
 * LtHash16 (Bellare, Micciancio 1997; Lewi et al., ePrint 2019/227): an element is expanded to 1024 lanes of 16 bits,
 * a set is the lane-wise sum mod 2^16. Adding and removing cost the same and commute. 2048 bytes.
 */
export const LT_HASH_BYTES: number = ELEMENT_BYTES;
/** Sums that are changed together, at most. */
export const LT_HASH_SUMS: number = SUMS;

const SUM_WORDS = LT_HASH_BYTES / 4;
const NOTHING = new Uint8Array(0);
/** Longest key and value together that fit into a block with their length and padding. */
const BLOCK_BYTES = RATE - 3;

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(ltHashModule()));
const expand = exports["expand"] as () => void;
const add = exports["add"] as (sum: number, element: number) => void;
const subtract = exports["subtract"] as (sum: number, element: number) => void;
const memory: Buffer = Buffer.from((exports["memory"] as WebAssembly.Memory).buffer);
const words = new Uint32Array(memory.buffer);
/** What was put in lately: whoever changes an entry takes its element out again. 4 MB at most, for all chains. */
const kept = new KeptPairs(KEPT);

/** SHAKE128 over u16 length of the key ‖ key ‖ value: two pairs never spell the same input. */
function expandLong(key: string, value: Uint8Array): Uint8Array {
  const input = Buffer.alloc(2 + key.length + value.length);
  input.writeUInt16BE(key.length);
  input.write(key, 2, "latin1");
  input.set(value, 2 + key.length);
  return hash("shake128", input, { outputLength: LT_HASH_BYTES, outputEncoding: "buffer" });
}

/**
 * Changes some sums by many pairs of key and value. There is one memory for all: whoever begins ends before anything else
 * has its turn, and `end` gives the sums.
 */
export class LtHashChange {
  readonly #read: (sum: number) => Uint32Array;
  readonly #touched = new Set<number>();
  /** Pairs that wait for `expand`, which takes two: where each goes, and how. */
  #waiting = 0;
  readonly #at: [number, number] = [0, 0];
  readonly #removed: [boolean, boolean] = [false, false];
  readonly #keys: [string, string] = ["", ""];
  readonly #values: [Uint8Array, Uint8Array] = [NOTHING, NOTHING];

  readonly #keeps: boolean;

  /** `read` gives a sum as it was before, once for each that is changed. `keeps`: what is put in is soon taken out. */
  constructor(read: (sum: number) => Uint32Array, keeps: boolean) {
    this.#read = read;
    this.#keeps = keeps;
  }

  /** Puts the pair into a sum, or takes it out. The key is latin1, one character a byte. The value must stay as it is until the end. */
  change(sum: number, key: string, value: Uint8Array, removed: boolean): void {
    const at = SUMS_AT + sum * LT_HASH_BYTES;
    if (!this.#touched.has(sum)) {
      words.set(this.#read(sum), at / 4);
      this.#touched.add(sum);
    }
    if (key.length + value.length > BLOCK_BYTES) {
      this.#settle();
      memory.set(expandLong(key, value), ELEMENT_AT);
      (removed ? subtract : add)(at, ELEMENT_AT);
      return;
    }
    const known = removed ? kept.find(key, value) : undefined;
    if (known !== undefined) {
      subtract(at, KEPT_AT + known * LT_HASH_BYTES);
      return;
    }
    const which = this.#waiting === 0 ? 0 : 1;
    this.#at[which] = at;
    this.#removed[which] = removed;
    this.#keys[which] = key;
    this.#values[which] = value;
    putBlock(INPUT_AT + which * RATE, key, value);
    this.#waiting++;
    if (this.#waiting === 2) this.#settle();
  }

  /** Copies of the sums that were changed, and which they are. */
  end(): readonly (readonly [sum: number, after: Uint32Array])[] {
    this.#settle();
    return [...this.#touched].map((sum) => {
      const at = (SUMS_AT + sum * LT_HASH_BYTES) / 4;
      return [sum, words.slice(at, at + SUM_WORDS)];
    });
  }

  #settle(): void {
    if (this.#waiting === 0) return;
    expand();
    this.#use(0);
    if (this.#waiting === 2) this.#use(1);
    this.#waiting = 0;
  }

  #use(which: 0 | 1): void {
    const element = ELEMENT_AT + which * LT_HASH_BYTES;
    if (this.#removed[which]) {
      subtract(this.#at[which], element);
      return;
    }
    add(this.#at[which], element);
    if (!this.#keeps) return;
    const place = KEPT_AT + kept.place(this.#keys[which], this.#values[which]) * LT_HASH_BYTES;
    memory.copyWithin(place, element, element + LT_HASH_BYTES);
  }
}

/** The padded input (FIPS 202, 5.1 and 6.2): it ends in 1111, and the block in 1. */
function putBlock(at: number, key: string, value: Uint8Array): void {
  const end = at + 2 + key.length + value.length;
  memory[at] = key.length >> 8;
  memory[at + 1] = key.length & 255;
  memory.write(key, at + 2, "latin1");
  memory.set(value, at + 2 + key.length);
  memory.fill(0, end, at + RATE);
  memory[end] = 0x1f;
  memory[at + RATE - 1] = (memory[at + RATE - 1] ?? 0) | 0x80;
}
