import { equal } from "@tributary/protocol/bytes/bytes";
import type { CallRequest, StateOverride } from "../executor/call.ts";
import { ZERO_ADDRESS } from "../executor/evm-input.ts";
import { type Charge, paymentOf, slotsOf } from "../rules/fee-storage.ts";
import { accountIn } from "../state/read-account.ts";
import type { StateReader } from "../state/state-view.ts";

const NOTHING = new Uint8Array(0);

/** Gas that the sender of a call can pay for, where the call offers a price; undefined: any. */
export function affordableGas(
  request: CallRequest,
  state: StateReader,
  charge: Charge,
  overrides: readonly StateOverride[] = [],
): bigint | undefined {
  const { from: sender = ZERO_ADDRESS, to, data = NOTHING, gasPrice = 0n, value = 0n } = request;
  const offer = { sender, to, data, maxFeePerGas: gasPrice, maxPriorityFeePerGas: request.maxPriorityFeePerGas ?? 0n };
  const reserve = paymentOf(charge, offer, slotsOf(state))?.reserve ?? 0n;
  if (gasPrice === 0n || reserve === 0n) return undefined;
  const pretended = overrides.find(({ address }) => equal(address, sender))?.balance;
  const balance = pretended ?? accountIn(state, sender).balance;
  return balance < value ? undefined : (balance - value) / reserve;
}
