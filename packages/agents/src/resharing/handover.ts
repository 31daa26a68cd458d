import { fromHex } from "@tributary/protocol/bytes/index";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { seatBitmap } from "@tributary/protocol/keygen/ready";
import { qualifiedDealers } from "@tributary/protocol/keygen/resharing";
import type { KeySlot, PostedDealing } from "@tributary/protocol/ports/key-vault";
import type { EraBeginning } from "@tributary/protocol/ports/recovery-host";
import { hasSeat, seatsOf, withSeat } from "../keygen/bitmap.ts";
import type { KeyGenerationEvent, RecoveryEvent, RenewalEvent, ResharingEvent } from "../mainchain/events.ts";
import { EpochKeys } from "./epoch-keys.ts";

export type HandoverPhase = "accepting" | "dealing" | "complaints" | "done" | "failed";

/** One resharing as the mainchain tells it. Dealers are seats of `oldNodeIds`, everything else seats of `nodeIds`. */
export type Handover = {
  readonly chainId: bigint;
  readonly group: HexHash;
  readonly era: number;
  readonly fromEpoch: number;
  readonly epoch: number;
  readonly oldNodeIds: readonly number[];
  readonly nodeIds: readonly number[];
  /** Of the epoch that is handed over; undefined where this node has not seen it come about. */
  readonly previous: EpochKeys | undefined;
  readonly phase: HandoverPhase;
  /** Mainchain seconds at which the phase's window ends. */
  readonly until: bigint;
  /** Mainchain block in which the phase began: helpers take turns by it. */
  readonly since: bigint;
  readonly keys: ReadonlyMap<number, Uint8Array>;
  readonly accepted: bigint;
  readonly dealings: ReadonlyMap<number, Uint8Array>;
  readonly convicted: bigint;
  /** Q of READY. */
  readonly result: bigint | undefined;
};

/** An epoch whose READY is on the mainchain, in this block. */
export type ReadyEpoch = {
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  readonly nodeIds: readonly number[];
  readonly groupKey: `0x${string}`;
  readonly keysHash: `0x${string}`;
  readonly committee: HexHash;
  readonly keys: EpochKeys;
  readonly block: bigint;
  /** Of the first epoch of an era that a Recovery began. */
  readonly beginning?: EraBeginning;
  /** Of the first epoch of an era by schedule, once it was shown: its first height. */
  readonly first?: number;
};

/** The newest resharing of each chain, the epochs of its eras, and what its running generation has posted. */
export type Handovers = {
  readonly current: ReadonlyMap<bigint, Handover>;
  /** Ascending by era and epoch; the first one of an era has a freshly generated key. */
  readonly history: ReadonlyMap<bigint, readonly ReadyEpoch[]>;
  readonly fresh: ReadonlyMap<bigint, FreshDealings>;
  /** Epoch up to which those who left were let go. */
  readonly released: ReadonlyMap<bigint, number>;
};

type FreshDealings = {
  readonly group: HexHash;
  readonly nodeIds: readonly number[];
  readonly dealings: ReadonlyMap<number, Uint8Array>;
};

export const noHandovers: Handovers = {
  current: new Map(),
  history: new Map(),
  fresh: new Map(),
  released: new Map(),
};

/** Keys of the chain's newest epoch. */
export function newestKeys(state: Handovers, chainId: bigint): EpochKeys | undefined {
  return state.history.get(chainId)?.at(-1)?.keys;
}

/** Old seats whose dealings count as things stand. */
export function unconvicted(handover: Handover): bigint {
  return seatBitmap(handover.dealings.keys()) & ~handover.convicted;
}

/** Q as the contract has it; undefined while fewer than q dealings count. */
export function qualified(handover: Handover): bigint | undefined {
  const seats = qualifiedDealers(seatsOf(unconvicted(handover)), handover.oldNodeIds.length);
  return seats && seatBitmap(seats);
}

export function everyNewSeat(handover: Handover): bigint {
  return (1n << BigInt(handover.nodeIds.length)) - 1n;
}

