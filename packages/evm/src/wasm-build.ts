import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const sources: string = fileURLToPath(new URL("../assembly", import.meta.url));
const build: string = fileURLToPath(new URL("../build", import.meta.url));

/**
 * Static data begins where `layout.ts` has left room; all regions are address space from the start, and the memory of
 * frames grows up to 3 GB.
 */
const options: readonly string[] = [
  ...["-O3", "--converge", "--runtime", "stub", "--noAssert", "--enable", "simd"],
  ...["--memoryBase", "983040", "--initialMemory", "16960", "--maximumMemory", "49152"],
];

export class EvmBuildError extends Error {
  readonly code = "EVM_BUILD_FAILED";
  constructor(output: string) {
    super(`asc failed:\n${output}`);
    this.name = "EvmBuildError";
  }
}

function compilerPath(): string {
  const manifest = createRequire(import.meta.url).resolve("assemblyscript/package.json");
  return join(dirname(manifest), "bin", "asc.js");
}

/** SHA-256 over everything that the WebAssembly depends on, in hexadecimal. */
function sourceHash(): string {
  const hash = createHash("sha256").update(options.join(" "));
  const manifest = readFileSync(join(dirname(compilerPath()), "..", "package.json"), "utf8");
  hash.update((JSON.parse(manifest) as { version: string }).version);
  for (const name of readdirSync(sources).sort()) {
    const content = readFileSync(join(sources, name));
    hash.update(`${name}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

function compile(to: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = join(sources, "index.ts");
    const child = spawn(process.execPath, [compilerPath(), entry, "-o", to, ...options], { cwd: dirname(sources) });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-20_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => reject(new EvmBuildError(error.message)));
    child.once("close", (code) => (code === 0 ? resolve() : reject(new EvmBuildError(output))));
  });
}

/** Whether the process that made the lock is gone: it was killed during a build. */
function isDead(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    if (!Number.isSafeInteger(pid) || pid <= 0) return Date.now() - statSync(lock).mtimeMs > 5_000;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** One build at a time among the processes of a checkout. */
async function acquire(lock: string): Promise<void> {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (isDead(lock)) rmSync(lock, { force: true });
    await delay(100);
  }
}

/**
 * The WebAssembly of the EVM, compiled unless exactly these sources were compiled before. Safe to call from many
 * processes. Throws EvmBuildError.
 */
export async function compiledWasm(): Promise<Uint8Array<ArrayBuffer>> {
  const file = join(build, `evm-${sourceHash().slice(0, 16)}.wasm`);
  if (!existsSync(file)) {
    mkdirSync(build, { recursive: true });
    const lock = join(build, "build.lock");
    await acquire(lock);
    try {
      if (!existsSync(file)) {
        const unfinished = join(build, `unfinished-${process.pid}.wasm`);
        await compile(unfinished);
        for (const name of readdirSync(build)) {
          if (/^evm-\w+\.wasm$/.test(name)) rmSync(join(build, name), { force: true });
        }
        renameSync(unfinished, file);
      }
    } finally {
      rmSync(lock, { force: true });
    }
  }
  return new Uint8Array(readFileSync(file));
}

/**
 * The WebAssembly compiled anew, whatever was compiled before: the same bytes from the same sources and compiler.
 * Takes seconds. Throws EvmBuildError, or MODULE_NOT_FOUND where the package `assemblyscript` is not installed.
 */
export async function rebuiltWasm(): Promise<Uint8Array<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), "evm-build-"));
  try {
    const file = join(folder, "evm.wasm");
    await compile(file);
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
