import { data, type Parsed, parseData } from "../hex.ts";
import type { Method } from "../method.ts";

/** A place is a height with a name behind it; anything else that is short enough is before or behind all of them. */
const MAX_PLACE_BYTES = 64;

/**
 * Proofs that members contradicted themselves, as they are kept here: anybody may submit `evidence` to the Offences
 * contract. A page at a time, by height; `next` is the argument for the page that follows, null at the end.
 */
export const tributaryGetEvidence: Method = {
  name: "tributary_getEvidence",
  async run(params, context) {
    const from = params.nextOr(parsePlace, undefined);
    params.end();
    const { kept, next } = await context.member.evidence(from);
    return {
      evidence: kept.map(({ offence, evidence, node }) => ({
        ...offence,
        nodeId: node?.nodeId ?? null,
        nodeAddress: node?.nodeAddress ?? null,
        evidence: data(evidence),
      })),
      next: next === undefined ? null : data(next),
    };
  },
};

function parsePlace(value: unknown): Parsed<Uint8Array> {
  const parsed = parseData(value);
  if ("reason" in parsed || parsed.value.length <= MAX_PLACE_BYTES) return parsed;
  return { reason: `want at most ${MAX_PLACE_BYTES} bytes` };
}