export function slotOf(handover: Handover): KeySlot {
  return { group: handover.group, era: handover.era, epoch: handover.epoch };
}

export function postedBy(handover: Handover, dealers: bigint): readonly PostedDealing[] {
  return posted(handover.dealings, dealers);
}

/** E_j by new seat; empty for a seat that did not accept. */
export function newEncryptionKeys(handover: Handover): readonly Uint8Array[] {
  return handover.nodeIds.map((_, seat) =>
    hasSeat(handover.accepted, seat) ? (handover.keys.get(seat) ?? new Uint8Array(0)) : new Uint8Array(0),
  );
}

/** Folds key generations only as far as resharings build on them. */
export function reduceFresh(state: Handovers, event: KeyGenerationEvent, block: bigint): Handovers {
  const { chainId } = event;
  if (event.name === "KeyGenerationBegun") {
    const entry = { group: event.group as HexHash, nodeIds: event.nodeIds, dealings: new Map() };
    return { ...state, fresh: new Map(state.fresh).set(chainId, entry) };
  }
  const entry = state.fresh.get(chainId);
  if (entry === undefined) return state;
  if (event.name === "Dealt") {
    const dealings = new Map(entry.dealings).set(event.seat, bytes(event.dealing));
    return { ...state, fresh: new Map(state.fresh).set(chainId, { ...entry, dealings }) };
  }
  if (event.name !== "KeyGenerated" && event.name !== "KeyGenerationFailed") return state;
  const fresh = new Map(state.fresh);
  fresh.delete(chainId);
  if (event.name === "KeyGenerationFailed") return { ...state, fresh };
  const dealt = posted(entry.dealings, event.qualified);
  const { group, nodeIds } = entry;
  const keys = EpochKeys.generated(event, dealt, nodeIds.length, event.keysHash);
  // Each era counts its epochs anew.
  const released = new Map(state.released);
  released.delete(chainId);
  return {
    ...state,
    fresh,
    released,
    history: new Map(state.history).set(chainId, [
      ...(state.history.get(chainId) ?? []),
      ready(event, { group, nodeIds }, keys, block),
    ]),
  };
}

/** Where the newest era began; said in the transaction that gave it its key. */
export function reduceEras(state: Handovers, event: RecoveryEvent): Handovers {
  if (event.name !== "EraRecovered") return state;
  const { chainId, era, epoch } = event;
  const history = state.history.get(chainId) ?? [];
  const newest = history.at(-1);
  if (newest?.era !== era || newest.epoch !== epoch) return state;
  const { finalHeight, finalDigest, orderHeight, orderDigest } = event.beginning;
  const beginning: EraBeginning = {
    finalHeight: Number(finalHeight),
    finalHash: finalDigest as HexHash,
    orderHeight: Number(orderHeight),
    order: orderDigest as HexHash,
  };
  const moved = [...history.slice(0, -1), { ...newest, beginning }];
  return { ...state, history: new Map(state.history).set(chainId, moved) };
}

/** With which height the newest era begins by schedule. */
export function reduceBorders(state: Handovers, event: RenewalEvent): Handovers {
  if (event.name !== "EraBegun") return state;
  const { chainId, era, firstHeight } = event;
  const history = state.history.get(chainId) ?? [];
  const index = history.findIndex((ready) => ready.era === era);
  const moved = history.map((ready, at) => (at === index ? { ...ready, first: Number(firstHeight) } : ready));
  return { ...state, history: new Map(state.history).set(chainId, moved) };
}

