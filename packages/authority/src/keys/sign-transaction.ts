import { type Address, type Hex, hexToBytes, keccak256, serializeTransaction } from "viem";
import type { Call } from "../job.ts";
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
  const { r, s, yParity } = await signer.sign(hexToBytes(keccak256(serializeTransaction(unsigned))));
  const raw = serializeTransaction(unsigned, { r, s, yParity, v: BigInt(27 + yParity) });
  return { raw, hash: keccak256(raw) };
}
