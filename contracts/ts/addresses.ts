import type { Address } from "viem";

/** The manager's contracts in the order of their creation by one account; the addresses follow from its nonce. */
export const contractOrder = [
  "Access",
  "TributaryToken",
  "RentPool",
  "Validators",
  "Nodes",
  "Committees",
  "Chains",
  "Eras",
  "KeyGeneration",
  "Offences",
  "Resharing",
  "Rotations",
  "Recovery",
  "Forks",
  "StateProofs",
  "Renewals",
] as const;

export type ContractName = (typeof contractOrder)[number];
export type TributaryAddresses = Readonly<Record<ContractName, Address>>;
