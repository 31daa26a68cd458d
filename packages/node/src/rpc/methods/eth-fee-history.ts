import { findBlock, parseBlockNumber, requireBlock } from "../block-param.ts";
import { feesOf, ownersFees } from "../fee-history.ts";
import { kindOf, type Parsed, parseIndex, quantity } from "../hex.ts";
import { MAX_FEE_HISTORY, MAX_FEE_PERCENTILES } from "../limits.ts";
import type { Method } from "../method.ts";

/** Units for each transaction whose tip is looked at. */
const UNITS_A_TIP = 0.2;

/** Shape and limits of geth's; on a rented chain the base fee is what its owner asks for, and rewards are mostly zero. */
export const ethFeeHistory: Method = {
  name: "eth_feeHistory",
  run(params, context) {
    const asked = params.next(parseCount);
    const newest = params.next(parseBlockNumber);
    const percentiles = params.nextOr(parsePercentiles, []);
    params.end();
    const last = requireBlock(context.chain, newest).header.number;
    const count = Math.min(asked, MAX_FEE_HISTORY, last + 1);
    if (count === 0) return { oldestBlock: "0x0", baseFeePerGas: null, gasUsedRatio: null };
    context.charge(count / 20);
    const oldest = last - count + 1;
    const ratios: number[] = [];
    for (let number = oldest; number <= last; number++) {
      const block = findBlock(context.chain, number);
      const header = block?.header;
      if (percentiles.length > 0 && block !== undefined && block.header.baseFeePerGas !== 0n) {
        context.charge(block.transactionHashes.length * UNITS_A_TIP);
      }
      ratios.push(header === undefined || header.gasLimit === 0 ? 0 : header.gasUsed / header.gasLimit);
    }
    const { ethereum } = context.chain;
    const { reward, ...fees } =
      ethereum === undefined
        ? ownersFees(context.chain, oldest, last, percentiles)
        : feesOf(context.chain, ethereum, oldest, last, percentiles);
    return {
      oldestBlock: quantity(oldest),
      ...(percentiles.length === 0 ? {} : { reward }),
      ...fees,
      gasUsedRatio: ratios,
    };
  },
};

/** Older clients send the count as a number. */
function parseCount(value: unknown): Parsed<number> {
  if (typeof value !== "number") return parseIndex(value);
  return Number.isSafeInteger(value) && value >= 0 ? { value } : { reason: "want a block count" };
}

function parsePercentiles(value: unknown): Parsed<readonly number[]> {
  if (!Array.isArray(value)) return { reason: `want an array of percentiles, got ${kindOf(value)}` };
  if (value.length > MAX_FEE_PERCENTILES) return { reason: `over the query limit ${MAX_FEE_PERCENTILES}` };
  let previous = -1;
  for (const [index, item] of value.entries()) {
    if (typeof item !== "number" || !(item >= 0 && item <= 100)) {
      return { reason: `invalid reward percentile: #${index} is not between 0 and 100` };
    }
    if (item <= previous) return { reason: `invalid reward percentile: #${index} is not above #${index - 1}` };
    previous = item;
  }
  return { value: value as readonly number[] };
}
