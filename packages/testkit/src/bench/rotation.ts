import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { BlockWatch } from "../devnet/block-watch.ts";
import { Devnet } from "../devnet/devnet.ts";
import { Load } from "../devnet/load.ts";
import { eraAt, type Finality, signedDigest, verify } from "../devnet/outside-verifier.ts";
import { sleep, until } from "../devnet/processes.ts";
import { call } from "../devnet/rpc.ts";
import { percentile } from "./percentile.ts";

const START_MS = 900_000;
const ROTATION_MS = 600_000;
/** Nodes beside the committee: whoever leaves is replaced by one of them. */
const SPARE = 2;
const PER_SECOND = 20;

const root = resolve(import.meta.dirname, "../../../..");
const main = join(root, "packages/cli/src/main.ts");

export type RotationOptions = {
  readonly members: number;
  readonly rotations: number;
  readonly progress: (line: string) => void;
};

type Proof = Finality & { readonly header: { readonly epoch: number } };

type Row = {
  /** From the request to leave to the first block of the next epoch. */
  readonly seconds: number;
  /** Times between blocks from the request until ten blocks into the next epoch, milliseconds. */
  readonly gapMs: { readonly median: number; readonly worst: number };
  /** The same over as many blocks before the request. */
  readonly beforeMs: { readonly median: number; readonly worst: number };
};

/** What must hold whatever the speed; 1 at the end where anything stands here. */
export type RotationFigures = { readonly rows: readonly Row[]; readonly wrong: readonly string[] };

class Bench {
  readonly #devnet: Devnet;

  constructor(devnet: Devnet) {
    this.#devnet = devnet;
  }

  get chain(): Devnet["info"]["chains"][number] {
    const [chain] = this.#devnet.info.chains;
    if (chain === undefined) throw new RangeError("the devnet has no chain");
    return chain;
  }

  /** One member leaves; resolves ten blocks into the next epoch. */
  async rotate(leaver: number): Promise<{ readonly milliseconds: number; readonly proof: Proof }> {
    const before = await this.#newest();
    const begun = performance.now();
    const parameters = ["node", "exit", String(leaver), "--data", this.#devnet.data, "--json"];
    await promisify(execFile)(process.execPath, [main, ...parameters], { cwd: root });
    const first = await until(`the epoch after ${before.header.epoch}`, ROTATION_MS, async () => {
      if (this.chain.members.includes(leaver)) return undefined;
      const proof = await this.#newest().catch(() => undefined);
      return proof !== undefined && proof.header.epoch > before.header.epoch ? proof : undefined;
    });
    const milliseconds = performance.now() - begun;
    const proof = await until("ten blocks of the epoch", 120_000, async () => {
      const proof = await this.#newest().catch(() => undefined);
      return proof !== undefined && proof.blockNumber >= first.blockNumber + 10 ? proof : undefined;
    });
    return { milliseconds, proof };
  }

  /** Whether the block is certified by the key that the manager contract has, which is the chain's first one. */
  async certified(proof: Proof, first: string): Promise<boolean> {
    const { era, groupKey: key } = await eraAt(this.#devnet.info.mainchain, this.chain.chainId, proof.blockNumber);
    return key === first && verify(key, signedDigest(proof.headerEncoded, era), proof.certificate);
  }

  #newest(): Promise<Proof> {
    return call<Proof>(this.chain.rpc[0] ?? "", "tributary_getFinality", "latest");
  }
}

function spread(gaps: readonly number[]): Row["gapMs"] {
  return { median: Math.round(percentile(gaps, 0.5)), worst: Math.round(gaps.at(-1) ?? 0) };
}

/** Members leave one after the other under light load. Throws where a rotation never ends. */
export async function benchRotation({ members, rotations, progress }: RotationOptions): Promise<RotationFigures> {
  const devnet = await Devnet.start({ nodes: members + SPARE, timeout: START_MS });
  const bench = new Bench(devnet);
  const watch = new BlockWatch(() => bench.chain.rpc);
  const load = new Load(devnet.info, 0);
  try {
    const committee = bench.chain.members.length;
    if (committee !== members) throw new RangeError(`the devnet's chain has ${committee} members, not ${members}`);
    const key = bench.chain.groupPublicKey;
    progress(`a chain of ${members} of ${members + SPARE} nodes is up`);
    load.start(PER_SECOND);
    await sleep(15_000);
    const rows: Row[] = [];
    const wrong: string[] = [];
    for (let turn = 0; turn < rotations; turn++) {
      watch.take();
      await sleep(15_000);
      const before = watch.take();
      const leaver = bench.chain.members[turn % members] ?? 0;
      const { milliseconds, proof } = await bench.rotate(leaver);
      const row = {
        seconds: Number((milliseconds / 1_000).toFixed(1)),
        gapMs: spread(watch.take()),
        beforeMs: spread(before),
      };
      rows.push(row);
      progress(`node ${leaver} left: ${JSON.stringify(row)}`);
      if (!(await bench.certified(proof, key))) wrong.push(`block ${proof.blockNumber} is not certified by the key`);
    }
    await load.finish();
    const counts = await load.minedCounts(bench.chain.rpc[0] ?? "", 120_000);
    const lost = load.acknowledged.filter((hash) => counts.get(hash) !== 1).length;
    if (lost > 0) wrong.push(`${lost} of ${load.acknowledged.length} acknowledged transactions are not mined once`);
    return { rows, wrong };
  } finally {
    await load.finish();
    await watch.stop();
    await devnet.dispose();
  }
}
