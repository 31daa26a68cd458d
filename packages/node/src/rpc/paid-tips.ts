import type { ChainReader, EthereumBlock } from "@tributary/chain";
import { paysTips } from "@tributary/chain/block/header-codec";

/** A transaction's tip, wei a gas, and the gas that it used. */
export type PaidTip = { readonly tip: bigint; readonly gas: number };

/** The percentile of a crowded block's tips that gets a transaction into one like it. */
const CROWDED_PERCENTILE = 60;

/** Nobody looks twice at a block's transactions to say what the next one should offer. */
const suggested = new WeakMap<EthereumBlock, bigint>();

/** What a block's transactions paid beside its base fee, ascending; those that somebody else paid for paid none. */
export function paidTips(chain: ChainReader, number: number, baseFee: bigint): readonly PaidTip[] {
  return (chain.receipts(number) ?? [])
    .map(({ gasPrice = 0n, receipt }) => ({
      tip: gasPrice > baseFee ? gasPrice - baseFee : 0n,
      gas: receipt.gasUsed,
    }))
    .sort((a, b) => (a.tip < b.tip ? -1 : 1));
}

/** The tip of the transaction in which a percentile of the block's gas falls, of tips that ascend. */
export function tipAt(tips: readonly PaidTip[], percentile: number): bigint {
  const total = tips.reduce((sum, { gas }) => sum + gas, 0);
  let sum = 0;
  const found = tips.find(({ gas }) => {
    sum += gas;
    return sum >= Math.floor((total * percentile) / 100);
  });
  return found?.tip ?? 0n;
}

/**
 * Wei a gas beside the base fee that a transaction should offer. On a rented chain that is nothing but where fees are
 * ordinary and the newest block used more than its target: there is room for all otherwise.
 */
export function suggestedTip(chain: ChainReader): bigint {
  if (chain.ethereum !== undefined) return chain.ethereum.suggestedTip;
  const { head } = chain;
  const { baseFeePerGas = 0n, gasUsed, gasLimit, number } = head.header;
  if (!paysTips(head.header) || 2 * gasUsed <= gasLimit) return 0n;
  const known = suggested.get(head);
  if (known !== undefined) return known;
  const tip = tipAt(paidTips(chain, number, baseFeePerGas), CROWDED_PERCENTILE);
  suggested.set(head, tip);
  return tip;
}
