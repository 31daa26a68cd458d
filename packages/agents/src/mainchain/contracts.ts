import { chainsAbi } from "@tributary/contracts/abi/chains.generated";
import { committeesAbi } from "@tributary/contracts/abi/committees.generated";
import { forksAbi } from "@tributary/contracts/abi/forks.generated";
import { keyGenerationAbi } from "@tributary/contracts/abi/key-generation.generated";
import { nodesAbi } from "@tributary/contracts/abi/nodes.generated";
import { recoveryAbi } from "@tributary/contracts/abi/recovery.generated";
import { renewalsAbi } from "@tributary/contracts/abi/renewals.generated";
import { resharingAbi } from "@tributary/contracts/abi/resharing.generated";
import { rotationsAbi } from "@tributary/contracts/abi/rotations.generated";
import type { Address } from "viem";
import type { ContractAbi } from "./event-decoder.ts";

/** The contracts that agents read and call. */
export type AgentContracts = {
  readonly nodes: Address;
  readonly chains: Address;
  readonly committees: Address;
  readonly keyGeneration: Address;
  readonly resharing: Address;
  readonly rotations: Address;
  readonly recovery: Address;
  readonly renewals: Address;
  readonly forks: Address;
};

export function contractAbis(contracts: AgentContracts): readonly ContractAbi[] {
  return [
    { address: contracts.nodes, abi: nodesAbi },
    { address: contracts.chains, abi: chainsAbi },
    { address: contracts.committees, abi: committeesAbi },
    { address: contracts.keyGeneration, abi: keyGenerationAbi },
    { address: contracts.resharing, abi: resharingAbi },
    { address: contracts.rotations, abi: rotationsAbi },
    { address: contracts.recovery, abi: recoveryAbi },
    { address: contracts.renewals, abi: renewalsAbi },
    { address: contracts.forks, abi: forksAbi },
  ];
}
