// Where everything lies in linear memory. Regions are address space, not memory: the system backs only what is touched.

/** The block, written by the host (see the offsets below). */
export const ENV: usize = 0x400;
export const ENV_COINBASE: usize = ENV;
export const ENV_TIMESTAMP: usize = ENV + 32;
export const ENV_NUMBER: usize = ENV + 64;
export const ENV_RANDAO: usize = ENV + 96;
export const ENV_GAS_LIMIT: usize = ENV + 128;
export const ENV_CHAIN_ID: usize = ENV + 160;
export const ENV_BASE_FEE: usize = ENV + 192;
export const ENV_BLOB_BASE_FEE: usize = ENV + 224;
export const ENV_FORK: usize = ENV + 256;
export const ENV_GAS_CAP: usize = ENV + 264;
export const ENV_OWN_TERMS: usize = ENV + 272;
export const ENV_ORIGIN: usize = ENV + 288;
export const ENV_GAS_PRICE: usize = ENV + 320;

/** The transaction, written by the host. */
export const TX: usize = 0x600;
export const TX_TYPE: usize = TX;
export const TX_CREATES: usize = TX + 4;
export const TX_GAS_LIMIT: usize = TX + 8;
export const TX_NONCE: usize = TX + 16;
export const TX_DATA: usize = TX + 24;
export const TX_DATA_LENGTH: usize = TX + 28;
export const TX_VALUE: usize = TX + 32;
export const TX_MAX_FEE: usize = TX + 64;
export const TX_PRIORITY_FEE: usize = TX + 96;
export const TX_BLOB_FEE: usize = TX + 128;
export const TX_SENDER: usize = TX + 160;
export const TX_TO: usize = TX + 192;
export const TX_ACCESS_LIST: usize = TX + 224;
export const TX_ACCESS_COUNT: usize = TX + 228;
export const TX_BLOBS: usize = TX + 232;
export const TX_BLOB_COUNT: usize = TX + 236;
export const TX_AUTHORIZATIONS: usize = TX + 240;
export const TX_AUTHORIZATION_COUNT: usize = TX + 244;
export const TX_MODE: usize = TX + 248;
/** First free byte of the memory region behind the transaction's lists. */
export const TX_END: usize = TX + 252;

/** What a transaction came to, read by the host. */
export const RESULT: usize = 0x800;
export const RESULT_STATUS: usize = RESULT;
export const RESULT_LOG_COUNT: usize = RESULT + 4;
export const RESULT_GAS_USED: usize = RESULT + 8;
export const RESULT_REFUND: usize = RESULT + 16;
export const RESULT_OUTPUT: usize = RESULT + 24;
export const RESULT_OUTPUT_LENGTH: usize = RESULT + 28;
export const RESULT_CREATED: usize = RESULT + 32;
export const RESULT_LOGS_END: usize = RESULT + 64;

/** Exchange with host functions: big-endian bytes, except for nonce and balance. */
export const IO_ADDRESS: usize = 0x900;
export const IO_SLOT: usize = 0x920;
export const IO_VALUE: usize = 0x940;
export const IO_NONCE: usize = 0x960;
export const IO_BALANCE: usize = 0x980;
export const IO_HASH: usize = 0x9a0;
export const IO_LENGTH: usize = 0x9c0;

/** Long division: up to nine limbs, four, eight. */
export const DIVIDEND: usize = 0xa00;
export const DIVISOR: usize = 0xa80;
export const QUOTIENT: usize = 0xac0;
export const WORD_A: usize = 0xb40;
export const WORD_B: usize = 0xb60;
export const WORD_C: usize = 0xb80;
export const WORD_D: usize = 0xba0;
export const WIDE: usize = 0xbc0;

export const SPONGE: usize = 0xc00;
export const ZERO: usize = 0xe00;
export const EMPTY_HASH: usize = 0xe20;
export const HASH: usize = 0xe40;
export const PREIMAGE: usize = 0xe80;
export const SEEDS: usize = 0xf00;

/** Addresses that are other precompiles than the fork's, or none (id 0): 32 bytes each, a word's low 20 and the id. */
export const MOVED_COUNT: usize = 0x1000;
export const MOVED: usize = 0x1020;

/** 1025 call frames. */
export const FRAMES: usize = 0x10000;
export const FRAME_SIZE: usize = 256;
export const CODE_INDEX: usize = 0x60000;
export const CODE_INDEX_SIZE: usize = 0x10000;

/** All frames' stacks, downwards: 1025 frames of at most 1024 words. */
export const STACK_TOP: usize = 0x2400000;
export const STACK_BYTES: u32 = 32768;

export const CODES: usize = 0x2400000;
export const CODES_END: usize = 0x12400000;
export const RETURN: usize = 0x12400000;
export const HEAP: usize = 0x1a400000;
export const HEAP_END: usize = 0x2a400000;
export const UNDO: usize = 0x2a400000;
export const UNDO_END: usize = 0x3a400000;
export const LOGS: usize = 0x3a400000;
export const LOGS_END: usize = 0x42400000;
/** The transaction's lists, then every frame's memory behind its caller's. */
export const MEMORY: usize = 0x42400000;
export const MEMORY_END: usize = 0xc0000000;
/** Costs 8.6 billion gas, so that no block reaches it. */
export const FRAME_MEMORY_LIMIT: u64 = 0x4000000;
