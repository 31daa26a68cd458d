import type { Fork } from "@tributary/evm/types";
import type { Random } from "../agreement/random.ts";
import { authorities, coinbase, contracts, nobody, plain, sender } from "./addresses.ts";
import { precompileIds, precompileWeights } from "./opcodes.ts";
import { precompileInput } from "./precompile-inputs.ts";
import { interestingWord, randomBytes } from "./values.ts";

const nullary = [
  ...[0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x4a],
  ...[0x58, 0x59, 0x5a],
];
const binary = [
  ...[0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0a, 0x0b, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18],
  ...[0x1a, 0x1b, 0x1c, 0x1d],
];
const calls = [0xf1, 0xf2, 0xf4, 0xfa];
/** Loops run this often, at most. */
const MAX_ROUNDS = 12;

/** Writes code that mostly does something: expressions that leave one word, statements that leave none. */
class Writer {
  readonly code: number[] = [];
  readonly #random: Random;
  readonly #fork: Fork;

  constructor(random: Random, fork: Fork) {
    this.#random = random;
    this.#fork = fork;
  }

  push(value: bigint, atLeast = 0): void {
    const hex = value === 0n ? "" : value.toString(16);
    const length = Math.max(Math.ceil(hex.length / 2), atLeast);
    this.code.push(0x5f + length, ...Buffer.from(hex.padStart(length * 2, "0"), "hex"));
  }

  op(...codes: number[]): void {
    this.code.push(...codes);
  }

