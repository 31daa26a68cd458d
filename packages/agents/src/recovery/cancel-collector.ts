import { fromHex } from "@tributary/protocol/bytes/index";
import type { SignatureShare } from "@tributary/protocol/crypto/threshold";
import { assembleCancel, type CancelCall, cancelDigest } from "@tributary/protocol/keygen/cancel";
import type { GroupKeys } from "@tributary/protocol/keygen/group-keys";
import type { CancelBoard } from "@tributary/protocol/ports/cancel-board";
import type { ReadyEpoch } from "../resharing/handover.ts";
import type { Opening } from "./opening.ts";

/** Milliseconds granted to one member for its answer. */
const READ_TIMEOUT_MS = 2_000;

/** The group's signature from the shares that members of the epoch show; undefined while fewer than q good ones are there. */
export async function collectCancel(
  board: CancelBoard,
  opening: Opening,
  epoch: ReadyEpoch,
  keys: GroupKeys,
  /** By seat. */
  rpcs: readonly string[],
  signal: AbortSignal,
): Promise<CancelCall | undefined> {
  const [group, openingId] = [fromHex(epoch.group), fromHex(opening.openingId)];
  if (group === undefined || openingId === undefined) return undefined;
  const found = await Promise.all(
    rpcs.map(async (rpc, seat): Promise<SignatureShare | undefined> => {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
      const entry = await board.readCancel(rpc, opening.chainId, limited);
      if (entry === undefined || entry.seat !== seat || entry.openingId !== opening.openingId) return undefined;
      if (entry.era !== epoch.era || entry.epoch !== epoch.epoch) return undefined;
      return { seat, share: entry.share };
    }),
  );
  const shares = found.filter((share) => share !== undefined);
  return assembleCancel(cancelDigest(group, opening.era, openingId), keys, shares);
}
