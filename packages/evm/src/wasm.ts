import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EvmError } from "./evm-error.ts";

/** Only the package that npm installs is JavaScript: it has the WebAssembly beside this file, compiled before. */
const isPacked: boolean = import.meta.url.endsWith(".js");

export type Loaded = { readonly module: WebAssembly.Module; readonly hash: string };

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The file, which has to be what its record (as `sha256sum` writes it) says. Throws EvmError. */
export function readRecorded(file: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(readFileSync(file));
  const recorded = readFileSync(`${file}.sha256`, "utf8").slice(0, 64);
  if (sha256(bytes) !== recorded) throw new EvmError("EVM_DAMAGED", `${file} is damaged: install the package again`);
  return bytes;
}

async function bytesOfModule(): Promise<Uint8Array<ArrayBuffer>> {
  if (isPacked) return readRecorded(fileURLToPath(new URL("./evm.wasm", import.meta.url)));
  const { compiledWasm } = await import("./wasm-build.ts");
  return compiledWasm();
}

async function load(): Promise<Loaded> {
  const bytes = await bytesOfModule();
  return { module: new WebAssembly.Module(bytes), hash: sha256(bytes) };
}

let loaded: Promise<Loaded> | undefined;

/** The EVM's module and the SHA-256 of its bytes, prepared once a process. */
export function evmWasm(): Promise<Loaded> {
  loaded ??= load();
  return loaded;
}

/** The EVM's module, as `evmWasm` has it. */
export async function evmModule(): Promise<WebAssembly.Module> {
  return (await evmWasm()).module;
}