  /** A number below `limit`, very seldom anything. */
  small(limit: number): void {
    this.push(this.#random.chance(0.01) ? interestingWord(this.#random) : BigInt(this.#random.below(limit)));
  }

  address(): void {
    const random = this.#random;
    const kind = random.below(12);
    if (kind < 7) this.push(BigInt(`0x${Buffer.from(random.pick(contracts)).toString("hex")}`));
    else if (kind === 7) this.push(BigInt(random.pick(precompileIds[this.#fork])));
    else if (kind === 8) this.op(0x30);
    else {
      const known = random.pick([plain, nobody, coinbase, sender, ...authorities]);
      this.push(BigInt(`0x${Buffer.from(known).toString("hex")}`));
    }
  }

  expression(depth: number): void {
    const random = this.#random;
    const kind = depth <= 0 ? random.below(5) : random.below(20);
    if (kind < 3) this.push(interestingWord(random), random.chance(0.2) ? random.below(33) : 0);
    else if (kind < 5) this.op(random.pick(nullary));
    else if (kind < 12) this.#binary(depth);
    else if (kind < 14) this.#unary(depth);
    else if (kind < 15) this.#ternary(depth);
    else if (kind < 19) this.#read(depth);
    else this.#call(depth);
  }

  #binary(depth: number): void {
    const op = this.#random.pick(binary);
    this.expression(depth - 1);
    if (op >= 0x1a && op <= 0x1d && this.#random.chance(0.7)) this.small(op === 0x1a ? 40 : 300);
    else if (op === 0x0b) this.small(40);
    else this.expression(depth - 1);
    this.op(op);
  }

  #unary(depth: number): void {
    const ops = this.#fork === "osaka" || this.#random.chance(0.02) ? [0x15, 0x19, 0x1e] : [0x15, 0x19];
    this.expression(depth - 1);
    this.op(this.#random.pick(ops));
  }

  #ternary(depth: number): void {
    for (let i = 0; i < 3; i++) this.expression(depth - 1);
    this.op(this.#random.pick([0x08, 0x09]));
  }

  #read(depth: number): void {
    const op = this.#random.pick([0x20, 0x31, 0x35, 0x3b, 0x3f, 0x40, 0x49, 0x51, 0x54, 0x54, 0x5c]);
    if (op === 0x20) {
      this.small(200);
      this.small(200);
    } else if (op === 0x31 || op === 0x3b || op === 0x3f) this.address();
    else if (op === 0x40) {
      this.op(0x43);
      this.small(300);
      this.op(0x90, 0x03);
    } else if (op === 0x54 || op === 0x5c) this.small(6);
    else if (op === 0x35 || op === 0x51) this.small(300);
    else this.expression(Math.min(depth - 1, 0));
    this.op(op);
  }

  #call(depth: number): void {
    const random = this.#random;
    if (random.chance(0.12)) {
      this.#create();
      return;
    }
    const op = random.pick(calls);
    this.small(100);
    this.small(200);
    this.small(100);
    this.small(200);
    if (op === 0xf1 || op === 0xf2) this.push(random.chance(0.6) ? 0n : BigInt(random.below(5)));
    this.address();
    if (random.chance(0.6)) this.op(0x5a);
    else if (random.chance(0.8)) this.push(BigInt(random.below(60_000)));
    else this.expression(depth - 1);
    this.op(op);
  }

  /** Code that makes a short contract, or whatever lies in memory. */
  #create(): void {
    const random = this.#random;
    const at = random.below(3) * 32;
    let length = random.below(100);
    if (random.chance(0.8)) {
      const init = new Writer(random, this.#fork);
      if (random.chance(0.4)) init.statement(0);
      init.push(interestingWord(random));
      init.push(0n);
      init.op(0x52);
      init.push(BigInt(random.below(33)));
      init.push(BigInt(random.below(32)));
      init.op(random.chance(0.1) ? 0xfd : 0xf3);
      length = init.code.length;
      this.bytesToMemory(Uint8Array.from(init.code), at);
    }
    const salted = random.chance(0.5);
    if (salted) this.small(3);
    this.push(BigInt(length));
    this.push(BigInt(at));
    this.push(random.chance(0.7) ? 0n : BigInt(random.below(4)));
    this.op(salted ? 0xf5 : 0xf0);
  }

  bytesToMemory(bytes: Uint8Array, at: number): void {
    for (let i = 0; i < bytes.length; i += 32) {
      const word = Buffer.alloc(32);
      word.set(bytes.subarray(i, i + 32));
      this.push(BigInt(`0x${word.toString("hex")}`));
      this.push(BigInt(at + i));
      this.op(0x52);
    }
  }

  /** Calls a precompile with input made for it and keeps what it answers. */
  precompile(id: number): void {
    const random = this.#random;
    const input = precompileInput(random, id);
    this.bytesToMemory(input, 0);
    const outputAt = 32 * Math.ceil(input.length / 32);
    const op = random.pick(calls);
    this.push(BigInt(random.pick([0, 32, 64, 96, 256])));
    this.push(BigInt(outputAt));
    this.push(BigInt(input.length));
    this.push(0n);
    if (op === 0xf1 || op === 0xf2) this.push(0n);
    this.push(BigInt(id));
    // What costs little fails only with next to nothing.
    this.push(random.chance(0.8) ? 3_000_000n : BigInt(random.below(random.pick([20, 100, 1000, 8000]))));
    this.op(op);
    this.push(BigInt(random.below(6)));
    this.op(0x55);
    this.push(96n);
    this.push(BigInt(outputAt));
    this.op(0x20);
    this.push(BigInt(random.below(6)));
    this.op(0x55);
  }

  statement(depth: number): void {
    const random = this.#random;
    const kind = random.below(depth > 0 ? 17 : 12);
    if (kind < 2) this.#store(0x52, 300);
    else if (kind === 2) this.#store(0x53, 300);
    else if (kind < 5) this.#store(random.chance(0.8) ? 0x55 : 0x5d, 6);
    else if (kind === 5) this.#log();
    else if (kind < 8) this.#copy();
    else if (kind < 10) this.#shuffle();
    else if (kind < 12) {
      this.expression(2);
      this.op(0x50);
    } else if (kind < 14) this.#skip(depth);
    else this.#loop(depth);
  }

  #store(op: number, limit: number): void {
    this.expression(3);
    this.small(limit);
    this.op(op);
  }

  #log(): void {
    const topics = this.#random.below(5);
    for (let i = 0; i < topics; i++) this.expression(0);
    this.small(70);
    this.small(200);
    this.op(0xa0 + topics);
  }

  #copy(): void {
    const op = this.#random.pick([0x37, 0x39, 0x3c, 0x3e, 0x5e]);
    // More return data than there is halts, so mostly none is asked for.
    this.push(op === 0x3e && this.#random.chance(0.9) ? 0n : BigInt(this.#random.below(100)));
    this.push(op === 0x3e ? 0n : BigInt(this.#random.below(200)));
    this.small(300);
    if (op === 0x3c) this.address();
    this.op(op);
  }

  /** Words pushed, moved about and dropped. */
  #shuffle(): void {
    const random = this.#random;
    const count = 2 + random.below(17);
    for (let i = 0; i < count; i++) this.push(interestingWord(random), random.chance(0.3) ? random.below(33) : 0);
    let height = count;
    for (let i = random.below(8); i > 0; i--) {
      if (random.chance(0.5)) {
        this.op(0x80 + random.below(Math.min(height, 16)));
        height++;
      } else this.op(0x90 + random.below(Math.min(height - 1, 16)));
    }
    while (height > 1) {
      if (random.chance(0.4)) this.op(random.pick(binary));
      else this.op(0x50);
      height--;
    }
    this.op(0x50);
  }

  /** Jumps over statements where a condition holds. */
  #skip(depth: number): void {
    this.expression(1);
    const hole = this.#jumpHole();
    this.op(0x57);
    this.statement(depth - 1);
    this.#land(hole);
  }

  #loop(depth: number): void {
    this.push(BigInt(1 + this.#random.below(MAX_ROUNDS)));
    const start = this.code.length;
    this.op(0x5b);
    for (let i = 1 + this.#random.below(3); i > 0; i--) this.statement(depth - 2);
    this.op(0x60, 1, 0x90, 0x03, 0x80, 0x61, start >> 8, start & 255, 0x57, 0x50);
  }

  #jumpHole(): number {
    this.op(0x61, 0, 0);
    return this.code.length - 2;
  }

  #land(hole: number): void {
    const here = this.code.length;
    this.op(0x5b);
    this.code[hole] = here >> 8;
    this.code[hole + 1] = here & 255;
  }

  end(): void {
    const random = this.#random;
    const kind = random.below(20);
    if (kind < 11) {
      this.small(100);
      this.small(200);
      this.op(0xf3);
    } else if (kind < 13) {
      this.small(100);
      this.small(200);
      this.op(0xfd);
    } else if (kind < 15) {
      this.address();
      this.op(0xff);
    } else if (kind === 15) this.op(0xfe);
    else if (kind === 16) {
      const hole = this.#jumpHole();
      this.op(0x56);
      this.#land(hole);
      this.op(0x00);
    } else if (kind < 19) this.op(0x00);
  }
}

/** Some bytes of the code are others, or missing: wrong opcodes, jumps into data, a stack that runs out. */
export function mutated(random: Random, code: Uint8Array): Uint8Array {
  const bytes = [...code];
  for (let i = 1 + random.below(4); i > 0 && bytes.length > 0; i--) {
    const at = random.below(bytes.length);
    const kind = random.below(3);
    if (kind === 0) bytes[at] = random.below(256);
    else if (kind === 1) bytes.splice(at, 1 + random.below(3));
    else bytes.splice(at, 0, ...randomBytes(random, 1 + random.below(3)));
  }
  return Uint8Array.from(bytes);
}

function somePrecompile(random: Random, fork: Fork): number {
  const ids = precompileIds[fork];
  const weight = (id: number): number => precompileWeights[id] ?? 1;
  let left = random.below(ids.reduce((sum, id) => sum + weight(id), 0));
  for (const id of ids) {
    left -= weight(id);
    if (left < 0) return id;
  }
  return ids[0] as number;
}

/** A contract's code. `heavy` ones may call a precompile. */
export function randomProgram(random: Random, fork: Fork, statements: number, heavy: boolean): Uint8Array {
  const writer = new Writer(random, fork);
  const precompileAt = heavy ? random.below(statements) : -1;
  for (let i = 0; i < statements; i++) {
    if (i === precompileAt) writer.precompile(somePrecompile(random, fork));
    else writer.statement(4);
  }
  writer.end();
  const code = Uint8Array.from(writer.code);
  return random.chance(0.12) ? mutated(random, code) : code;
}
