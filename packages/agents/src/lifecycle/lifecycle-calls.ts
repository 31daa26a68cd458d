import { chainsAbi } from "@tributary/contracts/abi/chains.generated";
import { committeesAbi } from "@tributary/contracts/abi/committees.generated";
import { rotationsAbi } from "@tributary/contracts/abi/rotations.generated";
import { headerRlp, type RpcBlock } from "@tributary/contracts/header-rlp";
import { type Address, encodeFunctionData, numberToHex, type PublicClient } from "viem";
import type { MainchainSender, SendResult } from "../mainchain/sender.ts";

/**
 * Percent of the estimate as gas limit of a selection: the estimate is made on an earlier block, and a change of slots
 * between costs more.
 */
const SELECT_GAS_PERCENT = 150;

/** Calls by which any node keeps chains moving. */
export class LifecycleCalls {
  readonly #sender: MainchainSender;
  readonly #client: PublicClient;
  readonly #contracts: { readonly chains: Address; readonly committees: Address; readonly rotations: Address };

  constructor(
    sender: MainchainSender,
    client: PublicClient,
    contracts: { readonly chains: Address; readonly committees: Address; readonly rotations: Address },
  ) {
    this.#sender = sender;
    this.#client = client;
    this.#contracts = contracts;
  }

  /** Selects with the header of the seed block, or asks for a new seed block where that one is out of reach. */
  async select(chainId: bigint, seedBlock: bigint, key: string): Promise<SendResult> {
    const to = this.#contracts.committees;
    const raw = await this.#client.request({
      method: "eth_getBlockByNumber",
      params: [numberToHex(seedBlock), false],
    });
    if (raw === null) return { kind: "unsent", reason: `the mainchain does not know block ${seedBlock}` };
    const rlp = headerRlp(raw as unknown as RpcBlock);
    const data = encodeFunctionData({ abi: committeesAbi, functionName: "select", args: [chainId, rlp] });
    const selected = await this.#sender.send({ key, to, data, gasPercent: SELECT_GAS_PERCENT });
    if (selected.kind !== "reverted") return selected;
    const rearm = encodeFunctionData({ abi: committeesAbi, functionName: "rearm", args: [chainId] });
    const rearmed = await this.#sender.send({ key: `${key}/rearm`, to, data: rearm });
    return rearmed.kind === "mined" ? rearmed : selected;
  }

  startKeyGeneration(chainId: bigint, key: string): Promise<SendResult> {
    const data = encodeFunctionData({ abi: chainsAbi, functionName: "startKeyGeneration", args: [chainId] });
    return this.#sender.send({ key, to: this.#contracts.chains, data });
  }

  requestExit(chainId: bigint, leaving: readonly number[], key: string): Promise<SendResult> {
    const data = encodeFunctionData({ abi: rotationsAbi, functionName: "requestExit", args: [chainId, leaving] });
    return this.#sender.send({ key, to: this.#contracts.rotations, data });
  }

  /** Mainchain seconds from which the chain's epoch may be ended by schedule. */
  async endOfEpoch(chainId: bigint): Promise<bigint> {
    const contract = { address: this.#contracts.rotations, abi: rotationsAbi } as const;
    const [rotation, { period }] = await Promise.all([
      this.#client.readContract({ ...contract, functionName: "rotationOf", args: [chainId] }),
      this.#client.readContract({ ...contract, functionName: "parameters" }),
    ]);
    return rotation.since + BigInt(period);
  }

  requestScheduled(chainId: bigint, key: string): Promise<SendResult> {
    const data = encodeFunctionData({ abi: rotationsAbi, functionName: "requestScheduled", args: [chainId] });
    return this.#sender.send({ key, to: this.#contracts.rotations, data });
  }

  releaseLeavers(chainId: bigint, key: string): Promise<SendResult> {
    const data = encodeFunctionData({ abi: rotationsAbi, functionName: "releaseLeavers", args: [chainId] });
    return this.#sender.send({ key, to: this.#contracts.rotations, data });
  }

  expire(chainId: bigint, key: string): Promise<SendResult> {
    const data = encodeFunctionData({ abi: chainsAbi, functionName: "expire", args: [chainId] });
    return this.#sender.send({ key, to: this.#contracts.chains, data });
  }
}
