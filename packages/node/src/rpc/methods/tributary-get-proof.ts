import { kindOf, type Parsed, parseAddress, parseSlot } from "../hex.ts";
import { MAX_PROOF_WAIT_MS, MAX_PROVEN_SLOTS } from "../limits.ts";
import type { Method } from "../method.ts";
import { LimitError, RPC_CODE, RpcError } from "../rpc-error.ts";
import { shapeStateProof } from "../shape/state-proof.ts";

/** Bytes of buckets for one unit of budget: reading them, and writing them as hexadecimal. */
const BYTES_PER_UNIT = 16_384;
/** Seconds after which a proof that is being prepared may be asked for again. */
const RETRY_SECONDS = 5;

/**
 * What proves an account and some of its slots to somebody who knows the group key alone (README): the newest certified
 * block whose state is written out here, so not always the newest one.
 */
export const tributaryGetProof: Method = {
  name: "tributary_getProof",
  async run(params, context) {
    const address = params.next(parseAddress);
    const slots = params.nextOr(parseSlots, []);
    params.end();
    const report = await inTime(context.member.stateProof(address, slots));
    if (report.kind === "uncertified") throw new RpcError(RPC_CODE.notFound, "no block of this chain is certified yet");
    if (report.kind === "too-large") {
      throw new RpcError(RPC_CODE.tooLarge, "the account's buckets are too large for one answer: ask for fewer slots");
    }
    const { proof } = report;
    context.charge(proof.buckets.reduce((sum, { entries }) => sum + entries.length, 0) / BYTES_PER_UNIT);
    return shapeStateProof(context.chain.chainId, proof, address, slots);
  },
};

/** The state of a large chain takes longer to write out than a call has time. */
async function inTime<T>(proof: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new LimitError("the state is being written out for proofs: ask again", RETRY_SECONDS);
    timer = setTimeout(() => reject(error), MAX_PROOF_WAIT_MS);
  });
  try {
    return await Promise.race([proof, late]);
  } finally {
    clearTimeout(timer);
  }
}

function parseSlots(value: unknown): Parsed<readonly Uint8Array[]> {
  if (!Array.isArray(value)) return { reason: `want an array of slots, got ${kindOf(value)}` };
  if (value.length > MAX_PROVEN_SLOTS) return { reason: `too many slots (max ${MAX_PROVEN_SLOTS})` };
  const slots: Uint8Array[] = [];
  for (const slot of value) {
    const one = parseSlot(slot);
    if ("reason" in one) return { reason: one.reason };
    slots.push(one.value);
  }
  return { value: slots };
}