/** Folds one event of the resharing contract. Events of another slot than the running one are ignored. */
export function reduceHandovers(state: Handovers, event: ResharingEvent, block: bigint): Handovers {
  const { chainId } = event;
  if (event.name === "LeaversReleased") {
    return { ...state, released: new Map(state.released).set(chainId, event.epoch) };
  }
  if (event.name === "ResharingBegun") return withCurrent(state, begun(event, newestKeys(state, chainId), block));
  const handover = state.current.get(chainId);
  if (handover === undefined || handover.era !== event.era || handover.epoch !== event.epoch) return state;
  const next = step(handover, event, block);
  if (event.name !== "KeyReshared" || handover.previous === undefined) return withCurrent(state, next);
  const dealt = postedBy(handover, event.qualified);
  const keys = EpochKeys.reshared(event, handover.previous, dealt, handover.nodeIds.length, event.keysHash);
  const history = [...(state.history.get(chainId) ?? []), ready(event, handover, keys, block)];
  return { ...withCurrent(state, next), history: new Map(state.history).set(chainId, history) };
}

/** Forgets what a chain that ended left. */
export function dropHandovers(state: Handovers, chainId: bigint): Handovers {
  const [current, history, fresh, released] = [
    new Map(state.current),
    new Map(state.history),
    new Map(state.fresh),
    new Map(state.released),
  ];
  for (const map of [current, history, fresh, released]) map.delete(chainId);
  return { current, history, fresh, released };
}

function withCurrent(state: Handovers, handover: Handover): Handovers {
  return { ...state, current: new Map(state.current).set(handover.chainId, handover) };
}

function ready(
  {
    era,
    epoch,
    groupKey,
    keysHash,
    committee,
  }: (KeyGenerationEvent | ResharingEvent) & {
    name: "KeyGenerated" | "KeyReshared";
  },
  { group, nodeIds }: { readonly group: HexHash; readonly nodeIds: readonly number[] },
  keys: EpochKeys,
  block: bigint,
): ReadyEpoch {
  return { group, era, epoch, nodeIds, groupKey, keysHash, committee: committee as HexHash, keys, block };
}

function begun(
  event: ResharingEvent & { name: "ResharingBegun" },
  newest: EpochKeys | undefined,
  block: bigint,
): Handover {
  const { name: _, acceptUntil, ...slot } = event;
  const known = newest?.era === event.era && newest.epoch === event.fromEpoch;
  return {
    ...slot,
    previous: known ? newest : undefined,
    phase: "accepting",
    until: acceptUntil,
    since: block,
    keys: new Map(),
    accepted: 0n,
    dealings: new Map(),
    convicted: 0n,
    result: undefined,
  };
}

function step(
  handover: Handover,
  event: Exclude<ResharingEvent, { name: "ResharingBegun" | "LeaversReleased" }>,
  block: bigint,
): Handover {
  switch (event.name) {
    case "NewSeatAccepted":
      return { ...handover, keys: new Map(handover.keys).set(event.seat, bytes(event.key)) };
    case "ResharingOpened":
      return { ...handover, phase: "dealing", accepted: event.accepted, until: event.until, since: block };
    case "ShareDealt":
      return { ...handover, dealings: new Map(handover.dealings).set(event.dealer, bytes(event.dealing)) };
    case "ResharingClosed":
      return { ...handover, phase: "complaints", until: event.complaintsUntil, since: block };
    case "ShareDealerConvicted":
      return { ...handover, convicted: withSeat(handover.convicted, event.dealer) };
    case "ResharingReopened":
      return { ...handover, phase: "dealing", until: event.until, since: block };
    case "KeyReshared":
      // What was dealt stays until the next resharing: a member that was away takes its share from it.
      return { ...handover, phase: "done", since: block, result: event.qualified };
    case "ResharingFailed":
      return { ...handover, phase: "failed", since: block, keys: new Map(), dealings: new Map() };
  }
}

function posted(dealings: ReadonlyMap<number, Uint8Array>, dealers: bigint): readonly PostedDealing[] {
  return seatsOf(dealers).flatMap((dealer) => {
    const dealing = dealings.get(dealer);
    return dealing === undefined ? [] : [{ dealer, dealing }];
  });
}

/** Event data comes decoded from the contract's log, so it is hex of whole bytes. */
function bytes(hex: `0x${string}`): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}
