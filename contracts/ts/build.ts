import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join, relative, sep } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const require: NodeJS.Require = createRequire(import.meta.url);
const contractsFolder: string = fileURLToPath(new URL("..", import.meta.url));
const root: string = fileURLToPath(new URL("../..", import.meta.url));
/** Not forge's usual folder: `forge test` writes there too, and the stamp would then vouch for what it did not see. */
const out: string = join(contractsFolder, "out", "deploy");
const cache: string = join(contractsFolder, "cache", "deploy");
const stamp: string = join(out, "sources.sha256");
const lock: string = join(contractsFolder, "cache", "build.lock");

export class ContractsBuildError extends Error {
  readonly code = "CONTRACTS_BUILD_FAILED";
  constructor(output: string) {
    super(`forge build failed:\n${output}`);
    this.name = "ContractsBuildError";
  }
}

/** The native forge of this checkout, or the one on the PATH where npm has none for the platform. */
export function forgePath(): string {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  try {
    return join(dirname(require.resolve(`@foundry-rs/forge-${process.platform}-${arch}/package.json`)), "bin", "forge");
  } catch {
    return "forge";
  }
}

function solidityFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sol"))
    .map((name) => join(folder, name))
    .sort();
}

function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), "utf8")) as { version: string };
  return `${name}@${version}`;
}

/** SHA-256 over everything that the bytecode depends on. */
export function sourceHash(): string {
  const hash = createHash("sha256");
  hash.update(`${versionOf("solc")}\n${versionOf("@openzeppelin/contracts")}\n`);
  for (const file of [join(root, "foundry.toml"), ...solidityFiles(join(contractsFolder, "src"))]) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file).split(sep).join("/")}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

function built(hash: string): boolean {
  try {
    return readFileSync(stamp, "utf8") === hash;
  } catch {
    return false;
  }
}

/** Whether the process that made the lock is gone: it was killed during a build. */
function lockIsDead(): boolean {
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
async function acquireLock(): Promise<void> {
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (lockIsDead()) rmSync(lock, { force: true });
    await delay(100);
  }
}

function runForge(): Promise<void> {
  return new Promise((resolve, reject) => {
    // Node of this process first: solc runs on it.
    const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
    const child = spawn(forgePath(), ["build", "contracts/src"], {
      cwd: root,
      env: {
        ...process.env,
        PATH: path,
        FOUNDRY_PROFILE: "default",
        FOUNDRY_OUT: relative(root, out),
        FOUNDRY_CACHE_PATH: relative(root, cache),
        NO_COLOR: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-20_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => reject(new ContractsBuildError(error.message)));
    child.once("close", (code) => (code === 0 ? resolve() : reject(new ContractsBuildError(output))));
  });
}

/** Compiles the contracts unless what `out` holds was built from exactly these sources. Safe to call from many processes. */
export async function ensureContractsBuilt(): Promise<void> {
  if (built(sourceHash())) return;
  await acquireLock();
  try {
    const hash = sourceHash();
    if (built(hash)) return;
    const from = performance.now();
    process.stderr.write("compiling contracts...\n");
    await runForge();
    writeFileSync(stamp, hash);
    process.stderr.write(`contracts compiled in ${((performance.now() - from) / 1000).toFixed(1)} s\n`);
  } finally {
    rmSync(lock, { force: true });
  }
}

export type Artifact = { readonly abi: readonly unknown[]; readonly bytecode: `0x${string}` };

/** A contract's ABI and creation code from forge's output; `ensureContractsBuilt` first. */
export function readArtifact(name: string): Artifact {
  const file = join(out, `${name}.sol`, `${name}.json`);
  const { abi, bytecode } = JSON.parse(readFileSync(file, "utf8")) as {
    abi: readonly unknown[];
    bytecode: { object: `0x${string}` };
  };
  return { abi, bytecode: bytecode.object };
}
