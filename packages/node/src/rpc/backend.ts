import type { ChainReader } from "@tributary/chain";
import type { StateProof } from "@tributary/chain/proof/state-proof";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import type { MerkleBranch } from "@tributary/protocol/container/merkle";
import type { Offence } from "@tributary/protocol/evidence/evidence";
import type { MemberStatus } from "@tributary/protocol/ports/member-host";
import type { HaltReason } from "../consensus/driver-event.ts";
import type { NextFork } from "../host/fork-watch.ts";
import type { HandoverShare } from "../host/handover-share.ts";
import type { DevelopmentView } from "./development-view.ts";

/**
 * away, refused: the vault. silent: a record of what was signed is missing, so others have to prove where they are first,
 * and the heights of which something may have been signed have to pass.
 */
export type SigningState = "signing" | "away" | "refused" | "silent" | "no-seat";

/**
 * Results of a height that disagree: this member's own against the certified one; or members' by seat, where they leave
 * none that can be certified. Hashes of container headers.
 */
export type Divergence = {
  readonly height: number;
  readonly own?: string;
  readonly certified?: string;
  readonly results?: readonly { readonly hash: string; readonly seats: readonly number[] }[];
};

/** How the member of a chain on this node is doing. */
export type StatusReport = {
  readonly status: MemberStatus;
  /** Newest certified height here. */
  readonly height: number;
  /** Newest height that this member has heard of; equals `height` unless it is catching up. */
  readonly highestHeight: number;
  /** Members of the committee that are connected, this one included. */
  readonly membersUp: number;
  /** Members needed for blocks to go on. */
  readonly quorum: number;
  /** Milliseconds since 1970 at which the status became what it is. */
  readonly since: number;
  /** Whether this member's keys sign, or why not. Absent where nobody asks it to: an expired chain. */
  readonly signing?: SigningState | undefined;
  /** The next change of the chain's rules that the mainchain announces. */
  readonly nextFork?: NextFork | undefined;
  /** Why this member executes no more, though it still orders. */
  readonly halted?: HaltReason | undefined;
  readonly divergence?: Divergence | undefined;
  /** Nothing moves though a quorum is connected: members are silent, or without shares or a common state. */
  readonly stuck?: boolean;
};

/** Everything with which an outsider checks a block against the group key in the manager contract. */
export type FinalityProof = {
  readonly header: ContainerHeader;
  /** F(h): signature of the group over the header's hash, 96 bytes. */
  readonly certificate: Uint8Array;
  /** Era of the key that signed, where a recovery certified the height again; else the header's. */
  readonly certificateEra?: number;
  /** From the block up to the header's segmentsRoot. */
  readonly branch: MerkleBranch;
  /** O(h), 96 bytes: its keccak256 is the header's beacon. Absent where only F was fetched. */
  readonly orderCertificate?: Uint8Array;
};

/** Answer to who wants a part of the state proven. */
export type StateProofReport =
  | { readonly kind: "proof"; readonly proof: StateProof }
  /** No block of this chain is certified yet. */
  | { readonly kind: "uncertified" }
  /** The account's buckets are too large for one answer. */
  | { readonly kind: "too-large" };

/** Proof that a member contradicted itself, as the contract takes it. */
export type KeptEvidence = {
  readonly offence: Offence;
  readonly evidence: Uint8Array;
  /** Whose seat it was; undefined in an epoch that this member does not know. */
  readonly node: { readonly nodeId: number; readonly nodeAddress: string } | undefined;
};

/** Some of what is kept, by height, and where the rest begins. */
export type EvidenceReport = { readonly kept: readonly KeptEvidence[]; readonly next?: Uint8Array };

/** What JSON-RPC needs to know of a chain's membership and agreement, beside the chain itself. */
export interface MemberView {
  status(): StatusReport;
  /** undefined for the genesis block, which no container holds. */
  finality(blockNumber: number): Promise<FinalityProof | undefined>;
  /** What proves an account and its slots (32 bytes each) to outsiders. System errors where the disk refuses. */
  stateProof(address: Uint8Array, slots: readonly Uint8Array[]): Promise<StateProofReport>;
  /** Evidence against members, from `next` of an earlier report on. */
  evidence(from?: Uint8Array): Promise<EvidenceReport>;
  /** What this member signed of the next era, as this one ended by schedule. */
  handover(era: number): HandoverShare | undefined;
  /** Only where this is a devnet's only member of the chain. */
  readonly development?: DevelopmentView | undefined;
}

/** One chain as the server serves it. */
export type ChainBackend = {
  readonly chain: ChainReader;
  readonly member: MemberView;
  /** Slots of the chain on this node (1, 16 or 128): its share of the node's RPC budget. */
  readonly slots: number;
};
