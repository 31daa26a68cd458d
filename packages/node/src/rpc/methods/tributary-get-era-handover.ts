import { data, type Parsed } from "../hex.ts";
import type { Method } from "../method.ts";

const MOST_ERA = 2 ** 32 - 1;

/**
 * This member's share of the signature of an era's key over the key of the next one, which began by schedule; null where
 * it has none. q of the members' shares combine to that signature: for verifiers that cannot read the mainchain.
 */
export const tributaryGetEraHandover: Method = {
  name: "tributary_getEraHandover",
  async run(params, context) {
    const era = params.next(parseEra);
    params.end();
    const kept = context.member.handover(era);
    if (kept === undefined) return null;
    const { firstHeight, groupKey, seat, members, share } = kept;
    return { era, firstHeight, groupKey, seat, members, share: data(share) };
  },
};

function parseEra(value: unknown): Parsed<number> {
  const whole = typeof value === "number" && Number.isInteger(value) && value > 0 && value <= MOST_ERA;
  return whole ? { value } : { reason: "want the number of an era" };
}
