import { randomFillSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** What we use of mcl's functions. Pointers are addresses in its memory; conditions are 0 or 1. */
export type Mcl = {
  readonly HEAP8: Int8Array;
  _malloc(bytes: number): number;
  _mclBn_init(curve: number, compiledFor: number): number;
  _mclBn_setMapToMode(mode: number): number;
  _mclBn_verifyOrderG1(on: number): void;
  _mclBn_verifyOrderG2(on: number): void;
  _mclBnFp_setLittleEndian(to: number, from: number, bytes: number): number;
  _mclBnFp_getLittleEndian(to: number, room: number, from: number): number;
  _mclBnFp_setInt32(to: number, value: number): void;
  _mclBnFp_squareRoot(to: number, from: number): number;
  _mclBnFp_mul(to: number, a: number, b: number): void;
  _mclBnFp_add(to: number, a: number, b: number): void;
  _mclBnFp_neg(to: number, from: number): void;
  _mclBnFp_mapToG1(to: number, from: number): number;
  _mclBnFp2_mapToG2(to: number, from: number): number;
  _mclBnFr_setBigEndianMod(to: number, from: number, bytes: number): number;
  _mclBn_millerLoopVec(to: number, points1: number, points2: number, count: number): void;
  _mclBn_getUint64NumToPrecompute(): number;
  _mclBn_precomputeG2(to: number, point: number): void;
  _mclBn_precomputedMillerLoop2(to: number, a: number, linesOfA: number, b: number, linesOfB: number): void;
  _mclBn_finalExp(to: number, from: number): void;
  _mclBnGT_mul(to: number, a: number, b: number): void;
  _mclBnGT_setInt32(to: number, value: number): void;
  _mclBnGT_isOne(at: number): number;
} & PointFunctions<"G1"> &
  PointFunctions<"G2">;

type PointFunctions<G extends string> = {
  [K in `_mclBn${G}_clear`]: (at: number) => void;
} & { [K in `_mclBn${G}_${"isValid" | "isValidOrder" | "isZero"}`]: (at: number) => number } & {
  [K in `_mclBn${G}_${"normalize" | "neg"}`]: (to: number, from: number) => void;
} & { [K in `_mclBn${G}_${"add" | "mul"}`]: (to: number, a: number, b: number) => void } & {
  [K in `_mclBn${G}_mulVec`]: (to: number, points: number, scalars: number, count: number) => void;
};

/** Pages of 64 KiB, as in the package's own loader. */
const PAGES = 32;

/**
 * The WebAssembly in base64, until it is compiled. It is read when the program starts: a precompile of a block that is
 * executed must not depend on whether a file can be opened.
 */
let packed: string = readPacked();
let compiled: WebAssembly.Module | undefined;

/**
 * A fresh instance of mcl, at once. The package has the WebAssembly as text inside of its loader, which decodes it anew for
 * each instance, takes its time and answers later; a precompile must answer when it is called.
 */
export function openMcl(): Mcl {
  compiled ??= compile();
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const cryptoGetRandomValues = (at: number, length: number): void => {
    randomFillSync(new Uint8Array(memory.buffer, at, length));
  };
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory, cryptoGetRandomValues } });
  const named = Object.entries(exports).map(([name, value]) => [`_${name}`, value]);
  let heap = new Int8Array(memory.buffer);
  const get = (): Int8Array => {
    // Detached when the memory grew.
    if (heap.length === 0) heap = new Int8Array(memory.buffer);
    return heap;
  };
  const mcl = Object.defineProperty(Object.fromEntries(named), "HEAP8", { get });
  (exports["__wasm_call_ctors"] as (() => void) | undefined)?.();
  return mcl as Mcl;
}

function compile(): WebAssembly.Module {
  const module = new WebAssembly.Module(new Uint8Array(Buffer.from(packed, "base64")));
  packed = "";
  return module;
}

function readPacked(): string {
  const loader = readFileSync(createRequire(import.meta.url).resolve("mcl-wasm/dist/mcl_c.js"), "latin1");
  const text = /wasmBase64 = '([A-Za-z0-9+/=]+)'/.exec(loader)?.[1];
  if (text === undefined) throw new Error("mcl-wasm holds no WebAssembly where its version 2.4.1 does");
  return text;
}
