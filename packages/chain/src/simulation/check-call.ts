import { toHex } from "@tributary/protocol/bytes/hex";
import { checkGas } from "../executor/validate.ts";
import { intrinsicGas } from "../transaction/intrinsic-gas.ts";
import { SimulationError, type SimulationErrorCode } from "./simulation.ts";
import type { SimulatedFields } from "./simulation-rules.ts";

const MAX_NONCE = 2n ** 64n - 1n;

/**
 * What geth checks before it executes a simulated transaction, in its order; `fees` is what it may cost beside its
 * value. Throws SimulationError.
 */
export function checkSimulated(
  transaction: SimulatedFields,
  account: { readonly nonce: bigint; readonly balance: bigint },
  baseFee: bigint,
  validation: boolean,
  fees: bigint,
): void {
  const { sender, nonce, maxFeePerGas, value, gasLimit } = transaction;
  const address = `address ${toHex(sender)}`;
  const refuse = (code: SimulationErrorCode, message: string): never => {
    throw new SimulationError(code, `err: ${message} (supplied gas ${gasLimit})`);
  };
  if (validation) {
    if (nonce > account.nonce)
      refuse("nonce-too-high", `nonce too high: ${address}, tx: ${nonce} state: ${account.nonce}`);
    if (nonce < account.nonce)
      refuse("nonce-too-low", `nonce too low: ${address}, tx: ${nonce} state: ${account.nonce}`);
    if (nonce >= MAX_NONCE) refuse("nonce-max", `nonce has max value: ${address}, nonce: ${nonce}`);
    if (maxFeePerGas < baseFee) {
      const fees = `maxFeePerGas: ${maxFeePerGas}, baseFee: ${baseFee}`;
      refuse("base-fee", `max fee per gas less than block base fee: ${address}, ${fees}`);
    }
  }
  if (account.balance < value + fees) {
    const amounts = `have ${account.balance} want ${value + fees}`;
    refuse("insufficient-funds", `insufficient funds for gas * price + value: ${address} ${amounts}`);
  }
  const gas = intrinsicGas(transaction);
  const rejection = checkGas(transaction, gas);
  if (rejection?.code === "initcode-size") refuse("initcode-size", rejection.message);
  if (gasLimit < gas.intrinsic) {
    refuse("intrinsic-gas", `intrinsic gas too low: have ${gasLimit}, want ${gas.intrinsic}`);
  }
  if (gasLimit < gas.floor) {
    refuse("intrinsic-gas", `insufficient gas for floor data gas cost: have ${gasLimit}, want ${gas.floor}`);
  }
}
