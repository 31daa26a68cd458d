import type { HexHash } from "../consensus/types.ts";

/** Which key generation: a group's era and epoch. */
export type KeySlot = { readonly group: HexHash; readonly era: number; readonly epoch: number };

/** E_j with its proof of knowledge, encoded as the manager contract takes them. */
export type EncryptionKey = { readonly key: Uint8Array; readonly proof: Uint8Array };

/** One posted dealing as read from calldata. */
export type PostedDealing = { readonly dealer: number; readonly dealing: Uint8Array };

/** What a member found when it opened the dealings of the others for itself. */
export type DealingVerdict =
  | { readonly kind: "good"; readonly dealer: number }
  /** `complaint`: everything the contract's court needs, encoded by protocol/keygen. */
  | { readonly kind: "bad"; readonly dealer: number; readonly complaint: Complaint };

export type Complaint =
  | { readonly kind: "encoding"; readonly index: number }
  | { readonly kind: "proof" }
  | {
      readonly kind: "share";
      readonly shared: Uint8Array;
      readonly challenge: Uint8Array;
      readonly response: Uint8Array;
    };

/** A resharing's dealer may also deal another secret than its old share: its A_0 is then not its old share key. */
export type ResharingComplaint = Complaint | { readonly kind: "constant" };

export type ResharingVerdict =
  | Extract<DealingVerdict, { kind: "good" }>
  | { readonly kind: "bad"; readonly dealer: number; readonly complaint: ResharingComplaint };

/** READY as a member signs it: with its registered BLS key and with its new share. */
export type ReadySignatures = { readonly registered: Uint8Array; readonly share: Uint8Array };

/**
 * The keys of one node. Secrets never leave it but as signatures, dealings and complaints. Every call that creates a
 * secret has it on disk (encrypted) before it returns, and returns the same again when repeated. Keys in another process
 * may be away: calls then reject with the code `vault-away`.
 */
export interface KeyVault {
  readonly nodeAddress: `0x${string}`;
  /** Registered BLS key, compressed, 48 bytes, and its proof of possession, 96 bytes. */
  readonly blsKey: Uint8Array;
  readonly blsProof: Uint8Array;
  /** SHA-256 of the transport key's SubjectPublicKeyInfo, 32 bytes. */
  readonly transportKey: Uint8Array;

  /** Fresh E_j of this epoch with a proof of knowledge. Idempotent. */
  encryptionKey(slot: KeySlot, seat: number): Promise<EncryptionKey>;
  /** The dealing of this seat to all seats' encryption keys (compressed, by seat). Idempotent: the polynomial is kept. */
  deal(slot: KeySlot, seat: number, encryptionKeys: readonly Uint8Array[]): Promise<Uint8Array>;
  /** Opens every dealing for this seat and checks it. */
  judge(
    slot: KeySlot,
    seat: number,
    encryptionKeys: readonly Uint8Array[],
    dealings: readonly PostedDealing[],
  ): Promise<readonly DealingVerdict[]>;
  /** Sums the qualified dealings into the own share, checks it against Y_seat, keeps it. Idempotent. */
  acceptShare(
    slot: KeySlot,
    seat: number,
    encryptionKeys: readonly Uint8Array[],
    qualified: readonly PostedDealing[],
  ): Promise<{ readonly groupKey: Uint8Array; readonly shareKeys: readonly Uint8Array[] }>;
  /** READY over the keys that were accepted last, by the members' node ids in order of seats and the dealers in use (bit by seat). */
  signReady(slot: KeySlot, seat: number, nodeIds: readonly number[], qualified: bigint): Promise<ReadySignatures>;
  /**
   * With the node key: `unsigned` is an EIP-1559 transaction as it is hashed for its signature. 65 bytes r ‖ s ‖ v (v = 0
   * or 1). Whole and not as a hash, which could be that of anything else that the node key signs.
   */
  signTransaction(unsigned: Uint8Array): Promise<Uint8Array>;
}

/** What a resharing starts from: the public keys of the old epoch, which everybody derives from what was posted. */
export type PreviousKeys = { readonly groupKey: Uint8Array; readonly shareKeys: readonly Uint8Array[] };

/**
 * The keys of one node in a resharing, with what `KeyVault` promises. `slot` is always that of the new epoch; `dealer` and
 * `from` are of the old one.
 */
export interface ResharingVault extends Pick<KeyVault, "nodeAddress" | "encryptionKey" | "signReady"> {
  /** Deals the old share whose public key the previous keys hold for `dealer`. Idempotent. */
  dealShare(
    slot: KeySlot,
    from: KeySlot,
    dealer: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
  ): Promise<Uint8Array>;
  judgeShares(
    slot: KeySlot,
    seat: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
    dealings: readonly PostedDealing[],
  ): Promise<readonly ResharingVerdict[]>;
  /** Combines the qualified dealings into the new share, checks it against Y'_seat, keeps it; READY signs with the last. */
  acceptReshared(
    slot: KeySlot,
    seat: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
    qualified: readonly PostedDealing[],
  ): Promise<PreviousKeys>;
  /**
   * Erases the secret of the epoch's encryption key, for ever: calldata is public, so as long as it lives the share can
   * be had again from what was dealt. Only when the new share is kept and READY is final. consensus.md 11 and 13.
   */
  eraseEncryption(slot: KeySlot, seat: number): Promise<void>;
  /** Whether that was done. */
  encryptionErased(slot: KeySlot, seat: number): Promise<boolean>;
}
