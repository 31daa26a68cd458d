/** What a node's refusal of a signed transaction means for the pool. */
export type Verdict =
  /** The node has it. */
  | "known"
  /** The nonce is spent, by this transaction or another one. */
  | "nonce-spent"
  /** The node takes no transaction behind a gap. */
  | "nonce-gap"
  /** The node has another transaction with this nonce, and this one does not outbid it. */
  | "outbid"
  /** The price is below what the node accepts. */
  | "underpriced"
  | "insufficient-funds"
  /** The node has no room now, or answers nobody now. */
  | "busy"
  /** No node will ever take these bytes. */
  | "invalid"
  /** Wording that the table does not know: it may have been taken. */
  | "unclear";

/**
 * The first that matches counts. Wordings of geth and Erigon, Nethermind, Besu, reth, anvil, Hardhat and this project's
 * node; the more special ones stand first ("replacement transaction underpriced" before "transaction underpriced").
 */
const TABLE: readonly (readonly [RegExp, Verdict])[] = [
  [
    /already known|already imported|already exists|known transaction|already in (the )?(mem)?pool|AlreadyKnown/i,
    "known",
  ],
  [/replacement|could not replace|ReplacementNotAllowed|too low to replace/i, "outbid"],
  [/nonce (is )?too low|OldNonce|nonce has already been used|nonce too small|expected nonce to be/i, "nonce-spent"],
  [/nonce (is )?too high|nonce gap|nonce too (far|distant)|NonceGap|future nonce/i, "nonce-gap"],
  [/insufficient (funds|balance)|enough funds|InsufficientFunds|upfront cost|lack of funds/i, "insufficient-funds"],
  [/max priority fee per gas higher|tip higher than fee cap/i, "invalid"],
  [/underpriced|base ?fee|FeeTooLow|gas ?price (is )?(below|too low)|tip.*(below|too low|minimum)/i, "underpriced"],
  [/pool is full|pool full|limit exceeded|limit reached|too many|rate.?limit|try again|in-flight/i, "busy"],
  [/intrinsic gas|gas (limit )?too (low|high)|exceeds.*(block )?gas limit|gas limit.*(exceed|cap)/i, "invalid"],
  [
    /oversized|size limit|initcode|init code|invalid (sender|chain|transaction|signature|opcode)|not supported/i,
    "invalid",
  ],
  [/\brlp\b|decode|malformed|chain ?id/i, "invalid"],
];

/** -32005 is EIP-1474's "limit exceeded"; some providers answer 429 as the code of an item. */
export function verdictOf(code: number, message: string): Verdict {
  for (const [wording, verdict] of TABLE) if (wording.test(message)) return verdict;
  return isRateLimit(code, message) ? "busy" : "unclear";
}

export function isRateLimit(code: number, message: string): boolean {
  return code === 429 || code === -32005 || /too many requests|rate.?limit|exceeded.*(quota|capacity)/i.test(message);
}
