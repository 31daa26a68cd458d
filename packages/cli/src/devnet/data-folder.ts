import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { readJson, writeAtomically } from "../atomic-file.ts";
import { CliError, reasonOf } from "../cli-error.ts";
import { processRuns } from "../process-alive.ts";

type Address = `0x${string}`;

/** What a devnet remembers between starts. Whatever the mainchain knows is not here. */
export type DevnetState = {
  readonly format: "tributary-devnet";
  readonly version: 1;
  /** Everything was deployed and registered; without it the next start begins from nothing. */
  readonly complete: boolean;
  readonly ports: {
    readonly mainchain: number;
    readonly gateway: number;
    readonly nodes: readonly { readonly rpc: number; readonly peer: number }[];
  };
  readonly fromBlock: number;
  readonly contracts: Readonly<Record<string, Address>>;
};

const address = z.custom<Address>((value) => typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value));
const port = z.number().int().min(1).max(65_535);
const schema: z.ZodType<DevnetState> = z.strictObject({
  format: z.literal("tributary-devnet"),
  version: z.literal(1),
  complete: z.boolean(),
  ports: z.strictObject({
    mainchain: port,
    gateway: port,
    nodes: z.array(z.strictObject({ rpc: port, peer: port })),
  }),
  fromBlock: z.number().int().nonnegative(),
  contracts: z.record(z.string(), address),
});

const STATE_FILE = "state.json";
const LOCK_FILE = "devnet.lock";

/** The folder of one devnet. One devnet process at a time works on it. */
export class DataFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Takes the folder for this process, making it where it is missing. */
  static async take(data: string): Promise<DataFolder> {
    const folder = new DataFolder(resolve(data));
    await mkdir(folder.path, { recursive: true }).catch((error: unknown) => {
      throw new CliError("DATA_UNUSABLE", `${folder.path} cannot be made a folder: ${reasonOf(error)}`);
    });
    if (!(await folder.#isOurs())) {
      throw new CliError("DATA_FOREIGN", `${folder.path} holds something else than a devnet: choose another --data`);
    }
    await folder.#lock();
    return folder;
  }

  get mainchain(): string {
    return join(this.path, "mainchain");
  }

  node(id: number): string {
    return join(this.path, "nodes", String(id));
  }

  /** What the last start left; undefined where the devnet was never set up completely. */
  async read(): Promise<DevnetState | undefined> {
    const path = join(this.path, STATE_FILE);
    let content: unknown;
    try {
      content = await readJson(path);
    } catch (error) {
      throw new CliError("DATA_DAMAGED", `${path}: ${reasonOf(error)}; --fresh begins anew`, { cause: error });
    }
    if (content === undefined) return undefined;
    const parsed = schema.safeParse(content);
    if (!parsed.success) {
      throw new CliError("DATA_DAMAGED", `${path} is not of this version; --fresh begins anew`);
    }
    return parsed.data.complete ? parsed.data : undefined;
  }

  async write(state: DevnetState): Promise<void> {
    await writeAtomically(join(this.path, STATE_FILE), `${JSON.stringify(state, undefined, 2)}\n`);
  }

  /** Removes everything but the lock. */
  async wipe(): Promise<void> {
    for (const name of await readdir(this.path)) {
      if (name !== LOCK_FILE) await rm(join(this.path, name), { recursive: true, force: true });
    }
  }

  async release(): Promise<void> {
    await rm(join(this.path, LOCK_FILE), { force: true });
  }

  /** Empty, or made by us: only such a folder may be wiped. */
  async #isOurs(): Promise<boolean> {
    const names = (await readdir(this.path)).filter((name) => name !== LOCK_FILE);
    if (names.length === 0) return true;
    const text = await readFile(join(this.path, STATE_FILE), "utf8").catch(() => "");
    return text.includes('"tributary-devnet"');
  }

  async #lock(): Promise<void> {
    const path = join(this.path, LOCK_FILE);
    for (let tries = 0; ; tries++) {
      try {
        const file = await open(path, "wx");
        await file.writeFile(String(process.pid));
        await file.close();
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST" || tries > 3) throw error;
      }
      const pid = Number(await readFile(path, "utf8").catch(() => "0"));
      if (pid !== process.pid && processRuns(pid, ["devnet"])) {
        throw new CliError("DEVNET_RUNNING", `a devnet runs on ${this.path} already (process ${pid})`);
      }
      await rm(path, { force: true });
    }
  }
}
