import { equal, fromHex } from "@tributary/protocol/bytes/index";
import type { GroupKeys } from "@tributary/protocol/keygen/group-keys";
import { type PostedReady, verifyReady } from "@tributary/protocol/keygen/ready";
import type { ReadyBoard } from "@tributary/protocol/ports/ready-board";

/** Milliseconds granted to one member for its answer. */
const READ_TIMEOUT_MS = 2_000;

export type ReadyMember = {
  readonly seat: number;
  /** As registered on the mainchain. */
  readonly rpc: string;
  readonly blsKey: Uint8Array;
};

/** READYs over `digest` that the members show and that verify against their registered keys and shares. */
export async function collectReady(
  board: ReadyBoard,
  of: { readonly chainId: bigint },
  digest: Uint8Array,
  keys: GroupKeys,
  members: readonly ReadyMember[],
  signal: AbortSignal,
): Promise<readonly PostedReady[]> {
  const registered = members.map((member) => member.blsKey);
  const found = await Promise.all(
    members.map(async (member): Promise<PostedReady | undefined> => {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
      const entry = await board.read(member.rpc, of.chainId, limited);
      if (entry === undefined || entry.seat !== member.seat) return undefined;
      const shown = fromHex(entry.digest);
      if (shown === undefined || !equal(shown, digest)) return undefined;
      return { seat: entry.seat, registered: entry.registered, share: entry.share };
    }),
  );
  return found.filter((ready) => ready !== undefined && verifyReady(ready, digest, keys, registered)) as PostedReady[];
}
