import type { HexHash } from "@tributary/protocol/consensus/types";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import type { ChainEvent, RecoveryEvent, RenewalEvent, SelectionEvent } from "../mainchain/events.ts";

export type ChainState = "requested" | "selected" | "keygen" | "running" | "paused" | "expired" | "deleted" | "failed";

/** A chain as the mainchain tells it. */
export type ChainRecord = {
  readonly chainId: bigint;
  readonly name: string;
  readonly group: HexHash;
  readonly nonce: bigint;
  readonly slots: number;
  readonly genesis: GenesisParameters;
  readonly state: ChainState;
  /** Mainchain block in which the state began: helpers take turns by it. */
  readonly since: bigint;
  /** By seat; empty before selection. */
  readonly nodeIds: readonly number[];
  readonly era: number;
  readonly epoch: number;
  readonly keysHash: HexHash | undefined;
  /** A Recovery is under way: the committee does not change by rotation. */
  readonly recovering: boolean;
  /** From the generation of a fresh key by schedule until it is shown where its era begins: no rotation either. */
  readonly renewing: boolean;
  /** Seconds; when the paid time ends. 0 before the chain runs. */
  readonly end: bigint;
};

export type Chains = {
  readonly records: ReadonlyMap<bigint, ChainRecord>;
  /** Requests in the order in which they are selected, with the block whose randomness decides. */
  readonly queue: readonly { readonly chainId: bigint; readonly seedBlock: bigint }[];
  /** Seconds after the end in which a chain cannot be expired; 0 while unknown. */
  readonly grace: number;
};

export const noChains: Chains = { records: new Map(), queue: [], grace: 0 };

export function reduceSelection(chains: Chains, event: SelectionEvent): Chains {
  const { queue } = chains;
  switch (event.name) {
    case "SelectionRequested":
      return { ...chains, queue: [...queue, { chainId: event.chainId, seedBlock: event.seedBlock }] };
    case "SelectionRearmed":
      return {
        ...chains,
        queue: queue.map((entry) =>
          entry.chainId === event.chainId ? { ...entry, seedBlock: event.seedBlock } : entry,
        ),
      };
    case "CommitteeSelected":
    case "CommitteeUnavailable":
    case "SeatsSelected":
    case "SeatsUnavailable":
      return { ...chains, queue: queue.filter((entry) => entry.chainId !== event.chainId) };
  }
}

export function reduceChains(chains: Chains, event: ChainEvent, block: bigint): Chains {
  if (event.name === "ParametersChanged") return { ...chains, grace: event.parameters.grace };
  if (event.name === "ChainRequested") return withRecord(chains, requested(event, block));
  const record = chains.records.get(event.chainId);
  return record === undefined ? chains : withRecord(chains, step(record, event, block));
}

/** What a Recovery means for the chain: committees stand still until it ends, and a new era may begin. */
export function reduceRecovered(chains: Chains, event: RecoveryEvent, block: bigint): Chains {
  const record = chains.records.get(event.chainId);
  if (record === undefined) return chains;
  switch (event.name) {
    case "RecoveryChallenged":
    case "RecoveryOpened":
      return withRecord(chains, { ...record, recovering: true });
    case "RecoveryCancelled":
    case "RecoveryAbandoned":
      return withRecord(chains, { ...record, recovering: false });
    case "EraRecovered": {
      const { era, epoch, keysHash } = event;
      return withRecord(chains, { ...record, era, epoch, keysHash, since: block, recovering: false, renewing: false });
    }
    default:
      return chains;
  }
}

/** What an era by schedule means for the chain. */
export function reduceRenewed(chains: Chains, event: RenewalEvent, block: bigint): Chains {
  const record = chains.records.get(event.chainId);
  if (record === undefined) return chains;
  switch (event.name) {
    case "RenewalBegun":
      return withRecord(chains, { ...record, renewing: true });
    case "RenewalFailed":
    case "EraBegun":
      return withRecord(chains, { ...record, renewing: false });
    case "EraRenewed": {
      const { era, epoch, keysHash } = event;
      return withRecord(chains, { ...record, era, epoch, keysHash, since: block });
    }
  }
}

function withRecord(chains: Chains, record: ChainRecord): Chains {
  return { ...chains, records: new Map(chains.records).set(record.chainId, record) };
}

/** Genesis comes from the creation event alone, so that anybody recomputes it. */
function requested(event: ChainEvent & { name: "ChainRequested" }, block: bigint): ChainRecord {
  const { creation, chainId } = event;
  return {
    chainId,
    name: creation.name,
    group: event.group,
    nonce: event.nonce,
    slots: event.slots,
    genesis: {
      chainId,
      name: creation.name,
      owner: creation.owner.toLowerCase() as `0x${string}`,
      timestamp: Number(event.timestamp),
      gasLimit: Number(creation.gasLimit),
      byteLimit: creation.byteLimit,
      allocation: creation.allocation.map(({ account, balance }) => ({
        address: account.toLowerCase() as `0x${string}`,
        balance,
      })),
    },
    state: "requested",
    since: block,
    nodeIds: [],
    era: 0,
    epoch: 0,
    keysHash: undefined,
    recovering: false,
    renewing: false,
    end: 0n,
  };
}

function step(
  record: ChainRecord,
  event: Exclude<ChainEvent, { name: "ChainRequested" | "ParametersChanged" }>,
  block: bigint,
): ChainRecord {
  const moved = (state: ChainState): ChainRecord => ({ ...record, state, since: block });
  switch (event.name) {
    case "ChainSelected":
      return { ...moved("selected"), nodeIds: event.nodeIds };
    case "ChainKeygen":
      return { ...moved("keygen"), nodeIds: event.nodeIds, era: event.era, epoch: event.epoch };
    case "ChainRunning":
      return {
        ...moved("running"),
        era: event.era,
        epoch: event.epoch,
        keysHash: event.keysHash,
        end: event.end,
      };
    case "ChainPaused":
      return moved("paused");
    case "ChainResumed":
      return moved("running");
    case "ChainExtended":
      return { ...record, end: event.end };
    case "ChainExpired":
      return ended(moved("expired"));
    case "ChainDeleted":
      return ended(moved("deleted"));
    case "ChainFailed":
      return ended(moved("failed"));
  }
}

/** Only what stopping a member needs is kept of a chain that ended. */
function ended(record: ChainRecord): ChainRecord {
  return { ...record, genesis: { ...record.genesis, allocation: [] } };
}
