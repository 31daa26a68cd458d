import { recoveryAbi } from "@tributary/contracts/abi/recovery.generated";
import { toHex } from "@tributary/protocol/bytes/index";
import { publicKeyToEip2537, signatureToEip2537 } from "@tributary/protocol/crypto/eip2537";
import type { CancelCall } from "@tributary/protocol/keygen/cancel";
import type { FinalClaim, OrderClaim } from "@tributary/protocol/ports/recovery-host";
import { type Address, encodeFunctionData, type Hex } from "viem";
import type { MainchainSender, SendResult } from "../mainchain/sender.ts";

/** Calls without an argument but the chain. */
type Step = "challenge" | "open" | "lack" | "stand" | "close" | "start";

/** Calls of the Recovery contract by the node's account. `key` names the call while it is in flight. */
export class RecoveryCalls {
  readonly #sender: Pick<MainchainSender, "send">;
  readonly #contract: Address;

  constructor(sender: Pick<MainchainSender, "send">, contract: Address) {
    this.#sender = sender;
    this.#contract = contract;
  }

  step(functionName: Step, chainId: bigint, key: string): Promise<SendResult> {
    return this.#send(key, encodeFunctionData({ abi: recoveryAbi, functionName, args: [chainId] }));
  }

  cancel(chainId: bigint, call: CancelCall, key: string): Promise<SendResult> {
    const args = [chainId, toHex(call.groupKey), toHex(call.signature)] as const;
    return this.#send(key, encodeFunctionData({ abi: recoveryAbi, functionName: "cancel", args }));
  }

  /** @param groupKey compressed, 48 bytes, of the era that is recovered from. */
  claimFinal(chainId: bigint, claim: FinalClaim, groupKey: Uint8Array, key: string): Promise<SendResult> {
    const args = [chainId, toHex(claim.container), ...points(groupKey, claim.certificate)] as const;
    return this.#send(key, encodeFunctionData({ abi: recoveryAbi, functionName: "claimFinal", args }));
  }

  claimOrder(chainId: bigint, claim: OrderClaim, groupKey: Uint8Array, key: string): Promise<SendResult> {
    const order = { epoch: claim.epoch, height: BigInt(claim.height), content: toHex(claim.content) };
    const args = [chainId, order, ...points(groupKey, claim.certificate)] as const;
    return this.#send(key, encodeFunctionData({ abi: recoveryAbi, functionName: "claimOrder", args }));
  }

  /** @param groupKey compressed, 48 bytes, of the claim's era. */
  claimInherited(chainId: bigint, claim: OrderClaim, groupKey: Uint8Array, key: string): Promise<SendResult> {
    const order = { epoch: claim.epoch, height: BigInt(claim.height), content: toHex(claim.content) };
    const args = [chainId, claim.era, order, ...points(groupKey, claim.certificate)] as const;
    return this.#send(key, encodeFunctionData({ abi: recoveryAbi, functionName: "claimInherited", args }));
  }

  #send(key: string, data: Hex): Promise<SendResult> {
    return this.#sender.send({ key, to: this.#contract, data });
  }
}

/** Empty where they are none: the contract refuses that. */
function points(groupKey: Uint8Array, signature: Uint8Array): readonly [Hex, Hex] {
  return [
    toHex(publicKeyToEip2537(groupKey) ?? new Uint8Array(0)),
    toHex(signatureToEip2537(signature) ?? new Uint8Array(0)),
  ];
}
