import { developmentOf } from "../development-view.ts";
import type { Parsed } from "../hex.ts";
import type { Method } from "../method.ts";
import { parseNumber } from "../parse-number.ts";
import { setNextTime } from "./evm-set-next-block-timestamp.ts";

/** Blocks of one request: what a call's time allows. */
const MAX_BLOCKS = 128;

type Wish = { readonly timestamp: number | undefined; readonly blocks: number };

/** Makes a block now, or some; the first one at a given time. */
export const evmMine: Method = {
  name: "evm_mine",
  async run(params, context) {
    const development = developmentOf(context, "evm_mine");
    const { timestamp, blocks } = params.nextOr(parseWish, { timestamp: undefined, blocks: 1 });
    params.end();
    if (timestamp !== undefined) await setNextTime(development, timestamp);
    for (let made = 0; made < blocks; made++) await development.mine();
    return "0x0";
  },
};

/** A timestamp, or an object that may hold `timestamp` and `blocks`. */
function parseWish(value: unknown): Parsed<Wish> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const timestamp = parseNumber(value);
    return "reason" in timestamp ? timestamp : { value: { timestamp: timestamp.value, blocks: 1 } };
  }
  const wish = value as { readonly timestamp?: unknown; readonly blocks?: unknown };
  const timestamp = wish.timestamp === undefined ? undefined : parseNumber(wish.timestamp);
  const blocks = parseNumber(wish.blocks ?? 1);
  if (timestamp !== undefined && "reason" in timestamp) return { reason: `timestamp: ${timestamp.reason}` };
  if ("reason" in blocks) return { reason: `blocks: ${blocks.reason}` };
  if (blocks.value < 1 || blocks.value > MAX_BLOCKS) return { reason: `blocks: want 1 to ${MAX_BLOCKS}` };
  return { value: { timestamp: timestamp?.value, blocks: blocks.value } };
}
