/** Rules of execution, by the name of Ethereum's upgrade. */
export type Fork = "cancun" | "prague" | "osaka";

/** An account as the state holds it. */
export type Account = {
  readonly nonce: bigint;
  /** Wei. */
  readonly balance: bigint;
  /** keccak256 of the code, 32 bytes. */
  readonly codeHash: Uint8Array;
};

/** The state before the block, read synchronously. Addresses have 20 bytes; slots, values and hashes 32. */
export interface StateReader {
  account(address: Uint8Array): Account | undefined;
  /** Undefined is 0. */
  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined;
  code(codeHash: Uint8Array): Uint8Array;
  /** Whether a slot of the account is not 0 (EIP-7610). Without it no account without code and nonce has storage. */
  hasStorage?(address: Uint8Array): boolean;
  /** Of one of the 256 blocks before this one. */
  blockHash(number: bigint): Uint8Array | undefined;
}

/** What instructions can ask about the block that is executed. */
export type BlockEnv = {
  readonly fork: Fork;
  readonly chainId: bigint;
  readonly number: bigint;
  /** Seconds since 1970. */
  readonly timestamp: bigint;
  readonly coinbase: Uint8Array;
  readonly gasLimit: bigint;
  /** Wei a gas. */
  readonly baseFee: bigint;
  readonly prevRandao: Uint8Array;
  /** Wei a blob gas (EIP-7516). */
  readonly blobBaseFee: bigint;
  /** Largest gas limit of one transaction (EIP-7825); undefined for none. */
  readonly transactionGasCap: bigint | undefined;
  /**
   * Whoever begins the block prices its transactions: each pays its `maxFeePerGas`, whatever the base fee, and all of it
   * goes to the coinbase. Otherwise EIP-1559 holds.
   */
  readonly ownTerms?: boolean;
  /** Addresses where calls run another precompile than the fork's, by its number, or none (0); 64 at most. */
  readonly precompiles?: readonly (readonly [address: Uint8Array, id: number])[];
};

export type AccessListEntry = { readonly address: Uint8Array; readonly storageKeys: readonly Uint8Array[] };

/** EIP-7702. */
export type Authorization = {
  readonly chainId: bigint;
  readonly address: Uint8Array;
  readonly nonce: bigint;
  /** The account that signed; undefined where the signature is invalid. */
  readonly authority: Uint8Array | undefined;
};

/** A transaction whose signature was checked before. */
export type Transaction = {
  readonly type: 0 | 1 | 2 | 3 | 4;
  readonly sender: Uint8Array;
  /** Undefined creates a contract. */
  readonly to: Uint8Array | undefined;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** Wei a gas. Of types 0 and 1 both are the gas price. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly AccessListEntry[];
  readonly blobHashes: readonly Uint8Array[];
  readonly maxFeePerBlobGas: bigint;
  readonly authorizations: readonly Authorization[];
};

export type Log = {
  readonly address: Uint8Array;
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
};

/** Why a frame ended with all its gas gone. */
export type Halt =
  | "out of gas"
  | "invalid opcode"
  | "stack underflow"
  | "stack overflow"
  | "invalid jump"
  | "static state change"
  | "return data out of bounds"
  | "insufficient balance"
  | "call depth"
  | "contract collision"
  | "invalid code"
  | "code size"
  | "init code size"
  | "nonce overflow"
  | "precompile"
  | "forbidden";

export type Executed = {
  readonly kind: "executed";
  readonly status: "success" | "revert" | "halt";
  readonly halt: Halt | undefined;
  /** Gas that is paid, after refunds and the calldata floor (EIP-7623). */
  readonly gasUsed: bigint;
  /** Gas that was given back. */
  readonly refund: bigint;
  /** Returned or reverted with; the code of a created contract is not repeated here. */
  readonly output: Uint8Array;
  readonly logs: readonly Log[];
  readonly created: Uint8Array | undefined;
};

/** The transaction must not stand in a block here; nothing changed. */
export type Invalid = { readonly kind: "invalid"; readonly reason: string };

/** Net changes of all transactions since the last `changes()`: ascending by address and slot. */
export type Changes = {
  /** Undefined: deleted, with its storage. */
  readonly accounts: readonly (readonly [address: Uint8Array, account: Account | undefined])[];
  readonly storage: readonly (readonly [address: Uint8Array, slot: Uint8Array, value: Uint8Array])[];
  readonly codes: readonly (readonly [codeHash: Uint8Array, code: Uint8Array])[];
};

export type PrecompileResult = { readonly ok: boolean; readonly gasUsed: bigint; readonly output: Uint8Array };

/** A call that code is about to make, or with which a transaction begins. Addresses have 20 bytes. */
export type GuardedCall = {
  /** Whose code makes the call; the sender at depth 0. */
  readonly caller: Uint8Array;
  readonly target: Uint8Array;
  /** Account whose code will run: the target, or the one that it delegates to (EIP-7702); undefined where none runs. */
  readonly code: Uint8Array | undefined;
  /** The first bytes of the input, at most 4. */
  readonly selector: Uint8Array;
  /** 0 for a transaction's own call. */
  readonly depth: number;
};

/**
 * Rules beyond Ethereum's. A call or creation that is not permitted fails as one too deep does: nothing runs, its gas
 * comes back. Precompiles are not asked about. A guard may read accounts and storage of the EVM that asks it, as they
 * stand, and nothing else of it.
 */
export interface CallGuard {
  mayCall(call: GuardedCall): boolean;
  /** Whether the account may create a contract by CREATE or CREATE2. */
  mayCreate(creator: Uint8Array): boolean;
}

/** Runs a precompiled contract by the number that its address is. */
export type RunPrecompile = (id: number, input: Uint8Array, gas: bigint, fork: Fork) => PrecompileResult;
