import type { Block, Hash, History, MemberChain, Rule, Violation } from "./history.ts";

/** Violations of one rule that are told; further ones are counted only. */
const MOST_TOLD = 10;

/**
 * Judges a history: one chain on all members, nothing acknowledged lost, nothing mined twice, every block certified,
 * no member's head ever back. Every list may be empty; whether enough was seen is for the caller to say.
 */
export function check(history: History): readonly Violation[] {
  const found = new Violations();
  for (const [member, chain] of history.chains.entries()) checkWhole(member, chain, found);
  const blocks = checkOneChain(history.chains, found);
  checkSeen(history, blocks, found);
  checkHeads(history, found);
  checkTransactions(history, blocks, found);
  return found.told();
}

class Violations {
  readonly #byRule = new Map<Rule, string[]>();

  add(rule: Rule, what: string): void {
    const known = this.#byRule.get(rule);
    if (known === undefined) this.#byRule.set(rule, [what]);
    else known.push(what);
  }

  told(): readonly Violation[] {
    return [...this.#byRule].flatMap(([rule, all]) => {
      const told = all.slice(0, MOST_TOLD).map((what) => ({ rule, what }));
      return all.length <= MOST_TOLD ? told : [...told, { rule, what: `and ${all.length - MOST_TOLD} more` }];
    });
  }
}

/** A member's chain has no gap, its links hold, and each block comes with its certificate. */
function checkWhole(member: number, chain: MemberChain, found: Violations): void {
  let before: Block | undefined;
  for (const block of chain.blocks) {
    const wanted = before === undefined ? chain.earliest : before.height + 1;
    if (block.height !== wanted) found.add("whole", `member ${member} serves ${block.height} where ${wanted} is due`);
    if (before !== undefined && block.height === before.height + 1 && block.parentHash !== before.hash) {
      found.add("whole", `member ${member}: block ${block.height} does not follow from ${before.height}`);
    }
    if (!block.certified) found.add("certified", `member ${member}: block ${block.height} has no valid certificate`);
    before = block;
  }
}

/** The chain by height, as the first member that has a height tells it. */
function checkOneChain(chains: readonly MemberChain[], found: Violations): ReadonlyMap<number, Block> {
  const known = new Map<number, { readonly member: number; readonly block: Block }>();
  for (const [member, { blocks }] of chains.entries()) {
    for (const block of blocks) {
      const other = known.get(block.height);
      if (other === undefined) known.set(block.height, { member, block });
      else if (other.block.hash !== block.hash) {
        found.add("one chain", differing(block.height, other.member, other.block.hash, member, block.hash));
      }
    }
  }
  return new Map([...known].map(([height, { block }]) => [height, block]));
}

/** What anyone was shown as a block stays the block of its height. */
function checkSeen({ observations }: History, blocks: ReadonlyMap<number, Block>, found: Violations): void {
  for (const { at, member, height, hash } of observations) {
    const block = blocks.get(height);
    if (block?.hash === hash) continue;
    const now = block === undefined ? "nobody has" : `is ${block.hash} at the end`;
    found.add("one chain", `member ${member} showed ${hash} at ${at} ms as block ${height}, which ${now}`);
  }
}

function checkHeads({ observations }: History, found: Violations): void {
  const heads = new Map<number, number>();
  for (const { at, member, height } of observations) {
    const before = heads.get(member) ?? 0;
    if (height < before) found.add("monotone heads", `member ${member} went from ${before} to ${height} at ${at} ms`);
    heads.set(member, height);
  }
}

function checkTransactions(history: History, blocks: ReadonlyMap<number, Block>, found: Violations): void {
  for (const [member, chain] of history.chains.entries()) {
    const mined = new Map<Hash, number>();
    for (const { height, transactions } of chain.blocks) {
      for (const hash of transactions) {
        const earlier = mined.get(hash);
        if (earlier === undefined) mined.set(hash, height);
        else found.add("no duplicate", `member ${member}: ${hash} stands in blocks ${earlier} and ${height}`);
      }
    }
  }
  const mined = new Set([...blocks.values()].flatMap(({ transactions }) => transactions));
  for (const { at, member, hash } of history.acknowledgements) {
    if (!mined.has(hash)) found.add("nothing lost", `${hash}, acknowledged by member ${member} at ${at} ms`);
  }
}

function differing(height: number, first: number, one: Hash, second: number, other: Hash): string {
  return `block ${height} is ${one} at member ${first} and ${other} at member ${second}`;
}
