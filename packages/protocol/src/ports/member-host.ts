import type { HexHash } from "../consensus/types.ts";
import type { EraBeginning } from "./recovery-host.ts";

/** One seat of a committee as the mainchain registered it. */
export type MemberRecord = {
  readonly seat: number;
  readonly nodeId: number;
  /** host:port of the peer port. */
  readonly endpoint: string;
  /** http://host:port of the JSON-RPC, without a path. */
  readonly rpc: string;
  /** Address of the node's secp256k1 key: envelopes are recovered to it. */
  readonly nodeAddress: `0x${string}`;
  /** SHA-256 of the transport key's SubjectPublicKeyInfo, 32 bytes hex: TLS connections are bound to it. */
  readonly transportKey: HexHash;
  /** Registered BLS key, compressed G1, 48 bytes hex. */
  readonly blsKey: `0x${string}`;
};

/** Everything that a node needs to run its member of a chain; all of it is derived from mainchain events. */
export type MemberSpec = {
  readonly chainId: bigint;
  readonly name: string;
  readonly group: HexHash;
  readonly era: number;
  readonly epoch: number;
  /**
   * First height of the chain's first epoch; that of a later one follows from what was ordered. Of an era: 0 until the
   * mainchain knows it, on its first epoch.
   */
  readonly firstHeight: number;
  /** Where the era began, on the first epoch of one that a Recovery began. */
  readonly beginning?: EraBeginning;
  /** The own seat; NO_SEAT where this node only follows, because it is to join or has left. */
  readonly seat: number;
  readonly members: readonly MemberRecord[];
  /** Group public key, compressed G1, 48 bytes hex. */
  readonly groupPublicKey: `0x${string}`;
  /** Y_j of every seat, compressed G1: shares are checked against them. */
  readonly shareKeys: readonly `0x${string}`[];
  /** Hash of members and share keys, as the container header carries it. */
  readonly committee: HexHash;
  /** Slots that the chain takes on each node: 1, 16 or 128. */
  readonly slots: number;
  /** Genesis parameters, JSON-able; the chain room derives the genesis block from them. */
  readonly genesis: GenesisParameters;
};

/** In place of a seat. */
export const NO_SEAT = 255;

/** What came after a chain's first epoch. */
export type LaterEpochs = {
  /** Ready ones of all eras, ascending. */
  readonly epochs: readonly MemberSpec[];
  /** Nodes that an epoch in the making is to have: they follow until it is ready. */
  readonly joining: readonly MemberRecord[];
};

/** Built from the creation event alone, so that anyone recomputes the genesis block. */
export type GenesisParameters = {
  readonly chainId: bigint;
  readonly name: string;
  readonly owner: `0x${string}`;
  /** Seconds: mainchain timestamp of the creation block. */
  readonly timestamp: number;
  /** G: gas limit of a block. */
  readonly gasLimit: number;
  /** B: bytes of transactions in a container. */
  readonly byteLimit: number;
  /** Native coin given at genesis; wei. Only where the creation event asks for it (devnets). */
  readonly allocation: readonly { readonly address: `0x${string}`; readonly balance: bigint }[];
};

/**
 * following: what others make final is executed and served, but nothing is signed, since the keys are away or refuse.
 * paused: too few members answer, or answer to no avail. diverged: this member's result of a height is not the chain's, or
 * the members' results leave none that can become final. recovery: nothing is signed while a Recovery of the era is open,
 * or may be; what is final can be read. consensus.md 8, 15.
 */
export type MemberStatus = "running" | "following" | "paused" | "syncing" | "diverged" | "recovery" | "expired";

/**
 * Where an era begins that a fresh key by schedule began: the first container whose checkpoint shows READY, final, and the
 * one before it. consensus.md 14 and 15.
 */
export type BorderProof = {
  readonly height: number;
  /** Of the key that signed. */
  readonly era: number;
  /** Encoded headers. */
  readonly container: Uint8Array;
  readonly parent: Uint8Array;
  /** F, 96 bytes. */
  readonly certificate: Uint8Array;
};

/** Starts and stops members of chains inside one node process, without a restart. Declared here so that agents drive it without importing the node. */
export interface MemberHost {
  /**
   * Runs this node's part in the epoch that is in charge, and in those that follow it. `first` is the chain's first
   * epoch. Idempotent; told again when there is more to know about later epochs.
   */
  start(first: MemberSpec, later?: LaterEpochs): Promise<void>;
  /** Stops the member; its data stays. */
  stop(chainId: bigint, reason: "expired" | "deleted" | "left"): Promise<void>;
  /**
   * Whether something is left to do for a chain in which this node had its last seat in the epoch `last`: to see
   * transactions that it acknowledged into blocks, or to erase keys. For that its member has to run.
   */
  owes(chainId: bigint, last: { readonly era: number; readonly epoch: number }): boolean;
  /** Chains with a running member here. */
  running(): readonly bigint[];
  /** Whether the member holds the chain's state up to 64 heights of what is final. consensus.md 14: before READY. */
  current(chainId: bigint): boolean;
  /** Undefined where that is not known here (yet). `ready`: the mainchain block of READY. */
  border(chainId: bigint, ready: number): BorderProof | undefined;
}
