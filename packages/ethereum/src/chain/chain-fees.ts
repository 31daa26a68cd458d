import type { BlockFees } from "@tributary/chain";
import { blobBaseFee, GAS_PER_BLOB, nextBaseFee, nextExcessBlobGas } from "../block/fees.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** What gas costs in the block after the head. */
export class ChainFees {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get nextBaseFee(): bigint {
    return nextBaseFee(this.#ledger.head.block.header);
  }

  of(block: number): BlockFees {
    const header = this.#ledger.entry(block)?.block.header;
    const rules = header === undefined ? undefined : this.#ledger.schedule.rulesAt(header.timestamp);
    if (header === undefined || rules === undefined) {
      return { baseFee: header?.baseFeePerGas ?? 0n, blobBaseFee: 0n, blobGasUsedRatio: 0 };
    }
    return {
      baseFee: header.baseFeePerGas ?? 0n,
      blobBaseFee: blobBaseFee(header.excessBlobGas ?? 0n, rules.blobs),
      blobGasUsedRatio: Number(header.blobGasUsed ?? 0n) / (rules.blobs.max * Number(GAS_PER_BLOB)),
    };
  }

  get nextBlobBaseFee(): bigint {
    const { header } = this.#ledger.head.block;
    const rules = this.#ledger.schedule.rulesAt(header.timestamp);
    return rules === undefined ? 0n : blobBaseFee(nextExcessBlobGas(header, rules), rules.blobs);
  }
}
