import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import type { Step, StepEnd, TracedCall, TracedExit, Tracer } from "@tributary/evm/tracers/tracer";
import type { Fork } from "@tributary/evm/types";
import { expect, test } from "vitest";
import { preStateOf } from "./compare.ts";
import { contractCodes } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { Oracle, type OracleStep } from "./oracle.ts";
import { forks, makeScenario, type Scenario } from "./scenario.ts";
import { Tally } from "./tally.ts";

type Line = OracleStep & {
  readonly fault: string | undefined;
  /** Whether the instruction ended its frame with an error, before or while it was executed. */
  readonly failed: boolean;
};

/** Each step as the library shows it. */
class StepRecorder implements Tracer {
  readonly lines: Line[] = [];
  #before: Omit<OracleStep, "gasCost" | "refund"> | undefined;
  #waiting: Line | undefined;

  step(step: Step): void {
    const stack = Array.from({ length: step.stackLength }, (_, i) => step.stack(step.stackLength - 1 - i));
    this.#before = { pc: step.pc, op: step.op, depth: step.depth, gas: step.gas, stack };
  }

  stepEnd({ gasCost, fault, refund }: StepEnd): void {
    if (this.#before === undefined) throw new Error("an end without a step");
    this.#waiting = { ...this.#before, gasCost, fault, refund, failed: fault !== undefined };
    this.#before = undefined;
    this.lines.push(this.#waiting);
  }

  /** The library charges a call for what it passes on only later; the stipend is no charge. */
  enter(call: TracedCall): void {
    const line = this.#waiting;
    this.#waiting = undefined;
    if (line === undefined || !["CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"].includes(call.kind)) return;
    const stipend = (call.kind === "CALL" || call.kind === "CALLCODE") && call.value !== 0n ? 2300n : 0n;
    this.lines[this.lines.length - 1] = { ...line, gasCost: line.gasCost - call.gas + stipend };
  }

  exit({ error, isRevert }: TracedExit): void {
    const line = this.#waiting;
    this.#waiting = undefined;
    if (line === undefined || error === undefined || isRevert) return;
    this.lines[this.lines.length - 1] = { ...line, failed: true };
  }
}

const STOP = 0x00;
const CREATE = 0xf0;
const INVALID = 0xfe;

/** The library counts the refund of authorizations only in the end, and that of an SSTORE that it cannot pay. */
const text = ({ depth, pc, op, gas, stack, refund }: OracleStep, withRefund: boolean): string =>
  `${depth} ${pc} ${op.toString(16)} ${gas} ${withRefund ? refund : "-"} ${stack.join(",")}`;

/** The library shows no STOP behind the end of code, and calls every instruction that does not exist INVALID. */
function aligned(ours: readonly Line[], theirs: readonly OracleStep[]): Line[] {
  const lines: Line[] = [];
  for (const line of ours) {
    const their = theirs[lines.length];
    const isSame = their !== undefined && their.pc === line.pc && their.depth === line.depth && their.op === line.op;
    if (line.op === STOP && !isSame) continue;
    lines.push(their?.op === INVALID && line.failed ? { ...line, op: INVALID } : line);
  }
  return lines;
}

/**
 * Of an instruction that failed the library names the gas only as far as it counted: nothing is compared but what little
 * gas failed, where it counts all, or more than the constant part that was already too much.
 */
function sameGas(our: Line, their: OracleStep): boolean {
  if (our.gasCost === their.gasCost) return true;
  if (!our.failed) return false;
  if (our.fault !== "out of gas" || our.op >= CREATE) return true;
  return their.gasCost > our.gasCost && our.gasCost > our.gas;
}

function differences({ seed, transaction }: Scenario, ours: readonly Line[], theirs: readonly OracleStep[]): string[] {
  const found: string[] = [];
  const lines = aligned(ours, theirs);
  for (let i = 0; i < Math.max(lines.length, theirs.length); i++) {
    const [our, their] = [lines[i], theirs[i]];
    const withRefund = transaction.type !== 4 && our?.fault === undefined;
    const [left, right] = [our && text(our, withRefund), their && text(their, withRefund)];
    if (our === undefined || their === undefined || left !== right) {
      return [...found, `seed ${seed} step ${i}: ours ${left}, theirs ${right}`];
    }
    if (!sameGas(our, their))
      found.push(`seed ${seed} step ${i}: ${left}: ours ${our.gasCost}, theirs ${their.gasCost}`);
  }
  return found;
}

test("each step of a trace is the library's, with its gas", async () => {
  const evm = await Evm.create(runPrecompile);
  const steps: OracleStep[] = [];
  const oracles = new Map<Fork, Oracle>();
  for (const fork of forks) {
    const oracle = await Oracle.create(fork, new Coverage(new Tally()));
    oracle.onStep((step) => steps.push(step));
    oracles.set(fork, oracle);
  }
  const corpus = contractCodes();
  const found: string[] = [];
  let compared = 0;
  for (let seed = 70_000; seed < 70_030; seed++) {
    const scenario = makeScenario(seed, corpus);
    const recorder = new StepRecorder();
    evm.begin(scenario.block, preStateOf(scenario));
    evm.trace(scenario.transaction, recorder);
    steps.length = 0;
    await oracles.get(scenario.fork)?.run(scenario);
    found.push(...differences(scenario, recorder.lines, steps));
    compared += steps.length;
  }
  expect(found).toEqual([]);
  expect(compared).toBeGreaterThan(5000);
});

test("the comparison notices one gas too much, a wrong operand, and a step too many", () => {
  const scenario = makeScenario(70_001, []);
  const step = { pc: 0, op: 1, depth: 1, gas: 100n, gasCost: 3n, stack: [1n, 2n], refund: 0n };
  const line = { ...step, fault: undefined, failed: false };
  expect(differences(scenario, [line], [step])).toEqual([]);
  expect(differences(scenario, [{ ...line, gasCost: 4n }], [step]).length).toBe(1);
  expect(differences(scenario, [{ ...line, stack: [1n, 3n] }], [step]).length).toBe(1);
  expect(differences(scenario, [line, line], [step]).length).toBe(1);
  expect(differences(scenario, [], [step]).length).toBe(1);
});
