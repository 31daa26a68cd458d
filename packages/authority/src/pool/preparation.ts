import { type Abi, type Address, numberToHex } from "viem";
import type { Call, Job, JobFailure } from "../job.ts";
import { quantity } from "../rpc/decode.ts";
import { isRevert, revertData, revertReason } from "../rpc/revert-reason.ts";
import type { RpcAnswer, RpcCall, RpcClient } from "../rpc/rpc-client.ts";
import { isRateLimit, verdictOf } from "../rpc/wording.ts";
import type { Limits } from "./options.ts";

export type Prepared =
  | { readonly kind: "ready"; readonly gas: bigint }
  | { readonly kind: "refused"; readonly failure: JobFailure }
  /** The signer cannot pay for it. */
  | { readonly kind: "dry" }
  /** The node could not tell. */
  | { readonly kind: "again" }
  /** No node has had time for it. */
  | { readonly kind: "later" };

export function callFields(call: Call, from: Address): Readonly<Record<string, string>> {
  return {
    from,
    ...(call.to === undefined ? {} : { to: call.to }),
    data: call.data,
    value: numberToHex(call.value),
    ...(call.gas === undefined ? {} : { gas: numberToHex(call.gas) }),
  };
}

function question(call: Call, from: Address): RpcCall {
  if (call.gas === undefined) return { method: "eth_estimateGas", params: [callFields(call, from)] };
  return { method: "eth_call", params: [callFields(call, from), "latest"] };
}

function judged(call: Call, answer: RpcAnswer, percent: number, abi: Abi | undefined): Prepared {
  if (answer.ok) {
    if (call.gas !== undefined) return { kind: "ready", gas: call.gas };
    const estimate = quantity(answer.result);
    if (estimate === undefined || estimate > 2n ** 63n) return { kind: "again" };
    // A plain transfer's 21,000 is exact.
    const gas = estimate === 21_000n ? estimate : (estimate * BigInt(percent)) / 100n;
    if (call.maxGas === undefined || gas <= call.maxGas) return { kind: "ready", gas };
    if (estimate <= call.maxGas) return { kind: "ready", gas: call.maxGas };
    const failure = { code: "GAS_LIMIT", message: `it takes ${estimate} gas, and may take ${call.maxGas}` };
    return { kind: "refused", failure };
  }
  if (isRateLimit(answer.code, answer.message)) return { kind: "later" };
  if (verdictOf(answer.code, answer.message) === "insufficient-funds") return { kind: "dry" };
  if (!isRevert(answer.code, answer.message)) return { kind: "again" };
  const data = revertData(answer.data);
  const message = revertReason(data, answer.message, abi);
  return {
    kind: "refused",
    failure: { code: "SIMULATION_REVERTED", message, ...(data === undefined ? {} : { data }) },
  };
}

/** Asks the lane's endpoint. It may be a block behind: what fails there is asked of the one that shows the chain. */
async function tried(rpc: RpcClient, calls: readonly RpcCall[], lane: number): Promise<RpcAnswer[]> {
  const answers = await rpc.batch(calls, lane);
  const failed = answers.flatMap((answer, index) =>
    answer.ok || isRateLimit(answer.code, answer.message) ? [] : [index],
  );
  if (failed.length === 0 || !rpc.isSpread) return answers;
  const again = await rpc.batch(failed.map((index) => calls[index] as RpcCall));
  for (const [place, index] of failed.entries()) answers[index] = again[place] as RpcAnswer;
  return answers;
}

/** Tries each call on the newest state from this signer, in one batch, before it costs a nonce. `lane`: see RpcClient. */
export async function prepare(
  rpc: RpcClient,
  from: Address,
  jobs: readonly Job[],
  limits: Pick<Limits, "simulate" | "gasPercent">,
  abiOf: (job: Job) => Abi | undefined,
  lane: number,
): Promise<Prepared[]> {
  const asked = jobs.filter(({ call }) => call.gas === undefined || limits.simulate);
  const calls = asked.map(({ call }) => question(call, from));
  const answers = asked.length === 0 ? [] : await tried(rpc, calls, lane);
  const byJob = new Map(asked.map((job, index) => [job, answers[index]]));
  return jobs.map((job) => {
    const answer = byJob.get(job);
    if (answer !== undefined) return judged(job.call, answer, limits.gasPercent, abiOf(job));
    return job.call.gas === undefined ? { kind: "again" } : { kind: "ready", gas: job.call.gas };
  });
}
