import type { BucketProof, StateProof } from "@tributary/chain/proof/state-proof";
import { ProvenState } from "@tributary/chain/proof/verify-state-proof";
import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { data, quantity } from "../hex.ts";

/** The answer of tributary_getProof: what an own proof says, and the proof. Slots have 32 bytes. */
export function shapeStateProof(
  chainId: bigint,
  proof: StateProof,
  address: Uint8Array,
  slots: readonly Uint8Array[],
): object {
  const state = ProvenState.read(proof);
  const account = state?.account(address);
  if (state === undefined || account === undefined) throw new Error("a proof of our own holds the account");
  return {
    chainId: chainId.toString(),
    blockNumber: state.block.number,
    blockHash: data(keccak256(proof.header)),
    address: data(address),
    nonce: quantity(account.nonce),
    balance: quantity(account.balance),
    codeHash: data(account.codeHash),
    storage: slots.map((slot) => ({
      key: data(slot),
      value: data(state.storage(address, slot) ?? new Uint8Array(32)),
    })),
    containerHeader: data(proof.container),
    certificateEra: proof.certificateEra,
    certificate: data(proof.certificate),
    branch: { index: proof.branch.index, count: proof.branch.count, siblings: proof.branch.siblings.map(data) },
    blockHeader: data(proof.header),
    buckets: proof.buckets.map(shapeBucket),
  };
}

function shapeBucket({ bucket, entries, siblings }: BucketProof): object {
  return { bucket, entries: toHex(entries), siblings: siblings.map(data) };
}
