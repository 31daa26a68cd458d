import type { EthereumHeader } from "@tributary/chain/block/ethereum";

/** A block's own fields, as far as execution asks for them. */
export type BlockPlace = Pick<
  EthereumHeader,
  "number" | "timestamp" | "beneficiary" | "gasLimit" | "mixHash" | "parentHash"
> & {
  readonly baseFeePerGas: bigint;
  readonly excessBlobGas: bigint;
  readonly parentBeaconBlockRoot: Uint8Array;
};

/** Of a header from Cancun on. */
export function placeOf(header: EthereumHeader): BlockPlace {
  const { baseFeePerGas = 0n, excessBlobGas = 0n, parentBeaconBlockRoot = new Uint8Array(32) } = header;
  return { ...header, baseFeePerGas, excessBlobGas, parentBeaconBlockRoot };
}
