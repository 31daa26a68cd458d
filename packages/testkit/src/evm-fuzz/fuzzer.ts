import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import type { Fork, Log, RunPrecompile } from "@tributary/evm/types";
import { evmWasmHash } from "@tributary/evm/wasm-hash";
import { compare } from "./compare.ts";
import { contractCodes } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { Oracle } from "./oracle.ts";
import { forks, makeScenario, type Scenario } from "./scenario.ts";
import { Tally } from "./tally.ts";

export type Difference = {
  readonly scenario: Scenario;
  readonly differences: readonly string[];
  /** The library's state afterwards, one line for each account and slot. */
  readonly theirs: readonly string[];
  readonly logs: readonly Log[];
};

/** Compares the engines case by case and counts what the cases reached. */
export class Fuzzer {
  readonly #evm: Evm;
  readonly #oracles: ReadonlyMap<Fork, Oracle>;
  readonly #coverage: Coverage;
  readonly #corpus: readonly Uint8Array[];
  readonly #wasm: string;
  readonly tally: Tally;

  private constructor(evm: Evm, oracles: ReadonlyMap<Fork, Oracle>, coverage: Coverage, tally: Tally, wasm: string) {
    this.#evm = evm;
    this.#oracles = oracles;
    this.#coverage = coverage;
    this.#corpus = contractCodes();
    this.#wasm = wasm;
    this.tally = tally;
  }

  /** `precompile` stands in for ours, to plant a fault. */
  static async create(precompile: RunPrecompile = runPrecompile): Promise<Fuzzer> {
    const tally = new Tally();
    const coverage = new Coverage(tally);
    const oracles = new Map<Fork, Oracle>();
    for (const fork of forks) oracles.set(fork, await Oracle.create(fork, coverage));
    return new Fuzzer(await Evm.create(precompile), oracles, coverage, tally, await evmWasmHash());
  }

  /** Runs the case of one seed; undefined where the engines agree. */
  async run(seed: number): Promise<Difference | undefined> {
    const from = performance.now();
    const scenario = makeScenario(seed, this.#corpus);
    const oracle = this.#oracles.get(scenario.fork) as Oracle;
    this.#coverage.begin();
    const { differences, outcome, error, logs } = await compare(this.#evm, oracle, scenario);
    const kind = outcome === "halt" && error === "out of gas" ? "outOfGas" : outcome;
    const differs = differences.length > 0;
    this.tally.count(seed, kind, this.#coverage.executed, this.#coverage.deepest, differs);
    this.tally.countTime(performance.now() - from, this.#wasm);
    return differs ? { scenario, differences, theirs: oracle.describe(), logs } : undefined;
  }
}
