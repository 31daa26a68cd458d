import type { ChainReader, EthereumView } from "@tributary/chain";
import { quantity } from "./hex.ts";

/** What eth_feeHistory tells of the fees of a range of blocks, the one after it included where a list says so. */
export type FeeHistory = {
  readonly baseFeePerGas: readonly string[];
  readonly baseFeePerBlobGas: readonly string[];
  readonly blobGasUsedRatio: readonly number[];
  /** Of each block the tips at the percentiles of its gas. */
  readonly reward: readonly (readonly string[])[];
};

/** On a rented chain gas costs what the owner asked for at each block. */
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
    reward: numbers.map(() => zeros(percentiles.length)),
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

/** The tip of the transaction in which each percentile of the block's gas falls, when they stand by their tips. */
function rewards(chain: ChainReader, number: number, baseFee: bigint, percentiles: readonly number[]): string[] {
  const paid = (chain.receipts(number) ?? [])
    .map(({ gasPrice = 0n, receipt }) => ({ tip: gasPrice - baseFee, gas: receipt.gasUsed }))
    .sort((a, b) => (a.tip < b.tip ? -1 : 1));
  const total = paid.reduce((sum, { gas }) => sum + gas, 0);
  return percentiles.map((percentile) => {
    let sum = 0;
    const found = paid.find(({ gas }) => {
      sum += gas;
      return sum >= Math.floor((total * percentile) / 100);
    });
    return quantity(found?.tip ?? 0n);
  });
}
