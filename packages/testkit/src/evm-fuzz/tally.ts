import { opcodeNames, precompileIds } from "./opcodes.ts";

/** Cases by their seeds: from `first` to before `end`. */
export type SeedRange = readonly [first: number, end: number];

/** All that is counted, as a checkpoint keeps it. */
export type TallyData = {
  readonly ranges: readonly SeedRange[];
  /** Of the WebAssembly that was compared: more than one where it changed between two parts of a run. */
  readonly wasm: readonly string[];
  readonly milliseconds: number;
  readonly differing: readonly number[];
  readonly outcomes: Readonly<Record<string, number>>;
  /** Cases by the depth of their deepest frame, the transaction's own being 1; 0 where nothing executed. */
  readonly depths: Readonly<Record<string, number>>;
  /** Cases by the instructions that they executed. */
  readonly lengths: Readonly<Record<string, number>>;
  readonly opcodes: Readonly<Record<string, number>>;
  /** [succeeded, failed] */
  readonly precompiles: Readonly<Record<string, readonly [number, number]>>;
};

export type FuzzReport = {
  readonly seeds: readonly SeedRange[];
  readonly cases: number;
  readonly differences: number;
  readonly compared: readonly string[];
  readonly medianOpcodes: number;
  /** Parts of all cases. */
  readonly fractions: Readonly<Record<string, number>>;
  readonly deepest: number;
  /** The instructions that were executed least, and how often. */
  readonly seldomestOpcodes: Readonly<Record<string, number>>;
  readonly precompiles: Readonly<Record<string, { readonly succeeded: number; readonly failed: number }>>;
  /** What was executed less than 10,000 times. */
  readonly below10000: readonly string[];
  readonly wasm: readonly string[];
  readonly casesPerSecond: number;
};

const ENOUGH = 10_000;
const SELDOMEST = 8;

function add<K>(counts: Map<K, number>, key: K, times = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + times);
}

function addAll(counts: Map<number, number>, more: Readonly<Record<string, number>>): void {
  for (const [key, times] of Object.entries(more)) add(counts, Number(key), times);
}

function hex(id: number): string {
  return `0x${id.toString(16)}`;
}

/** Ranges joined where one goes on where another ends. Throws where a seed would count twice. */
function joined(ranges: readonly SeedRange[]): SeedRange[] {
  const all: [number, number][] = [];
  for (const [first, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last !== undefined && first < last[1]) throw new Error(`seed ${first} was counted already`);
    if (last !== undefined && first === last[1]) last[1] = end;
    else if (end > first) all.push([first, end]);
  }
  return all;
}

/** What the cases were and reached; tallies of different seeds can be added. */
export class Tally {
  #ranges: SeedRange[] = [];
  readonly #wasm = new Set<string>();
  #milliseconds = 0;
  readonly #differing: number[] = [];
  readonly #outcomes = new Map<string, number>();
  readonly #depths = new Map<number, number>();
  readonly #lengths = new Map<number, number>();
  readonly opcodes: number[] = new Array<number>(256).fill(0);
  readonly precompiles: Map<number, [succeeded: number, failed: number]> = new Map();

  get cases(): number {
    return this.#ranges.reduce((sum, [first, end]) => sum + end - first, 0);
  }

  get differences(): number {
    return this.#differing.length;
  }

