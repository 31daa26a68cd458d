import { addressOf, keyOf, signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { Hex } from "viem";

const COUNT_GAS = 50_000n;
const TRANSFER_GAS = 21_000n;

/** Accounts without coins that send in turn, each its nonces in their order. */
export class Senders {
  readonly #chainId: bigint;
  readonly #keys: readonly Uint8Array[];
  #sent = 0;

  /** `first` tells the accounts of one measurement from those of another one. */
  constructor(chainId: number, first: number, count: number) {
    this.#chainId = BigInt(chainId);
    this.#keys = Array.from({ length: count }, (_, index) => keyOf(first + index));
  }

  addresses(): readonly Hex[] {
    return this.#keys.map((key) => toHex(addressOf(key)));
  }

  /** A transfer of nothing to nobody. */
  transfer(): Hex {
    return this.#next({ gasLimit: TRANSFER_GAS, to: new Uint8Array(20).fill(0xbb) });
  }

  /** Counts in a slot of its own of the counter. */
  count(counter: Hex): Hex {
    const data = keccak256(new TextEncoder().encode(`count ${this.#sent} of ${this.#chainId} ${this.#keys[0]}`));
    return this.#next({ gasLimit: COUNT_GAS, to: bytesOf(counter), data });
  }

  #next(fields: { readonly gasLimit: bigint; readonly to: Uint8Array; readonly data?: Uint8Array }): Hex {
    const key = this.#keys[this.#sent % this.#keys.length];
    if (key === undefined) throw new RangeError("no senders");
    const nonce = BigInt(Math.floor(this.#sent++ / this.#keys.length));
    return toHex(signTransaction({ ...fields, chainId: this.#chainId, nonce }, key));
  }
}

function bytesOf(text: Hex): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new RangeError(`${text} is no address`);
  return bytes;
}
