/** A hash as RPC shows it, compared as text. */
export type Hash = `0x${string}`;

/** What a member called its newest block, when somebody looked. */
export type Observation = {
  /** Milliseconds since the beginning of the run. */
  readonly at: number;
  readonly member: number;
  readonly height: number;
  readonly hash: Hash;
};

/** A transaction whose sender was told that it is taken. */
export type Acknowledgement = { readonly at: number; readonly member: number; readonly hash: Hash };

export type Block = {
  readonly height: number;
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly transactions: readonly Hash[];
  /** Whether what the member serves as this block's certificate is one, for this hash. */
  readonly certified: boolean;
};

/** What a member serves of its chain at the end, from its earliest block to its newest. */
export type MemberChain = { readonly earliest: number; readonly blocks: readonly Block[] };

/** All that clients saw of a run. */
export type History = {
  /** By the order of looking. */
  readonly observations: readonly Observation[];
  readonly acknowledgements: readonly Acknowledgement[];
  /** By member. */
  readonly chains: readonly MemberChain[];
};

export type Rule = "one chain" | "nothing lost" | "no duplicate" | "certified" | "monotone heads" | "whole" | "back";

export type Violation = { readonly rule: Rule; readonly what: string };
