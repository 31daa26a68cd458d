import { renewalsAbi } from "@tributary/contracts/abi/renewals.generated";
import { toHex } from "@tributary/protocol/bytes/index";
import { publicKeyToEip2537, signatureToEip2537 } from "@tributary/protocol/crypto/eip2537";
import type { BorderProof } from "@tributary/protocol/ports/member-host";
import { type Address, encodeFunctionData, type PublicClient } from "viem";
import type { MainchainSender, SendResult } from "../mainchain/sender.ts";

/** Calls by which any member has a group key renewed by schedule. */
export class RenewalCalls {
  readonly #sender: Pick<MainchainSender, "send">;
  readonly #client: Pick<PublicClient, "readContract">;
  readonly #contract: Address;

  constructor(sender: Pick<MainchainSender, "send">, client: Pick<PublicClient, "readContract">, contract: Address) {
    this.#sender = sender;
    this.#client = client;
    this.#contract = contract;
  }

  /** Mainchain seconds from which the chain's key may be renewed. */
  dueAt(chainId: bigint): Promise<bigint> {
    return this.#client.readContract({
      address: this.#contract,
      abi: renewalsAbi,
      functionName: "dueAt",
      args: [chainId],
    });
  }

  begin(chainId: bigint, key: string): Promise<SendResult> {
    const data = encodeFunctionData({ abi: renewalsAbi, functionName: "begin", args: [chainId] });
    return this.#sender.send({ key, to: this.#contract, data });
  }

  /** @param groupKey compressed, 48 bytes, of the proof's era. */
  show(chainId: bigint, proof: BorderProof, groupKey: Uint8Array, key: string): Promise<SendResult> {
    // Empty where they are no points: the contract refuses that.
    const none = new Uint8Array(0);
    const args = [
      chainId,
      toHex(proof.container),
      toHex(proof.parent),
      toHex(publicKeyToEip2537(groupKey) ?? none),
      toHex(signatureToEip2537(proof.certificate) ?? none),
    ] as const;
    const data = encodeFunctionData({ abi: renewalsAbi, functionName: "show", args });
    return this.#sender.send({ key, to: this.#contract, data });
  }
}
