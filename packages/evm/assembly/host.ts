// What linear memory cannot know by itself. Arguments and answers that are no numbers pass through the IO cells.

/** Account of IO_ADDRESS into IO_NONCE, IO_BALANCE, IO_HASH; 0 if there is none. */
@external("host", "account")
export declare function hostAccount(): i32;

/** Value of IO_SLOT of IO_ADDRESS into IO_VALUE; 0 if it is zero. */
@external("host", "storage")
export declare function hostStorage(): i32;

/** Whether IO_ADDRESS has storage that is not zero (EIP-7610). */
@external("host", "hasStorage")
export declare function hostHasStorage(): i32;

/** Writes the code of the 32 bytes at `hash` to `to`, if it fits into `room`; its length. */
@external("host", "code")
export declare function hostCode(hash: usize, to: usize, room: u32): u32;

@external("host", "storeCode")
export declare function hostStoreCode(hash: usize, from: usize, length: u32): void;

/** Hash of a block into IO_VALUE; 0 if unknown. */
@external("host", "blockHash")
export declare function hostBlockHash(number: u64): i32;

/** Gas used, or -1; output at RETURN, its length in IO_LENGTH. */
@external("host", "precompile")
export declare function hostPrecompile(id: u32, from: usize, length: u32, gas: i64): i64;

/** Whether the account at `caller` may call the one at `target`, running the code of the one at `code`; 0 for none. Only where calls are guarded. */
@external("host", "mayCall")
export declare function hostMayCall(
  caller: usize, target: usize, code: usize, input: usize, length: u32, depth: u32,
): i32;

/** Whether the account at `creator` may create a contract. Only where calls are guarded. */
@external("host", "mayCreate")
export declare function hostMayCreate(creator: usize): i32;

/** Before each instruction, only from the traced interpreter. */
@external("host", "traceStep")
export declare function hostTraceStep(frame: usize, pc: u32, opcode: u32, gas: i64, sp: u32, memorySize: u32): void;

/** The last instruction failed with `status`, and nothing of its frame is undone yet. */
@external("host", "traceFault")
export declare function hostTraceFault(status: u32): void;

/** A call or creation begins: the frame is filled, whether or not code will run in it. */
@external("host", "traceEnter")
export declare function hostTraceEnter(frame: usize, depth: u32): void;

/** It ended with `status`; its output lies at RETURN. */
@external("host", "traceExit")
export declare function hostTraceExit(depth: u32, status: u32, gasLeft: i64, outputLength: u32): void;
