import { diskFolder } from "@tributary/chain/files/disk-folder";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { readWhole, replaceWhole } from "@tributary/protocol/files/whole-file";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import { decode, type Limits } from "@tributary/protocol/wire/index";
import { lowest } from "../consensus/checkpoint-search.ts";
import type { ContainerStore } from "../consensus/ports.ts";
import { NodeError } from "../fault/node-error.ts";
import type { MemberVault } from "../vault/member-vault.ts";

/** A share of what the key of an era signed of the next one, as it ended by schedule. consensus.md 15. */
export type HandoverShare = {
  readonly era: number;
  readonly firstHeight: number;
  /** Of the next era; compressed, hex. */
  readonly groupKey: `0x${string}`;
  readonly seat: number;
  /** Of the epoch that ended the era. */
  readonly members: number;
  /** 96 bytes. */
  readonly share: Uint8Array;
};

const nameOf = (era: number): string => `handover-${era}.json`;

export type HandoverFiles = { readonly folder: string; readonly store: ContainerStore; readonly limits: Limits };

/**
 * Has the old key's share sign the next key, where that began by schedule, and keeps the result: before the share is
 * erased. `over`: the last epoch of the era that ended; `next`: the first one of the era after it.
 */
export async function signHandover(
  { folder, store, limits }: HandoverFiles,
  vault: Pick<MemberVault, "signHandover">,
  { over, next }: { readonly over: MemberSpec | undefined; readonly next: MemberSpec | undefined },
): Promise<void> {
  if (over === undefined || over.seat >= over.members.length) return;
  if (next === undefined || next.beginning !== undefined || readHandover(folder, over.era) !== undefined) return;
  const firstHeight = firstHeightOf(store, limits, next);
  const groupKey = fromHex(next.groupPublicKey);
  if (firstHeight === undefined || groupKey === undefined) return;
  const { era, seat, members } = over;
  try {
    const share = await vault.signHandover(over, seat, { firstHeight, groupKey });
    const named = { era, firstHeight, groupKey: next.groupPublicKey, seat, members: members.length };
    await keepHandover(folder, { ...named, share });
  } catch (error) {
    // Without a share of either key there is nothing to say.
    const gone = error instanceof NodeError && (error.code === "vault-share" || error.code === "vault-refused");
    if (!gone) throw error;
  }
}

/** Kept for ever: the share that made it is erased. */
async function keepHandover(folder: string, share: HandoverShare): Promise<void> {
  const text = JSON.stringify({ ...share, share: toHex(share.share) });
  await replaceWhole(diskFolder(folder), nameOf(share.era), new TextEncoder().encode(text));
}

/** Undefined where this node had no share at the end of that era, or the file is damaged: others have theirs. */
export function readHandover(folder: string, era: number): HandoverShare | undefined {
  const files = diskFolder(folder);
  if (!files.list().includes(nameOf(era))) return undefined;
  try {
    const kept = JSON.parse(new TextDecoder().decode(readWhole(files, nameOf(era)))) as Omit<HandoverShare, "share"> & {
      readonly share: string;
    };
    const share = fromHex(kept.share);
    return share?.length === 96 ? { ...kept, share } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The first height of an era that began by schedule, where everything below it is in the store; undefined where the store
 * cannot tell.
 */
function firstHeightOf(store: ContainerStore, limits: Limits, next: Pick<MemberSpec, "era">): number | undefined {
  const eraOf = (height: number): number | undefined => {
    const bytes = store.container(height);
    const message = bytes === undefined ? undefined : decode(bytes, limits);
    return message?.kind === "container" ? message.header.era : undefined;
  };
  const newest = store.highestContainer;
  const found = (eraOf(newest) ?? 0) < next.era ? newest + 1 : lowest((at) => (eraOf(at) ?? 0) >= next.era, newest);
  return eraOf(found - 1) === next.era - 1 ? found : undefined;
}
