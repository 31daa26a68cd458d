import type { HexHash, Seat } from "@tributary/protocol/consensus/types";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import type { EraBeginning } from "@tributary/protocol/ports/recovery-host";

/** What an era takes over from those before it, the last of which a Recovery ended. */
export type Inherited = EraBeginning & {
  /** Committees of eras before: orders and headers name them. Undefined for one that never was. */
  readonly committeeOf: (era: number, epoch: number) => OldCommittee | undefined;
};

export type OldCommittee = { readonly members: number; readonly committee: HexHash };

/** What a driver must know of its chain and committee. Made from a MemberSpec by `memberConfig`. */
export type MemberConfig = {
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  /** S: the first height of the epoch. */
  readonly firstHeight: number;
  /** From N on: no seat in the committee. Such a node follows the chain and says nothing that binds. */
  readonly seat: Seat;
  /** N. Peers from N on are guests: nodes of other epochs' committees. */
  readonly members: number;
  /** Hash of members and share keys. */
  readonly committee: HexHash;
  /** G: gas limit of a container. */
  readonly containerGas: number;
  /** B: bytes of proposal bodies in a container. */
  readonly containerBytes: number;
  /** Gas limit of one transaction; one such transaction may exceed the gas share of a proposal. */
  readonly transactionGas: number;
  /** Milliseconds between two own proposals at least, where that is more than the core asks for. Local, speed only. */
  readonly proposalSpacing: number;
  /** Container 0; its `order` is D(0). */
  readonly genesis: ContainerHeader;
  /** In the first epoch of an era that a Recovery began. */
  readonly inherited?: Inherited;
};
