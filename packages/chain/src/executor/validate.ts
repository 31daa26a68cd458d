import { toHex } from "@tributary/protocol/bytes/hex";
import type { IntrinsicGas } from "../transaction/intrinsic-gas.ts";
import type { Rejection } from "../transaction/rejection.ts";
import type { Transaction } from "../transaction/transaction.ts";
import { isDelegation } from "./authorizations.ts";

/** EIP-3860. */
export const MAX_INITCODE_BYTES: number = 2 * 24_576;

/** An account as far as it decides whether a transaction may run. */
export type SenderAccount = { readonly nonce: bigint; readonly balance: bigint; readonly code: Uint8Array };

/** Rules that need the transaction alone. */
export function checkGas(
  transaction: Pick<Transaction, "to" | "data" | "gasLimit">,
  { intrinsic, floor }: IntrinsicGas,
): Rejection | undefined {
  const { gasLimit, data, to } = transaction;
  if (to === undefined && data.length > MAX_INITCODE_BYTES) {
    return {
      code: "initcode-size",
      message: `max initcode size exceeded: code size ${data.length}, limit ${MAX_INITCODE_BYTES}`,
    };
  }
  if (gasLimit < intrinsic) {
    return { code: "intrinsic-gas", message: `intrinsic gas too low: gas ${gasLimit}, minimum needed ${intrinsic}` };
  }
  if (gasLimit < floor) {
    return {
      code: "floor-gas",
      message: `insufficient gas for floor data gas cost: gas ${gasLimit}, minimum needed ${floor}`,
    };
  }
  return undefined;
}

/** It offers less than the price that the owner of the chain set. */
export function feeTooLow(
  { sender, maxFeePerGas }: Pick<Transaction, "sender" | "maxFeePerGas">,
  price: bigint,
): Rejection {
  const fees = `maxFeePerGas: ${maxFeePerGas}, baseFee: ${price}`;
  return {
    code: "fee-cap-too-low",
    message: `max fee per gas less than block base fee: address ${toHex(sender)}, ${fees}`,
  };
}

/** `cost`: what the transaction pays at most, its value included. */
export function insufficientFunds(balance: bigint, cost: bigint): Rejection {
  return {
    code: "insufficient-funds",
    message: `insufficient funds for gas * price + value: balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`,
  };
}

export function nonceTooLow(next: bigint, nonce: bigint): Rejection {
  return { code: "nonce-too-low", message: `nonce too low: next nonce ${next}, tx nonce ${nonce}` };
}

/** EIP-3607, softened by EIP-7702: contracts send nothing, delegating accounts do. */
export function checkSender(sender: Uint8Array, code: Uint8Array): Rejection | undefined {
  if (code.length === 0 || isDelegation(code)) return undefined;
  return { code: "sender-not-eoa", message: `sender not an eoa: address ${toHex(sender)}` };
}
