import { decodeAccount } from "@tributary/chain/state/account";
import { accountKey } from "@tributary/chain/state/flat-key";
import { createAddress } from "@tributary/chain/transaction/recover";
import { addressOf, keyOf, signTransaction } from "@tributary/chain/transaction/sign.fixture";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { Random } from "../../agreement/random.ts";
import { concat } from "../../evm-hostile/assemble.ts";
import { padded, word } from "../evm/kernel.ts";
import type { BlockChain } from "./block-chain.ts";

export const CHAIN_ID = 4242n;
/** Accounts with known keys. Their addresses lie all over the state like the others'. */
export const SENDERS = 5_000;

const ownerKey: Uint8Array = keyOf(1_000_000);
export const owner: Uint8Array = addressOf(ownerKey);
const filler: Uint8Array = createAddress(owner, 0n);
const token: Uint8Array = createAddress(filler, 1n);
const TRANSFER_GAS = 100_000n;
/** Gas of a new account with tokens is below it. */
const GIFT_GAS = 100_000n;
const BATCH = 1_000;
const BATCHES_A_BLOCK = 20;

const selectors = {
  fill: keccak256(new TextEncoder().encode("fill(uint256,uint256)")).slice(0, 4),
  fillThese: keccak256(new TextEncoder().encode("fillThese(address[])")).slice(0, 4),
  transfer: keccak256(new TextEncoder().encode("transfer(address,uint256)")).slice(0, 4),
};

/** The address of the contract's account of a number: as `fill` computes it. */
function numbered(index: number): Uint8Array {
  return keccak256(word(index)).slice(12);
}

function senderAddress(index: number): Uint8Array {
  return addressOf(keyOf(index));
}

/** Account `index` of a state: senders first. */
function accountAddress(index: number): Uint8Array {
  return index < SENDERS ? senderAddress(index) : numbered(index);
}

function fillInput(first: number, count: number): Uint8Array {
  if (first >= SENDERS) return concat(selectors.fill, word(first), word(count));
  const addresses = Array.from({ length: count }, (_, i) => padded(senderAddress(first + i)));
  return concat(selectors.fillThese, word(32), word(count), ...addresses);
}

function nonceOf(chain: BlockChain, address: Uint8Array): bigint {
  const stored = chain.state.get(accountKey(address));
  return stored === undefined ? 0n : (decodeAccount(stored)?.nonce ?? 0n);
}

/** Creates the filler and its token, by the chain's first block. */
export async function createToken(chain: BlockChain, creation: Uint8Array): Promise<void> {
  const gasLimit = 20_000_000n;
  await chain.block([
    signTransaction({ chainId: CHAIN_ID, nonce: 0n, gasLimit, value: 10n ** 9n, data: creation }, ownerKey),
  ]);
}

/** Blocks that bring the state from `from` accounts to `to`; both are multiples of 1,000. */
export async function grow(
  chain: BlockChain,
  from: number,
  to: number,
  progress: (accounts: number) => void,
): Promise<void> {
  let nonce = nonceOf(chain, owner);
  for (let first = from; first < to; ) {
    const transactions: Uint8Array[] = [];
    for (; first < to && transactions.length < BATCHES_A_BLOCK; first += BATCH) {
      const gasLimit = 1_000_000n + GIFT_GAS * BigInt(BATCH);
      const data = fillInput(first, BATCH);
      transactions.push(signTransaction({ chainId: CHAIN_ID, nonce: nonce++, gasLimit, to: filler, data }, ownerKey));
    }
    await chain.block(transactions);
    progress(first);
  }
}

/**
 * Signed transfers from the senders in random order, each once and with this nonce, to random accounts of the whole
 * state. Reads no state: it would be in the caches afterwards.
 */
export function signTransfers(random: Random, nonce: bigint, accounts: number): Uint8Array[] {
  const senders = Array.from({ length: SENDERS }, (_, i) => i);
  for (let i = SENDERS - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [senders[i], senders[j]] = [senders[j] as number, senders[i] as number];
  }
  return senders.map((sender) => {
    const to = accountAddress(random.below(accounts));
    const data = concat(selectors.transfer, padded(to), word(1 + random.below(1_000_000)));
    return signTransaction({ chainId: CHAIN_ID, nonce, gasLimit: TRANSFER_GAS, to: token, data }, keyOf(sender));
  });
}
