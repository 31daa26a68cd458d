import { concat, uint } from "../bytes/bytes.ts";
import { BlsPublicKey } from "../crypto/bls.ts";
import { digest } from "../crypto/digest.ts";
import { combineShares, type SignatureShare } from "../crypto/threshold.ts";

/** Sets of q shares that are tried. */
const MAX_TRIES = 1_000;

/** The key that takes over from another one: from this height on only what it signed counts. */
export type EraHandover = {
  /** The era that ends, with the height below. */
  readonly era: number;
  readonly firstHeight: number;
  /** Of the next era; compressed, 48 bytes. */
  readonly groupKey: Uint8Array;
};

/**
 * What the old key signs of the next one, for verifiers that cannot read the mainchain: digest("era", u32 next era ‖ key)
 * in epoch 0, since any epoch of the era may, at the first height of the next one. It proves little for long: q members
 * that kept their shares can make another one. So it counts within the unbonding time only. consensus.md 15.
 */
export function eraDigest(group: Uint8Array, { era, firstHeight, groupKey }: EraHandover): Uint8Array {
  return digest("era", { group, era, epoch: 0, height: firstHeight }, concat(uint(era + 1, 4), groupKey));
}

/**
 * The old key's signature out of `needed` of the shares, whose keys need not be known: the first set of them that gives
 * it. Undefined where none of the sets that are tried does.
 */
export function assembleHandover(
  hash: Uint8Array,
  oldKey: Uint8Array,
  needed: number,
  shares: readonly SignatureShare[],
): Uint8Array | undefined {
  const key = BlsPublicKey.fromBytes(oldKey);
  const bySeat = [...new Map(shares.map((share) => [share.seat, share])).values()];
  if (key === undefined || needed < 1) return undefined;
  let tries = 0;
  for (const chosen of subsets(bySeat, needed)) {
    tries += 1;
    if (tries > MAX_TRIES) return undefined;
    const signature = combineShares(chosen, needed);
    if (signature !== undefined && key.verify(hash, signature)) return signature;
  }
  return undefined;
}

function* subsets<T>(from: readonly T[], size: number): Generator<readonly T[]> {
  if (size === 0) yield [];
  for (let first = 0; size > 0 && first + size <= from.length; first++) {
    for (const rest of subsets(from.slice(first + 1), size - 1)) yield [from[first] as T, ...rest];
  }
}
