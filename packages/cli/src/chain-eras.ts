import { type ManagerClient, mined } from "@tributary/contracts";
import { erasAbi } from "@tributary/contracts/abi/eras.generated";
import { renewalsAbi } from "@tributary/contracts/abi/renewals.generated";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { assembleHandover, eraDigest } from "@tributary/protocol/keygen/era-handover";
import { quorum } from "@tributary/protocol/quorum";
import { z } from "zod";
import { chainCall } from "./chain-rpc.ts";
import type { ChainView } from "./chain-view.ts";
import type { Network } from "./network.ts";

/** Of an era that covers no height, or none yet. */
const NO_HEIGHT = 2n ** 64n - 1n;

const handoverShare = z.object({
  seat: z.number().int().min(0).max(63),
  members: z.number().int().min(1).max(64),
  share: z.string().length(194),
});

/** Stages of the contract's renewal, by number. */
const stages = ["idle", "generating", "ready"] as const;

export type EraView = {
  readonly era: number;
  /** Compressed, hex. */
  readonly groupKey: string;
  /** Undefined where it covers no height, or where that is not shown yet. */
  readonly firstHeight: number | undefined;
  /** Undefined while it is open, too. */
  readonly lastHeight: number | undefined;
  /**
   * By the key before, for a verifier that cannot read the mainchain: over digest("era", u32 era ‖ key) at the first
   * height, in epoch 0. Undefined where it was not asked for, or where too few members show their shares.
   */
  readonly signature?: string;
};

/** The keys of a chain's group: whoever verifies a certificate takes the key of the era that covers its height. */
export type ChainEras = {
  readonly chainId: number;
  readonly eras: readonly EraView[];
  /** generating: a fresh key is in the making. ready: where its era begins is to be shown to the mainchain. */
  readonly renewal: (typeof stages)[number];
  /** ISO 8601; from when on anybody may have the key renewed. */
  readonly renewableFrom: string;
};

/** `signed`: with the signatures by which keys hand over to one another. */
export async function chainEras(
  client: ManagerClient,
  network: Network,
  chain: ChainView,
  signed = false,
): Promise<ChainEras> {
  const args = [BigInt(chain.chainId)] as const;
  const renewals = { address: network.contracts.Renewals, abi: renewalsAbi, args } as const;
  const [list, renewal, due] = await Promise.all([
    client.readContract({ address: network.contracts.Eras, abi: erasAbi, functionName: "erasOf", args }),
    client.readContract({ ...renewals, functionName: "renewalOf" }),
    client.readContract({ ...renewals, functionName: "dueAt" }),
  ]);
  const eras: readonly EraView[] = list.map(({ era, groupKey, firstHeight, lastHeight }) => ({
    era,
    groupKey,
    firstHeight: firstHeight === NO_HEIGHT ? undefined : Number(firstHeight),
    lastHeight: lastHeight === NO_HEIGHT || lastHeight === 0n ? undefined : Number(lastHeight),
  }));
  const group = fromHex(list[0]?.group ?? "0x") ?? new Uint8Array(0);
  const withSignature = async (next: EraView, index: number): Promise<EraView> => {
    const old = eras[index - 1];
    const signature = old === undefined ? undefined : await handoverSignature(chain, group, [old, next]);
    return signature === undefined ? next : { ...next, signature };
  };
  return {
    chainId: chain.chainId,
    eras: signed ? await Promise.all(eras.map(withSignature)) : eras,
    renewal: stages[renewal.stage] ?? "idle",
    renewableFrom: new Date(Number(due) * 1_000).toISOString(),
  };
}

/** Q of the members' shares of what an era's key signed of the next one; undefined while fewer good ones are shown. */
export async function handoverSignature(
  chain: ChainView,
  group: Uint8Array,
  [old, next]: readonly [EraView, EraView],
): Promise<`0x${string}` | undefined> {
  const [oldKey, groupKey] = [fromHex(old.groupKey), fromHex(next.groupKey)];
  if (oldKey === undefined || groupKey === undefined || next.firstHeight === undefined) return undefined;
  const shown = await Promise.all(chain.members.map(({ rpc }) => shownBy(rpc, old.era)));
  const shares = shown.filter((share) => share !== undefined);
  const hash = eraDigest(group, { era: old.era, firstHeight: next.firstHeight, groupKey });
  for (const members of new Set(shares.map((share) => share.members))) {
    const named = shares.filter((share) => share.members === members);
    const signature = assembleHandover(hash, oldKey, quorum(members), named);
    if (signature !== undefined) return toHex(signature);
  }
  return undefined;
}

async function shownBy(
  rpc: string,
  era: number,
): Promise<{ readonly seat: number; readonly members: number; readonly share: Uint8Array } | undefined> {
  try {
    const shown = handoverShare.nullable().parse(await chainCall(rpc, "tributary_getEraHandover", era));
    const share = fromHex(shown?.share ?? "");
    return shown === null || share === undefined ? undefined : { ...shown, share };
  } catch {
    // A member that is away or speaks nonsense: others are enough.
    return undefined;
  }
}

/** Begins the generation of a fresh key; the contracts refuse where it is not due, or where the committee changes. */
export async function renewKey(client: ManagerClient, network: Network, chain: ChainView): Promise<void> {
  const hash = await client.writeContract({
    address: network.contracts.Renewals,
    abi: renewalsAbi,
    functionName: "begin",
    args: [BigInt(chain.chainId)],
  });
  await mined(client, "the renewal", hash);
}
