import type { Random } from "../../agreement/random.ts";
import { assemble, concat } from "../../evm-hostile/assemble.ts";

/** A computation whose length its caller chooses: by the count in the first word of its input. */
export type Kernel = {
  readonly name: string;
  readonly address: Uint8Array;
  /** Input for `count` rounds. */
  readonly input: (count: number) => Uint8Array;
};

/** 32 bytes, big-endian. */
export function word(value: bigint | number): Uint8Array {
  return new Uint8Array(Buffer.from(BigInt(value).toString(16).padStart(64, "0"), "hex"));
}

/** An address as an argument. */
export function padded(address: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  out.set(address, 12);
  return out;
}

/** Creation code of a contract with this code. */
export function creationOf(runtime: Uint8Array): Uint8Array {
  const length = [runtime.length >> 8, runtime.length & 0xff] as const;
  // PUSH2 length DUP1 PUSH1 10 PUSH0 CODECOPY PUSH0 RETURN
  return concat(Uint8Array.of(0x61, ...length, 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3), runtime);
}

/**
 * Code that does `body` as often as the first word of its input says, and returns one word. Below the body lie the
 * count and `words`, which it may change, not move; at the end they are folded into the result.
 */
export function loop(prepare: string, words: readonly bigint[], body: string): Uint8Array {
  const depth = words.length;
  const start = assemble(`${prepare} 0 CALLDATALOAD ${words.join(" ")}`);
  const head = [start.length >> 8, start.length & 0xff] as const;
  const round = assemble(`${body} SWAP${depth} 1 SWAP1 SUB DUP1 SWAP${depth + 1} SWAP1`);
  const finish = assemble(`${"XOR ".repeat(depth - 1)} 0 MSTORE 32 0 RETURN`);
  return concat(start, Uint8Array.of(0x5b), round, Uint8Array.of(0x61, ...head, 0x57), finish);
}

/** A constant of 1 to 32 bytes, not 0. */
export function constant(random: Random): bigint {
  let value = 0n;
  for (let i = 0; i < 4; i++) value = (value << 64n) | random.within((1n << 64n) - 1n);
  return (value >> BigInt(8 * random.below(32))) | 1n;
}

/** Statements drawn by weight until there are `length`. */
export function statements(
  random: Random,
  length: number,
  choices: readonly (readonly [weight: number, write: () => string])[],
): string {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  const draw = (): string => {
    let at = random.below(total);
    for (const [weight, write] of choices) {
      if (at < weight) return write();
      at -= weight;
    }
    throw new RangeError("weights do not add up");
  };
  return Array.from({ length }, draw).join(" ");
}
