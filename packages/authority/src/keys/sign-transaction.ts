import {
  type Address,
  type Hex,
  hexToBytes,
  isAddressEqual,
  keccak256,
  recoverAddress,
  serializeTransaction,
} from "viem";
import type { Call } from "../job.ts";
import { LocalSigner } from "./local-signer.ts";
import type { Signer } from "./signer.ts";

/** Wei a gas. `legacy` where the chain's blocks have no base fee. */
export type Price = { readonly kind: "eip1559" | "legacy"; readonly maxFee: bigint; readonly tip: bigint };

export type Unsigned = {
  readonly chainId: number;
  readonly nonce: number;
  readonly gas: bigint;
  readonly price: Price;
  readonly call: Call;
};

function fields(transaction: Unsigned): Parameters<typeof serializeTransaction>[0] {
  const { chainId, nonce, gas, price, call } = transaction;
  const to: { readonly to?: Address } = call.to === undefined ? {} : { to: call.to };
  const common = { chainId, nonce, gas, value: call.value, data: call.data, ...to };
  if (price.kind === "legacy") return { ...common, type: "legacy", gasPrice: price.maxFee };
  return { ...common, type: "eip1559", maxFeePerGas: price.maxFee, maxPriorityFeePerGas: price.tip };
}

export async function signTransaction(
  signer: Signer,
  transaction: Unsigned,
): Promise<{ readonly raw: Hex; readonly hash: Hex }> {
  const unsigned = fields(transaction);
  const digest = keccak256(serializeTransaction(unsigned));
  const { r, s, yParity } = await signer.sign(hexToBytes(digest));
  if (!(signer instanceof LocalSigner)) {
    // Another key's signature would make a valid transaction, of another account.
    const address = await recoverAddress({ hash: digest, signature: { r, s, yParity } });
    if (!isAddressEqual(address, signer.address)) throw new Error("the signature is not of the signer's key");
  }
  const raw = serializeTransaction(unsigned, { r, s, yParity, v: BigInt(27 + yParity) });
  return { raw, hash: keccak256(raw) };
}
