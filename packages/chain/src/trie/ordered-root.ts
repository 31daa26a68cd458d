import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { type RlpItem, rlpEncode } from "../rlp/encode.ts";

const EMPTY = new Uint8Array(0);

/** Root of the trie without entries. */
export const EMPTY_TRIE_ROOT: Uint8Array = keccak256(rlpEncode(EMPTY));

type Entry = { readonly path: readonly number[]; readonly value: Uint8Array };

/** Hex-prefix encoding of the yellow paper, appendix C. */
function hexPrefix(nibbles: readonly number[], leaf: boolean): Uint8Array {
  const odd = nibbles.length % 2;
  const out = new Uint8Array((nibbles.length - odd) / 2 + 1);
  out[0] = ((leaf ? 2 : 0) + odd) * 16 + (odd === 1 ? (nibbles[0] ?? 0) : 0);
  for (let i = odd; i < nibbles.length; i += 2) {
    out[(i + odd) / 2 + (odd === 1 ? 0 : 1)] = (nibbles[i] ?? 0) * 16 + (nibbles[i + 1] ?? 0);
  }
  return out;
}

/** How a parent names a node: by hash, or by the node itself where it is shorter than a hash. */
function reference(node: Uint8Array): RlpItem {
  return node.length < 32 ? { encoded: node } : keccak256(node);
}

function sharedPrefix(entries: readonly Entry[], depth: number): number {
  const first = entries[0]?.path ?? [];
  const last = entries[entries.length - 1]?.path ?? [];
  let end = depth;
  while (end < first.length && end < last.length && first[end] === last[end]) end++;
  return end;
}

/** RLP of the node over entries that are sorted and agree in their first `depth` nibbles. */
function build(entries: readonly Entry[], depth: number): Uint8Array {
  const [first] = entries;
  if (first === undefined) return rlpEncode(EMPTY);
  if (entries.length === 1) return rlpEncode([hexPrefix(first.path.slice(depth), true), first.value]);
  const shared = sharedPrefix(entries, depth);
  if (shared > depth) {
    return rlpEncode([hexPrefix(first.path.slice(depth, shared), false), reference(build(entries, shared))]);
  }
  const branch: RlpItem[] = [];
  let at = 0;
  let value: Uint8Array = EMPTY;
  if (first.path.length === depth) {
    value = first.value;
    at = 1;
  }
  for (let nibble = 0; nibble < 16; nibble++) {
    const start = at;
    while (at < entries.length && entries[at]?.path[depth] === nibble) at++;
    branch.push(at === start ? EMPTY : reference(build(entries.slice(start, at), depth + 1)));
  }
  branch.push(value);
  return rlpEncode(branch);
}

function nibblesOf(bytes: Uint8Array): number[] {
  const out: number[] = [];
  for (const byte of bytes) out.push(byte >> 4, byte & 15);
  return out;
}

/** Root of the Merkle-Patricia trie from RLP(index) to value: transactionsRoot and receiptsRoot of a block. */
export function orderedTrieRoot(values: readonly Uint8Array[]): Uint8Array {
  const entries = values.map((value, index): Entry => ({ path: nibblesOf(rlpEncode(index)), value }));
  // By RLP(index): 1..127 come before 0 (0x80), and 128.. after it.
  const zero = entries.shift();
  if (zero === undefined) return EMPTY_TRIE_ROOT;
  entries.splice(Math.min(127, entries.length), 0, zero);
  return keccak256(build(entries, 0));
}
