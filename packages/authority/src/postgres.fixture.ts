import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian's package puts the programs; the newest version. */
const ROOT = "/usr/lib/postgresql";

function programs(): string | undefined {
  const versions = existsSync(ROOT) ? readdirSync(ROOT).map(Number).filter(Number.isInteger) : [];
  const newest = versions.sort((left, right) => right - left).find((each) => existsSync(`${ROOT}/${each}/bin/initdb`));
  return newest === undefined ? undefined : `${ROOT}/${newest}/bin`;
}

/** The server refuses to run as root; Debian's package makes a user for it. */
function owner(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** A database server of its own for one test file, on a socket in a folder of its own. */
export class Postgres {
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
  }

  static get isInstalled(): boolean {
    return programs() !== undefined;
  }

  get url(): string {
    return `postgres://postgres@/postgres?host=${encodeURIComponent(this.#folder)}`;
  }

  static async start(): Promise<Postgres> {
    const bin = programs();
    if (bin === undefined) throw new Error("Debian's package postgresql is not installed");
    const folder = mkdtempSync(join(tmpdir(), "postgres-"));
    const as = { ...owner(), cwd: folder };
    if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
    const data = join(folder, "data");
    execFileSync(join(bin, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], {
      ...as,
      stdio: "ignore",
    });
    const options = ["-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=50"];
    const child = spawn(join(bin, "postgres"), options, { ...as, stdio: ["ignore", "ignore", "pipe"] });
    await new Promise<void>((resolve, reject) => {
      let log = "";
      child.stderr.on("data", (chunk: Buffer) => {
        log = (log + chunk.toString("utf8")).slice(-10_000);
        if (log.includes("ready to accept connections")) resolve();
      });
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`postgres ended: ${log}`)));
    });
    return new Postgres(folder, child);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = new Promise((resolve) => this.#child.once("exit", resolve));
      this.#child.kill("SIGQUIT");
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
