import { decodeTransaction } from "@tributary/chain/transaction/decode";
import { addressOf, keyOf, signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { sealWork, WorkAttempts, workChallenge } from "@tributary/protocol/gasless/proof-of-work";

/** Gas of the transfer that every action is. */
export const ACTION_GAS = 21_000n;
const NOBODY = new Uint8Array(20).fill(0xbb);

/** Somebody with a key. */
export class Account {
  readonly address: Uint8Array;
  /** Next nonce. */
  nonce = 0n;
  readonly #key: Uint8Array;
  readonly #chainId: bigint;

  constructor(index: number, chainId: bigint) {
    this.#key = keyOf(index);
    this.#chainId = chainId;
    this.address = addressOf(this.#key);
  }

  action(): Uint8Array {
    return this.call(NOBODY, new Uint8Array(0), ACTION_GAS);
  }

  call(to: Uint8Array, data: Uint8Array, gasLimit: bigint): Uint8Array {
    const { nonce } = this;
    this.nonce++;
    return signTransaction({ chainId: this.#chainId, nonce, gasLimit, to, data }, this.#key);
  }

  /** The action with a proof of work for the block. */
  seal(raw: Uint8Array, blockHash: Uint8Array, hashesPerGas: number): Uint8Array {
    const decoded = decodeTransaction(raw, this.#chainId);
    if (!decoded.ok) throw new Error(decoded.rejection.message);
    const { nonce, digest: signingHash } = decoded.transaction;
    const subject = { chainId: this.#chainId, sender: this.address, nonce, blockHash, signingHash };
    const attempts = new WorkAttempts(workChallenge(subject));
    const hashes = Math.ceil(Number(ACTION_GAS) * hashesPerGas);
    let counter = 0n;
    while (attempts.work(counter) < hashes) counter++;
    return sealWork(raw, { blockHash, counter });
  }
}
