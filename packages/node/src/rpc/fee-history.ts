import type { ChainReader, EthereumView } from "@tributary/chain";
import { paysTips } from "@tributary/chain/block/header-codec";
import { quantity } from "./hex.ts";
import { paidTips, tipAt } from "./paid-tips.ts";

/** What eth_feeHistory tells of the fees of a range of blocks, the one after it included where a list says so. */
export type FeeHistory = {
  readonly baseFeePerGas: readonly string[];
  readonly baseFeePerBlobGas: readonly string[];
  readonly blobGasUsedRatio: readonly number[];
  /** Of each block the tips at the percentiles of its gas. */
  readonly reward: readonly (readonly string[])[];
};

/** On a rented chain gas costs what the owner asked for at each block; tips are paid where its fees are ordinary. */
export function ownersFees(
  chain: ChainReader,
  oldest: number,
  last: number,
  percentiles: readonly number[],
): FeeHistory {
  const numbers = Array.from({ length: last - oldest + 1 }, (_, index) => oldest + index);
  const zeros = (length: number): string[] => new Array<string>(length).fill("0x0");
  const priceAt = (number: number): bigint =>
    number > chain.head.header.number ? (chain.nextGasPrice ?? 0n) : (chain.block(number)?.header.baseFeePerGas ?? 0n);
  return {
    baseFeePerGas: [...numbers, last + 1].map((number) => quantity(priceAt(number))),
    baseFeePerBlobGas: zeros(numbers.length + 1),
    blobGasUsedRatio: numbers.map(() => 0),
    reward: numbers.map((number) => {
      const header = chain.block(number)?.header;
      if (header === undefined || !paysTips(header)) return zeros(percentiles.length);
      return rewards(chain, number, header.baseFeePerGas ?? 0n, percentiles);
    }),
  };
}

/** Of an Ethereum of others, from block `oldest` to `last`. */
export function feesOf(
  chain: ChainReader,
  ethereum: EthereumView,
  oldest: number,
  last: number,
  percentiles: readonly number[],
): FeeHistory {
  const numbers = Array.from({ length: last - oldest + 1 }, (_, index) => oldest + index);
  const fees = numbers.map((number) => ethereum.fees(number));
  const next =
    last === chain.head.header.number
      ? { baseFee: ethereum.nextBaseFee, blobBaseFee: ethereum.nextBlobBaseFee }
      : ethereum.fees(last + 1);
  return {
    baseFeePerGas: [...fees, next].map(({ baseFee }) => quantity(baseFee)),
    baseFeePerBlobGas: [...fees, next].map(({ blobBaseFee }) => quantity(blobBaseFee)),
    blobGasUsedRatio: fees.map(({ blobGasUsedRatio }) => blobGasUsedRatio),
    reward: numbers.map((number, index) => rewards(chain, number, fees[index]?.baseFee ?? 0n, percentiles)),
  };
}

/** Of a block the tips at percentiles of its gas. */
function rewards(chain: ChainReader, number: number, baseFee: bigint, percentiles: readonly number[]): string[] {
  const tips = percentiles.length === 0 ? [] : paidTips(chain, number, baseFee);
  return percentiles.map((percentile) => quantity(tipAt(tips, percentile)));
}
