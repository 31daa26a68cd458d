import { resharingAbi } from "@tributary/contracts/abi/resharing.generated";
import { concat, toBigInt, toHex } from "@tributary/protocol/bytes/index";
import type { ReadyCall } from "@tributary/protocol/keygen/ready";
import type { PostedDealing, ResharingComplaint } from "@tributary/protocol/ports/key-vault";
import { type Address, encodeFunctionData, type Hex } from "viem";
import type { MainchainSender, SendResult } from "../mainchain/sender.ts";

/** As in key generation: the court asks for gas beyond what it burns. */
const COMPLAINT_GAS_PERCENT = 200;

/** Calls of the resharing contract by the node's account. `key` names the call while it is in flight. */
export class ResharingCalls {
  readonly #sender: MainchainSender;
  readonly #contract: Address;

  constructor(sender: MainchainSender, contract: Address) {
    this.#sender = sender;
    this.#contract = contract;
  }

  acceptSeat(chainId: bigint, encryptionKey: Uint8Array, proof: Uint8Array, key: string): Promise<SendResult> {
    const args = [chainId, toHex(encryptionKey), toHex(proof)] as const;
    return this.#send(key, encodeFunctionData({ abi: resharingAbi, functionName: "acceptSeat", args }));
  }

  deal(chainId: bigint, dealing: Uint8Array, key: string): Promise<SendResult> {
    const args = [chainId, toHex(dealing)] as const;
    return this.#send(key, encodeFunctionData({ abi: resharingAbi, functionName: "deal", args }));
  }

  advance(chainId: bigint, key: string): Promise<SendResult> {
    return this.#send(key, encodeFunctionData({ abi: resharingAbi, functionName: "advance", args: [chainId] }));
  }

  fail(chainId: bigint, key: string): Promise<SendResult> {
    return this.#send(key, encodeFunctionData({ abi: resharingAbi, functionName: "fail", args: [chainId] }));
  }

  /** `oldShareKeys` by old seat: what a complaint about the dealt secret is judged by. */
  complain(
    posted: PostedDealing,
    chainId: bigint,
    complaint: ResharingComplaint,
    oldShareKeys: readonly Uint8Array[],
    key: string,
  ): Promise<SendResult> {
    return this.#send(key, encodeComplaint(chainId, posted, complaint, oldShareKeys), COMPLAINT_GAS_PERCENT);
  }

  ready(chainId: bigint, call: ReadyCall, key: string): Promise<SendResult> {
    const { groupKey, keysHash, signers, aggregate, threshold } = call;
    const args = [chainId, toHex(groupKey), toHex(keysHash), signers, toHex(aggregate), toHex(threshold)] as const;
    return this.#send(key, encodeFunctionData({ abi: resharingAbi, functionName: "ready", args }));
  }

  #send(key: string, data: Hex, gasPercent?: number): Promise<SendResult> {
    return this.#sender.send({ key, to: this.#contract, data, ...(gasPercent === undefined ? {} : { gasPercent }) });
  }
}

function encodeComplaint(
  chainId: bigint,
  posted: PostedDealing,
  complaint: ResharingComplaint,
  oldShareKeys: readonly Uint8Array[],
): Hex {
  const dealing = toHex(posted.dealing);
  switch (complaint.kind) {
    case "constant": {
      const args = [chainId, posted.dealer, dealing, toHex(concat(...oldShareKeys))] as const;
      return encodeFunctionData({ abi: resharingAbi, functionName: "complainConstant", args });
    }
    case "encoding": {
      const args = [chainId, posted.dealer, dealing, BigInt(complaint.index)] as const;
      return encodeFunctionData({ abi: resharingAbi, functionName: "complainEncoding", args });
    }
    case "proof": {
      const args = [chainId, posted.dealer, dealing] as const;
      return encodeFunctionData({ abi: resharingAbi, functionName: "complainProof", args });
    }
    case "share": {
      const { shared, challenge, response } = complaint;
      const args = [chainId, posted.dealer, dealing, toHex(shared), toBigInt(challenge), toBigInt(response)] as const;
      return encodeFunctionData({ abi: resharingAbi, functionName: "complainShare", args });
    }
  }
}
