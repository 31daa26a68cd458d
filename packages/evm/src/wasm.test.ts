import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EvmError } from "./evm-error.ts";
import { readRecorded } from "./wasm.ts";
import { compiledWasm } from "./wasm-build.ts";
import { evmWasmHash } from "./wasm-hash.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("the hash is that of the bytes that execute", async () => {
  expect(await evmWasmHash()).toBe(sha256(await compiledWasm()));
});

test("WebAssembly that is not what its record says is refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "evm-wasm-"));
  try {
    const file = join(folder, "evm.wasm");
    const bytes = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
    writeFileSync(file, bytes);
    writeFileSync(`${file}.sha256`, `${sha256(bytes)}  evm.wasm\n`);
    expect(readRecorded(file)).toEqual(bytes);
    writeFileSync(file, bytes.subarray(0, 7));
    const damaged = (): unknown => readRecorded(file);
    expect(damaged).toThrow(EvmError);
    expect(damaged).toThrow(expect.objectContaining({ code: "EVM_DAMAGED" }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
