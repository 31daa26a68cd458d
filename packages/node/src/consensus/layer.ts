import type { Height, HexHash } from "@tributary/protocol/consensus/types";
import type { ContainerBody } from "@tributary/protocol/container/container-body";
import type { ContainerHeader, OrderedTransaction } from "@tributary/protocol/container/header";
import type { ContainerMessage } from "@tributary/protocol/wire/index";

/** A container from another member or from the store, every hash and certificate of it verified. */
export type FetchedContainer = {
  readonly message: ContainerMessage;
  readonly bytes: Uint8Array;
  readonly hash: HexHash;
  readonly body: ContainerBody;
};

/** Executed and not committed. */
export type Layer = {
  readonly header: ContainerHeader;
  readonly hash: HexHash;
  readonly body: ContainerBody;
  /** As it came, with F. */
  readonly fetched: FetchedContainer | undefined;
  readonly stored: boolean;
  /** The executor has it on disk: it was final in the era before, and needs an F of this one. */
  readonly kept: boolean;
};

export type Committed = {
  readonly height: Height;
  readonly header: ContainerHeader;
  readonly hash: HexHash;
  readonly transactions: readonly OrderedTransaction[];
  readonly fetched: boolean;
  /** Not for the first time: it was final in the era before. */
  readonly again: boolean;
};
