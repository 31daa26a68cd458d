import { blobBaseFee, nextBaseFee, nextExcessBlobGas } from "../block/fees.ts";
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

  get nextBlobBaseFee(): bigint {
    const { header } = this.#ledger.head.block;
    const rules = this.#ledger.schedule.rulesAt(header.timestamp);
    return rules === undefined ? 0n : blobBaseFee(nextExcessBlobGas(header, rules), rules.blobs);
  }
}
