import { layout } from "../memory-layout.ts";
import { evmModule } from "../wasm.ts";

type Exports = {
  readonly memory: WebAssembly.Memory;
  blake2f(from: number, to: number): void;
  power64(base: bigint, one: bigint, exponent: number, length: number, modulus: bigint): bigint;
  powerOdd(
    ...pointers: [
      ...[to: number, base: number, one: number, unit: number, exponent: number, length: number],
      ...[modulus: number, digits: number],
    ]
  ): void;
  powerLow(to: number, base: number, one: number, exponent: number, length: number, digits: number): void;
};

/** An instance in which no code of contracts runs, for its functions of numbers alone. */
function instantiate(module: WebAssembly.Module): Exports {
  const imports: Record<string, Record<string, () => never>> = {};
  for (const { module: room, name } of WebAssembly.Module.imports(module)) {
    imports[room] = {
      ...imports[room],
      [name]: () => {
        throw new Error(`${room}.${name} has no place in arithmetic`);
      },
    };
  }
  return new WebAssembly.Instance(module, imports).exports as unknown as Exports;
}

const exports = instantiate(await evmModule());

const INPUT = layout.RETURN;
const NUMBERS = layout.RETURN + 0x8000;
/** Bytes that each number has room for. */
const ROOM = 128;
const EXPONENT = layout.RETURN + 0x10000;

function bytesAt(at: number, length: number): Uint8Array {
  return new Uint8Array(exports.memory.buffer, at, length);
}

/** BLAKE2b's compression (EIP-152) of 213 bytes, the last of which is 0 or 1: the 64 bytes of the new state. */
export function compressBlake2(input: Uint8Array): Uint8Array {
  bytesAt(INPUT, input.length).set(input);
  exports.blake2f(INPUT, INPUT + 256);
  return bytesAt(INPUT + 256, 64).slice();
}

/** Most bytes of an exponent: EIP-7823 allows no more, older forks may ask for longer ones. */
export const EXPONENT_ROOM: number = 1 << 24;

function put(slot: number, value: bigint, digits: number): number {
  const at = NUMBERS + slot * ROOM;
  const view = new DataView(exports.memory.buffer, at, ROOM);
  for (let i = 0, rest = value; i < digits; i += 2, rest >>= 64n)
    view.setBigUint64(4 * i, BigInt.asUintN(64, rest), true);
  return at;
}

function get(at: number, digits: number): bigint {
  const view = new DataView(exports.memory.buffer, at, ROOM);
  let value = 0n;
  for (let i = digits - 2; i >= 0; i -= 2) value = (value << 64n) | view.getBigUint64(4 * i, true);
  return value;
}

/** base ^ exponent modulo an odd number of at most `bits` bits, itself at most 1024 and a multiple of 64. */
export function powerModuloOdd(base: bigint, exponent: Uint8Array, modulus: bigint, bits: number): bigint {
  bytesAt(EXPONENT, exponent.length).set(exponent);
  const one = (1n << BigInt(bits)) % modulus;
  const montgomery = ((base % modulus) << BigInt(bits)) % modulus;
  if (bits === 64) {
    return BigInt.asUintN(64, exports.power64(montgomery, one, EXPONENT, exponent.length, modulus));
  }
  const digits = bits / 32;
  const [to, b, o] = [put(0, 0n, digits), put(1, montgomery, digits), put(2, one, digits)];
  exports.powerOdd(to, b, o, put(3, 1n, digits), EXPONENT, exponent.length, put(4, modulus, digits), digits);
  return get(to, digits);
}

/** base ^ exponent modulo 2^bits; `bits` at most 1024 and a multiple of 64. */
export function powerModuloTwos(base: bigint, exponent: Uint8Array, bits: number): bigint {
  bytesAt(EXPONENT, exponent.length).set(exponent);
  const digits = bits / 32;
  const to = put(0, 0n, digits);
  exports.powerLow(
    to,
    put(1, BigInt.asUintN(bits, base), digits),
    put(2, 1n, digits),
    EXPONENT,
    exponent.length,
    digits,
  );
  return get(to, digits);
}
