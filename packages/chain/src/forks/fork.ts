import type { Fork } from "@tributary/evm/types";
import type { BlockHeader } from "../block/block.ts";
import { ChainError } from "../chain-error.ts";

/** A version of the rules by which blocks are executed: what the chain's record on the mainchain calls by a number. */
export type ForkRules = {
  /** 1 to 255, ascending in time: first byte of each block's `extraData`, `rules` of its container. */
  readonly rules: number;
  readonly name: string;
  readonly evm: Fork;
  /** Most gas of one transaction (EIP-7825); undefined where only the block bounds it. */
  readonly transactionGas: number | undefined;
};

const FIRST_FORK: ForkRules = { rules: 1, name: "prague", evm: "prague", transactionGas: undefined };

/** The rules of every chain's first block. */
export const FIRST_RULES: number = FIRST_FORK.rules;

/** All rules that this build can execute, ascending. A release that brings new ones adds them here. */
export const KNOWN_FORKS: readonly ForkRules[] = [
  FIRST_FORK,
  { rules: 2, name: "osaka", evm: "osaka", transactionGas: 1 << 24 },
];

export function forkOf(forks: readonly ForkRules[], rules: number): ForkRules | undefined {
  return forks.find((fork) => fork.rules === rules);
}

/** Number of the rules that a block was executed by. */
export function rulesOf({ extraData }: Pick<BlockHeader, "extraData">): number {
  return extraData[0] ?? 0;
}

/** ChainError `unknown-fork` where a block's rules are none of these: a newer build made it. */
export function requireFork(forks: readonly ForkRules[], header: Pick<BlockHeader, "extraData" | "number">): ForkRules {
  const rules = rulesOf(header);
  const fork = forkOf(forks, rules);
  if (fork !== undefined) return fork;
  const known = forks.map((each) => each.rules).join(", ");
  throw new ChainError(
    "unknown-fork",
    `block ${header.number} was executed by rules ${rules}, this version knows ${known}: install a newer one`,
  );
}