  /** One case, whose instructions and precompiles were counted before. */
  count(seed: number, outcome: string, executed: number, deepest: number, differs: boolean): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && last[1] === seed) this.#ranges[this.#ranges.length - 1] = [last[0], seed + 1];
    else this.#ranges = joined([...this.#ranges, [seed, seed + 1]]);
    if (differs) this.#differing.push(seed);
    add(this.#outcomes, outcome);
    add(this.#depths, deepest);
    add(this.#lengths, executed);
  }

  countPrecompile(id: number, succeeded: boolean): void {
    const counts = this.precompiles.get(id) ?? [0, 0];
    counts[succeeded ? 0 : 1]++;
    this.precompiles.set(id, counts);
  }

  /** Time that passed, on a machine whose WebAssembly has this hash. */
  countTime(milliseconds: number, wasm: string): void {
    this.#milliseconds += milliseconds;
    this.#wasm.add(wasm);
  }

  /** Throws where a seed would count twice. */
  add(other: TallyData): void {
    this.#ranges = joined([...this.#ranges, ...other.ranges]);
    for (const hash of other.wasm) this.#wasm.add(hash);
    this.#milliseconds += other.milliseconds;
    this.#differing.push(...other.differing);
    for (const [outcome, times] of Object.entries(other.outcomes)) add(this.#outcomes, outcome, times);
    addAll(this.#depths, other.depths);
    addAll(this.#lengths, other.lengths);
    for (const [opcode, times] of Object.entries(other.opcodes)) {
      this.opcodes[Number(opcode)] = (this.opcodes[Number(opcode)] ?? 0) + times;
    }
    for (const [id, [succeeded, failed]] of Object.entries(other.precompiles)) {
      const [before, failedBefore] = this.precompiles.get(Number(id)) ?? [0, 0];
      this.precompiles.set(Number(id), [before + succeeded, failedBefore + failed]);
    }
  }

  data(): TallyData {
    return {
      ranges: this.#ranges,
      wasm: [...this.#wasm],
      milliseconds: this.#milliseconds,
      differing: this.#differing,
      outcomes: Object.fromEntries(this.#outcomes),
      depths: Object.fromEntries(this.#depths),
      lengths: Object.fromEntries(this.#lengths),
      opcodes: Object.fromEntries(this.opcodes.map((times, opcode) => [opcode, times])),
      precompiles: Object.fromEntries(this.precompiles),
    };
  }

  #median(cases: number): number {
    let left = Math.floor(cases / 2);
    for (const [length, times] of [...this.#lengths].sort(([a], [b]) => a - b)) {
      left -= times;
      if (left < 0) return length;
    }
    return 0;
  }

  report(): FuzzReport {
    const { cases } = this;
    const fraction = (times: number): number => Math.round((10_000 * times) / Math.max(cases, 1)) / 10_000;
    const deeperThan = (depth: number): number =>
      [...this.#depths].reduce((sum, [deepest, times]) => sum + (deepest > depth ? times : 0), 0);
    const opcodes = [...opcodeNames].map(([opcode, name]) => [name, this.opcodes[opcode] ?? 0] as const);
    const precompiles = precompileIds.osaka.map((id) => [hex(id), this.precompiles.get(id) ?? [0, 0]] as const);
    return {
      seeds: this.#ranges,
      cases,
      differences: this.differences,
      compared: ["status", "gas", "refund", "logs", "return data", "state"],
      medianOpcodes: this.#median(cases),
      fractions: {
        ...Object.fromEntries([...this.#outcomes].sort().map(([kind, times]) => [kind, fraction(times)])),
        deeperThan1: fraction(deeperThan(1)),
        deeperThan2: fraction(deeperThan(2)),
      },
      deepest: Math.max(0, ...this.#depths.keys()),
      seldomestOpcodes: Object.fromEntries(opcodes.toSorted((a, b) => a[1] - b[1]).slice(0, SELDOMEST)),
      precompiles: Object.fromEntries(precompiles.map(([id, [succeeded, failed]]) => [id, { succeeded, failed }])),
      below10000: [
        ...opcodes.filter(([, times]) => times < ENOUGH).map(([name]) => name),
        ...precompiles.filter(([, [succeeded, failed]]) => succeeded + failed < ENOUGH).map(([id]) => id),
      ],
      wasm: [...this.#wasm],
      casesPerSecond: Math.round((cases * 1000) / Math.max(this.#milliseconds, 1)),
    };
  }
}
