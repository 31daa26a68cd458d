import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import type { Fork, Log, RunPrecompile } from "@tributary/evm/types";
import { compare, type Verdict } from "./compare.ts";
import { contractCodes } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { Oracle } from "./oracle.ts";
import { forks, makeScenario, type Scenario } from "./scenario.ts";

export type Difference = {
  readonly scenario: Scenario;
  readonly differences: readonly string[];
  /** The library's state afterwards, one line for each account and slot. */
  readonly theirs: readonly string[];
  readonly logs: readonly Log[];
};

export type FuzzReport = {
  readonly cases: number;
  readonly differences: number;
  readonly medianOpcodes: number;
  /** Parts of all cases. */
  readonly fractions: Readonly<Record<string, number>>;
  /** The instruction that was executed least, and how often. */
  readonly seldomestOpcode: readonly [opcode: string, times: number];
  readonly precompiles: Readonly<Record<string, number>>;
};

/** CLZ is Osaka's alone but counted too. The library stops before it executes 0xfe. */
const known: readonly number[] = [
  ...range(0x00, 0x0b),
  ...range(0x10, 0x1e),
  0x20,
  ...range(0x30, 0x4a),
  ...range(0x50, 0xa4),
  ...[0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xfa, 0xfd, 0xff],
];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Compares the engines case by case and counts what the cases reached. */
export class Fuzzer {
  readonly #evm: Evm;
  readonly #oracles: ReadonlyMap<Fork, Oracle>;
  readonly #coverage: Coverage;
  readonly #corpus: readonly Uint8Array[];
  readonly #outcomes = new Map<string, number>();
  readonly #lengths: number[] = [];
  #deep = 0;
  found = 0;

  private constructor(evm: Evm, oracles: ReadonlyMap<Fork, Oracle>, coverage: Coverage) {
    this.#evm = evm;
    this.#oracles = oracles;
    this.#coverage = coverage;
    this.#corpus = contractCodes();
  }

  /** `precompile` stands in for ours, to plant a fault. */
  static async create(precompile: RunPrecompile = runPrecompile): Promise<Fuzzer> {
    const coverage = new Coverage();
    const oracles = new Map<Fork, Oracle>();
    for (const fork of forks) oracles.set(fork, await Oracle.create(fork, coverage));
    return new Fuzzer(await Evm.create(precompile), oracles, coverage);
  }

  /** Runs the case of one seed; undefined where the engines agree. */
  async run(seed: number): Promise<Difference | undefined> {
    const scenario = makeScenario(seed, this.#corpus);
    const oracle = this.#oracles.get(scenario.fork) as Oracle;
    this.#coverage.begin();
    const verdict = await compare(this.#evm, oracle, scenario);
    this.#count(verdict);
    if (verdict.differences.length === 0) return undefined;
    this.found++;
    return { scenario, differences: verdict.differences, theirs: oracle.describe(), logs: verdict.logs };
  }

  #count({ outcome, error }: Verdict): void {
    const kind = outcome === "halt" && error === "out of gas" ? "outOfGas" : outcome;
    this.#outcomes.set(kind, (this.#outcomes.get(kind) ?? 0) + 1);
    this.#lengths.push(this.#coverage.executed);
    if (this.#coverage.deepest > 0) this.#deep++;
  }

  report(): FuzzReport {
    const cases = this.#lengths.length;
    const fraction = (times: number) => Math.round((1000 * times) / Math.max(cases, 1)) / 1000;
    const { opcodes, precompiles } = this.#coverage;
    const seldomest = known.reduce((a, b) => ((opcodes[b] ?? 0) < (opcodes[a] ?? 0) ? b : a));
    return {
      cases,
      differences: this.found,
      medianOpcodes: [...this.#lengths].sort((a, b) => a - b)[Math.floor(cases / 2)] ?? 0,
      fractions: {
        ...Object.fromEntries([...this.#outcomes].sort().map(([kind, times]) => [kind, fraction(times)])),
        deeperThanOne: fraction(this.#deep),
      },
      seldomestOpcode: [`0x${seldomest.toString(16)}`, opcodes[seldomest] ?? 0],
      precompiles: Object.fromEntries(
        [...precompiles].sort(([a], [b]) => a - b).map(([id, times]) => [`0x${id.toString(16)}`, times]),
      ),
    };
  }
}
