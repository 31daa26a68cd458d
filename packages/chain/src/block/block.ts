/** Header of an ordinary Ethereum block with Prague's fields; its hash is keccak256 of its RLP. consensus.md 8. */
export type BlockHeader = {
  readonly parentHash: Uint8Array;
  readonly ommersHash: Uint8Array;
  readonly beneficiary: Uint8Array;
  /** Merkle root over bucket accumulators: state/state-root.ts. */
  readonly stateRoot: Uint8Array;
  readonly transactionsRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  /** 256 bytes. */
  readonly logsBloom: Uint8Array;
  readonly difficulty: bigint;
  readonly number: number;
  readonly gasLimit: number;
  readonly gasUsed: number;
  /** Seconds; may repeat. */
  readonly timestamp: number;
  /** As `extraDataOf` makes it. */
  readonly extraData: Uint8Array;
  /** beacon(h): PREVRANDAO. */
  readonly mixHash: Uint8Array;
  /** 8 zero bytes. */
  readonly nonce: Uint8Array;
  readonly baseFeePerGas: bigint;
  readonly withdrawalsRoot: Uint8Array;
  readonly blobGasUsed: bigint;
  readonly excessBlobGas: bigint;
  /** Hash of container h-1. */
  readonly parentBeaconBlockRoot: Uint8Array;
  /** Root of the outbox. */
  readonly requestsHash: Uint8Array;
};

/** A block with its transactions in wire form. */
export type Block = {
  readonly header: BlockHeader;
  readonly hash: Uint8Array;
  /** Bytes of the RLP of header, transactions, ommers and withdrawals. */
  readonly size: number;
  /** Wire forms (EIP-2718), in order. */
  readonly transactions: readonly Uint8Array[];
  /** Hashes of `transactions`, in order. */
  readonly transactionHashes: readonly Uint8Array[];
  /** Height of the container that ordered it; equals the block number for a rented chain. */
  readonly height: number;
};
