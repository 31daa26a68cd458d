import { equal, fromHex } from "@tributary/protocol/bytes/index";
import { sumCommitments } from "@tributary/protocol/keygen/fresh-key";
import type { GroupKeys } from "@tributary/protocol/keygen/group-keys";
import { keysHash } from "@tributary/protocol/keygen/ready";
import { combineResharing } from "@tributary/protocol/keygen/resharing";
import type { PostedDealing } from "@tributary/protocol/ports/key-vault";

/**
 * The public keys of one epoch, derived from what was posted when they are first asked for (tens of milliseconds an
 * epoch) and checked against the hash that READY put on chain. A reshared epoch builds on the one before; what it was
 * derived from is forgotten once it was.
 */
export class EpochKeys {
  readonly era: number;
  readonly epoch: number;
  #derive: (() => GroupKeys | undefined) | undefined;
  #keys: GroupKeys | undefined;

  private constructor(era: number, epoch: number, derive: () => GroupKeys | undefined) {
    this.era = era;
    this.epoch = epoch;
    this.#derive = derive;
  }

  static generated(
    slot: { readonly era: number; readonly epoch: number },
    qualified: readonly PostedDealing[],
    members: number,
    hash: `0x${string}`,
  ): EpochKeys {
    return new EpochKeys(slot.era, slot.epoch, () => matching(sumCommitments(qualified, members), hash));
  }

  static reshared(
    slot: { readonly era: number; readonly epoch: number },
    previous: EpochKeys,
    qualified: readonly PostedDealing[],
    members: number,
    hash: `0x${string}`,
  ): EpochKeys {
    return new EpochKeys(slot.era, slot.epoch, () => {
      const before = previous.keys();
      return before && matching(combineResharing(before, qualified, members), hash);
    });
  }

  /** Undefined where what was posted does not give what is on chain. */
  keys(): GroupKeys | undefined {
    if (this.#derive !== undefined) {
      this.#keys = this.#derive();
      this.#derive = undefined;
    }
    return this.#keys;
  }
}

function matching(keys: GroupKeys | undefined, hash: `0x${string}`): GroupKeys | undefined {
  const expected = fromHex(hash);
  return keys !== undefined && expected !== undefined && equal(keysHash(keys.shareKeys), expected) ? keys : undefined;
}
