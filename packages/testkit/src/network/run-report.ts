import type { EraStanding } from "@tributary/node/consensus/ports";
import type { EvidenceKind } from "@tributary/protocol/evidence/evidence";
import type { MessageKind } from "@tributary/protocol/wire/index";
import type { Abuse } from "./abuse.ts";
import type { IdealCrypto } from "./ideal-crypto.ts";
import type { NetworkName } from "./network-scheduler.ts";
import type { SimulatedMesh } from "./simulated-mesh.ts";

export type RunOptions = {
  /** Of the first epoch. */
  readonly members: number;
  /** Of the later epochs, where these are others; the last one's for those beyond. */
  readonly sizes?: readonly number[];
  readonly heights: number;
  readonly seed: number;
  /** Without faults of any kind: a quiet network of honest members. */
  readonly calm?: boolean;
  /** An honest member loses what it said in the middle of the unrest; it counts as one of those that may be faulty. */
  readonly amnesia?: boolean;
  /** Later epochs that become ready in the middle of it, each with shares of its own. */
  readonly epochs?: number;
  /**
   * So many times more than f members' disks are destroyed, and an era ends by a Recovery; some are cancelled. A later one
   * strikes before, while or after what its era took over is made final again.
   */
  readonly recoveries?: number;
  /** Nodes without a seat that follow. */
  readonly observers?: number;
  /** What the mainchain says of an era, to who saw what happened up to some milliseconds. */
  readonly standing?: (era: number, elapsed: number) => EraStanding;
  /** Events after which a run counts as endless. */
  readonly budget?: number;
};

export type RunReport = {
  readonly ok: boolean;
  readonly failure: string | undefined;
  readonly members: number;
  readonly seed: number;
  readonly network: NetworkName;
  readonly heights: number;
  readonly steps: number;
  readonly milliseconds: number;
  readonly messages: number;
  readonly lost: number;
  readonly crashes: number;
  readonly resets: number;
  readonly transactions: number;
  readonly coins: number;
  readonly evidence: number;
  /** Evidence in the stores of honest members at the end, which convicts faulty members, by what it proves. */
  readonly proven: ReadonlyMap<EvidenceKind, number>;
  /** Members that lost what they said, and how often one was let speak again. */
  readonly forgets: number;
  readonly remembers: number;
  /** Times that an honest member went on to a later epoch. */
  readonly handovers: number;
  /** Eras that ended by a Recovery, the heights that these left ordered and not final, and those among them that were so left before. */
  readonly recoveries: number;
  readonly inherited: number;
  readonly inheritedAgain: number;
  /** Heights that an era took over and the one after it gave up, because nobody had them. */
  readonly dropped: number;
  readonly fetched: number;
  readonly jumps: number;
  readonly abuse: Abuse;
  readonly sent: ReadonlyMap<MessageKind, number>;
};

export type Costs = {
  readonly traffic: SimulatedMesh["traffic"];
  readonly crypto: IdealCrypto["counts"];
};
