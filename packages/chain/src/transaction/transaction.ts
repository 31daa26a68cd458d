/** 0 legacy with EIP-155, 1 EIP-2930, 2 EIP-1559, 4 EIP-7702. */
export type TransactionType = 0 | 1 | 2 | 4;

export type AccessListItem = {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes each. */
  readonly storageKeys: readonly Uint8Array[];
};

/** One signed authorisation of EIP-7702; whether it holds is decided at execution. */
export type Authorization = {
  /** 0: any chain. */
  readonly chainId: bigint;
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly yParity: number;
  readonly r: bigint;
  readonly s: bigint;
};

/** A decoded transaction whose signature was checked. */
export type Transaction = {
  readonly type: TransactionType;
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** Offered price, wei: gasPrice for types 0 and 1. Never charged; ranks replacement only. */
  readonly maxFeePerGas: bigint;
  /** gasPrice for types 0 and 1. */
  readonly maxPriorityFeePerGas: bigint;
  /** 20 bytes; undefined creates a contract. */
  readonly to: Uint8Array | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  /** Empty for type 0. */
  readonly accessList: readonly AccessListItem[];
  /** Empty unless type 4. */
  readonly authorizations: readonly Authorization[];
  readonly yParity: 0 | 1;
  readonly r: bigint;
  readonly s: bigint;
  /** Recovered signer, 20 bytes. */
  readonly sender: Uint8Array;
  /** keccak256 of `raw`, 32 bytes. */
  readonly hash: Uint8Array;
  /** Wire form (EIP-2718). */
  readonly raw: Uint8Array;
};
