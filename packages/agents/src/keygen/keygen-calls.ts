import { keyGenerationAbi } from "@tributary/contracts/abi/key-generation.generated";
import { toBigInt, toHex } from "@tributary/protocol/bytes/index";
import type { ReadyCall } from "@tributary/protocol/keygen/ready";
import type { Complaint, PostedDealing } from "@tributary/protocol/ports/key-vault";
import { type Address, encodeFunctionData, type Hex } from "viem";
import type { MainchainSender, SendResult } from "../mainchain/sender.ts";

/**
 * Percent of the estimate as gas limit of a complaint: the court asks for gas beyond what it burns, and the precompile's
 * share of a call is 63/64.
 */
const COMPLAINT_GAS_PERCENT = 200;

/** Calls of the key generation contract by the node's account. `key` names the call while it is in flight. */
export class KeygenCalls {
  readonly #sender: MainchainSender;
  readonly #contract: Address;

  constructor(sender: MainchainSender, contract: Address) {
    this.#sender = sender;
    this.#contract = contract;
  }

  acceptSeat(chainId: bigint, encryptionKey: Uint8Array, proof: Uint8Array, key: string): Promise<SendResult> {
    const args = [chainId, toHex(encryptionKey), toHex(proof)] as const;
    return this.#send(key, encodeFunctionData({ abi: keyGenerationAbi, functionName: "acceptSeat", args }));
  }

  deal(chainId: bigint, dealing: Uint8Array, key: string): Promise<SendResult> {
    const args = [chainId, toHex(dealing)] as const;
    return this.#send(key, encodeFunctionData({ abi: keyGenerationAbi, functionName: "deal", args }));
  }

  advance(chainId: bigint, key: string): Promise<SendResult> {
    return this.#send(key, encodeFunctionData({ abi: keyGenerationAbi, functionName: "advance", args: [chainId] }));
  }

  fail(chainId: bigint, key: string): Promise<SendResult> {
    return this.#send(key, encodeFunctionData({ abi: keyGenerationAbi, functionName: "fail", args: [chainId] }));
  }

  complain(posted: PostedDealing, chainId: bigint, complaint: Complaint, key: string): Promise<SendResult> {
    return this.#send(key, encodeComplaint(chainId, posted, complaint), COMPLAINT_GAS_PERCENT);
  }

  ready(chainId: bigint, call: ReadyCall, key: string): Promise<SendResult> {
    const args = [
      chainId,
      toHex(call.groupKey),
      toHex(call.keysHash),
      call.signers,
      toHex(call.aggregate),
      toHex(call.threshold),
    ] as const;
    return this.#send(key, encodeFunctionData({ abi: keyGenerationAbi, functionName: "ready", args }));
  }

  #send(key: string, data: Hex, gasPercent?: number): Promise<SendResult> {
    return this.#sender.send({ key, to: this.#contract, data, ...(gasPercent === undefined ? {} : { gasPercent }) });
  }
}

function encodeComplaint(chainId: bigint, posted: PostedDealing, complaint: Complaint): Hex {
  const dealing = toHex(posted.dealing);
  switch (complaint.kind) {
    case "encoding": {
      const args = [chainId, posted.dealer, dealing, BigInt(complaint.index)] as const;
      return encodeFunctionData({ abi: keyGenerationAbi, functionName: "complainEncoding", args });
    }
    case "proof": {
      const args = [chainId, posted.dealer, dealing] as const;
      return encodeFunctionData({ abi: keyGenerationAbi, functionName: "complainProof", args });
    }
    case "share": {
      const { shared, challenge, response } = complaint;
      const args = [chainId, posted.dealer, dealing, toHex(shared), toBigInt(challenge), toBigInt(response)] as const;
      return encodeFunctionData({ abi: keyGenerationAbi, functionName: "complainShare", args });
    }
  }
}
