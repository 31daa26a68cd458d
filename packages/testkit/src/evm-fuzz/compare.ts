import type { Evm } from "@tributary/evm/evm";
import type { Log } from "@tributary/evm/types";
import { toHex } from "@tributary/protocol/bytes/index";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { PreState } from "../statetest/pre-state.ts";
import type { Oracle } from "./oracle.ts";
import type { Scenario } from "./scenario.ts";

export type Verdict = {
  /** Empty where both engines agree. */
  readonly differences: readonly string[];
  readonly outcome: "invalid" | "success" | "revert" | "halt";
  readonly error: string | undefined;
  /** The library's. */
  readonly logs: readonly Log[];
};

function word(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));
}

export function preStateOf(scenario: Scenario): PreState {
  const state = new PreState();
  for (const { address, nonce, balance, code, storage } of scenario.accounts) {
    const codeHash = keccak256(code);
    state.putCode(codeHash, code);
    state.putAccount(address, { nonce, balance, codeHash });
    for (const [slot, value] of storage) state.putStorage(address, word(slot), word(value));
  }
  return state;
}

type Fields = readonly (readonly [name: string, ours: unknown, theirs: unknown])[];

function different(fields: Fields): string[] {
  return fields
    .filter(([, ours, theirs]) => String(ours) !== String(theirs))
    .map(([name, ours, theirs]) => `${name}: ours ${ours}, theirs ${theirs}`);
}

/** Only the lines that one side has alone. */
function stateDifferences(ours: readonly string[], theirs: readonly string[]): string[] {
  const [left, right] = [new Set(ours), new Set(theirs)];
  return [
    ...ours.filter((line) => !right.has(line)).map((line) => `state: only ours ${line}`),
    ...theirs.filter((line) => !left.has(line)).map((line) => `state: only theirs ${line}`),
  ];
}

/** Runs the scenario on both engines. */
export async function compare(evm: Evm, oracle: Oracle, scenario: Scenario): Promise<Verdict> {
  const pre = preStateOf(scenario);
  evm.begin(scenario.block, pre);
  const ours = evm.execute(scenario.transaction);
  const theirs = await oracle.run(scenario);
  if (ours.kind === "invalid" || theirs.kind === "invalid") {
    const text = (outcome: typeof ours | typeof theirs) =>
      outcome.kind === "invalid" ? outcome.reason : outcome.status;
    const differences = ours.kind === theirs.kind ? [] : [`ours ${text(ours)}, theirs ${text(theirs)}`];
    return { differences, outcome: "invalid", error: undefined, logs: [] };
  }
  const logs = (list: typeof ours.logs) =>
    list.map(({ address, topics, data }) => [address, ...topics, data].map(toHex).join(" ")).join("\n");
  const fields: Fields = [
    ["status", ours.status, theirs.status],
    ["gas", ours.gasUsed, theirs.gasUsed],
    ["refund", theirs.floored && theirs.refund === 0n ? 0n : ours.refund, theirs.refund],
    ["logs", logs(ours.logs), logs(theirs.logs)],
  ];
  const created = scenario.transaction.to === undefined && ours.status === "success";
  // Of a creation the library returns the code, ours nothing; the state has it.
  const outputs: Fields = created ? [] : [["output", toHex(ours.output), toHex(theirs.output)]];
  const differences = [
    ...different([...fields, ...outputs]),
    ...stateDifferences(pre.describe(evm.changes()).sort(), oracle.describe()),
  ];
  return { differences, outcome: theirs.status, error: theirs.error, logs: theirs.logs };
}
