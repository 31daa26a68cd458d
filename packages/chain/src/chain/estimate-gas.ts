import type { CallResult } from "../executor/call.ts";
import type { GasEstimate } from "./reader.ts";

/** Gas of a plain transfer, tried first. */
const TRANSFER_GAS = 21_000n;
/** geth's tolerance: the search ends when the bounds are within 1.5 % of each other. */
const TOLERANCE_NUMERATOR = 15n;
const TOLERANCE_DENOMINATOR = 1_000n;

/** Too little gas may show as a revert of a caller that caught the inner failure, so any failure counts as too little. */
function succeeded(result: CallResult): result is Extract<CallResult, { readonly kind: "success" }> {
  return result.kind === "success";
}

/**
 * Least gas limit, up to the tolerance, with which the call succeeds; at most `cap`. A call that fails with `cap` gives
 * its failure.
 */
export async function estimateGas(
  run: (gas: bigint) => Promise<CallResult>,
  cap: bigint,
  plainTransfer: boolean,
): Promise<GasEstimate> {
  if (plainTransfer && TRANSFER_GAS <= cap && succeeded(await run(TRANSFER_GAS))) {
    return { kind: "success", gas: TRANSFER_GAS };
  }
  const first = await run(cap);
  if (first.kind === "halt" && first.message === "out of gas") {
    return { ...first, message: `gas required exceeds allowance (${cap})` };
  }
  if (!succeeded(first)) return first;
  let low = first.gasUsed - 1n;
  let high = cap;
  // 63/64 of the gas goes into a call, and refunds come after: a little above what was used most often suffices.
  const guess = ((first.gasUsed + 2_300n) * 64n) / 63n;
  if (guess < high) {
    if (succeeded(await run(guess))) high = guess;
    else low = guess;
  }
  while (low + 1n < high) {
    if ((high - low) * TOLERANCE_DENOMINATOR < high * TOLERANCE_NUMERATOR) break;
    const middle = low > 0n && (high + low) / 2n > 2n * low ? 2n * low : (high + low) / 2n;
    if (succeeded(await run(middle))) high = middle;
    else low = middle;
  }
  return { kind: "success", gas: high };
}
