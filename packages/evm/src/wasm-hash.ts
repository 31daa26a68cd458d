import { evmWasm } from "./wasm.ts";

/**
 * SHA-256 of the WebAssembly that executes, 64 hexadecimal digits. Where it is equal, every outcome is: with the same
 * precompiles, on every machine.
 */
export async function evmWasmHash(): Promise<string> {
  return (await evmWasm()).hash;
}
