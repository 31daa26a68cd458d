// The interpreter: one loop for all frames of a transaction, which lie in linear memory, so that a call costs no native
// stack. Stacks grow downwards: operands have constant offsets from `sp`.
import {
  addCode, analyse, C_BYTES, C_LENGTH, codeAge, codeOf, CODE_PADDING, isDelegation, jumpsOf,
} from "./code";
import {
  hostBlockHash, hostMayCall, hostMayCreate, hostPrecompile, hostTraceEnter, hostTraceExit, hostTraceFault, hostTraceStep,
} from "./host";
import {
  A_ADDRESS, A_BALANCE, A_CREATED, A_HASH, A_NONCE, account, accountAt, age, hasCode, hasStorage, isEmpty, isWarm,
  keepOriginal, markCreated, markDestroyed, peekAccount, peekSlot, revertTo, S_ORIGINAL, S_VALUE, S_WARM, setBalance,
  setCode, setNonce, setStorage, setTransient, storageSlot, T_VALUE, touch, transient, undo, warm, warmSlot,
} from "./journal";
import { keccak256 } from "./keccak";
import {
  EMPTY_HASH, ENV_BASE_FEE, ENV_BLOB_BASE_FEE, ENV_CHAIN_ID, ENV_COINBASE, ENV_FORK, ENV_GAS_LIMIT, ENV_GAS_PRICE,
  ENV_NUMBER, ENV_ORIGIN, ENV_RANDAO, ENV_TIMESTAMP, FRAME_MEMORY_LIMIT, FRAME_SIZE, FRAMES, HASH, IO_LENGTH, IO_VALUE,
  LOGS, LOGS_END, MEMORY_END, MOVED, MOVED_COUNT, PREIMAGE, RETURN, STACK_BYTES, TX_BLOB_COUNT, TX_BLOBS, WORD_C, WORD_D, ZERO,
} from "./layout";
import {
  add, addCarry, addmod, byteLength, copyWord, div, dupWord, equal, exp, fromBytes, fromFew, fromMany, isZero,
  leadingZeros, less, mod, mul, mulmod, sar, sdiv, setSmall, setWord, shl, shr, signedLess, signextend, smod, sub,
  subBorrow, toBytes,
} from "./u256";

export const PRAGUE: u32 = 1;
export const OSAKA: u32 = 2;

export const SUCCESS: i32 = 0;
export const REVERT: i32 = 1;
export const OUT_OF_GAS: i32 = 2;
export const INVALID_OPCODE: i32 = 3;
export const STACK_UNDERFLOW: i32 = 4;
export const STACK_OVERFLOW: i32 = 5;
export const INVALID_JUMP: i32 = 6;
export const STATIC_CHANGE: i32 = 7;
export const RETURN_DATA_BOUNDS: i32 = 8;
export const INSUFFICIENT_BALANCE: i32 = 9;
export const CALL_DEPTH: i32 = 10;
export const COLLISION: i32 = 11;
export const INVALID_CODE: i32 = 12;
export const CODE_SIZE: i32 = 13;
export const INIT_CODE_SIZE: i32 = 14;
export const NONCE_OVERFLOW: i32 = 15;
export const PRECOMPILE: i32 = 16;
export const FORBIDDEN: i32 = 17;

export const MAX_CODE: u32 = 24576;
export const MAX_INIT_CODE: u64 = 49152;

export const F_CODE: usize = 0;
export const F_CODE_LENGTH: usize = 4;
export const F_JUMPS: usize = 8;
export const F_PC: usize = 12;
export const F_SP: usize = 16;
export const F_BASE: usize = 20;
export const F_MEMORY: usize = 24;
export const F_MEMORY_SIZE: usize = 28;
export const F_GAS: usize = 32;
export const F_UNDO: usize = 40;
export const F_LOGS: usize = 44;
export const F_LOG_COUNT: usize = 48;
export const F_FLAGS: usize = 52;
export const F_REFUND: usize = 56;
/** The account whose storage and balance the frame acts on. */
export const F_SELF: usize = 64;
export const F_INPUT: usize = 72;
export const F_INPUT_LENGTH: usize = 76;
export const F_VALUE: usize = 80;
export const F_CALLER: usize = 112;
/** Where the caller wants the output. */
export const F_OUT: usize = 144;
export const F_OUT_LENGTH: usize = 148;
/** The instruction that made the frame; for tracers. */
export const F_KIND: usize = 152;
/** Account that the code was called at. */
export const F_TARGET: usize = 156;

export const STATIC: u32 = 1;
export const CREATES: u32 = 2;

const CREATE: u32 = 0xf0;
const CALL: u32 = 0xf1;
const CALLCODE: u32 = 0xf2;
const DELEGATECALL: u32 = 0xf4;
const CREATE2: u32 = 0xf5;
const STATICCALL: u32 = 0xfa;

const NEVER: i64 = i64.MAX_VALUE;
const FAR: u64 = 0xffffffffffff;

/** The running frame, and how deep it lies; -1 outside of a transaction. */
export let frame: usize = 0;
export let depth: i32 = -1;
export let refund: i64 = 0;
export let logEnd: usize = LOGS;
export let logCount: u32 = 0;
export let returnLength: u32 = 0;
/** How the last frame of depth 0 ended. */
export let lastStatus: i32 = 0;
export let lastGas: i64 = 0;
let tracing: boolean = false;
let guarded: boolean = false;
let accessed: usize = 0;
let outputAt: usize = 0;
let outputLength: u32 = 0;

export function setGuarded(on: boolean): void {
  guarded = on;
}

export function setTracing(on: boolean): void {
  tracing = on;
}

export function resetTransaction(): void {
  refund = 0;
  logEnd = LOGS;
  logCount = 0;
  returnLength = 0;
  depth = -1;
}

export function addRefund(amount: i64): void {
  refund += amount;
}

/** Gas for a frame's memory to reach from `size` bytes to `end`. */
function expansionCost(size: u32, end: u64): i64 {
  if (end <= u64(size)) return 0;
  if (end > FRAME_MEMORY_LIMIT) return NEVER;
  const words = (end + 31) >> 5, old = u64(size) >> 5;
  return i64(3 * (words - old) + ((words * words) >> 9) - ((old * old) >> 9));
}

/** Linear memory up to `end`. */
export function reserve(end: usize): void {
  if (end > MEMORY_END) unreachable();
  const pages = i32((end + 0xffff) >> 16) - memory.size();
  // A step of at least 1 MB: growing costs a call out of WebAssembly.
  if (pages > 0 && memory.grow(max(pages, 16)) < 0) unreachable();
}

function growMemory(base: usize, size: u32, end: u64): u32 {
  const to = u32((end + 31) & ~31);
  if (to <= size) return size;
  reserve(base + to + 64);
  memory.fill(base + size, 0, to - size);
  return to;
}

/** End of a range of memory given by two words; 0 if it is empty, out of reach if it is too far. */
function rangeEnd(offset: usize, length: usize): u64 {
  if (isZero(length)) return 0;
  const o = load<u64>(offset), l = load<u64>(length);
  const high =
    load<u64>(offset, 8) | load<u64>(offset, 16) | load<u64>(offset, 24) |
    load<u64>(length, 8) | load<u64>(length, 16) | load<u64>(length, 24) | (o >> 40) | (l >> 40);
  return high != 0 ? FAR : o + l;
}

/** The word as u64, the largest if it is larger. */
function saturated(word: usize): u64 {
  return (load<u64>(word, 8) | load<u64>(word, 16) | load<u64>(word, 24)) == 0 ? load<u64>(word) : u64.MAX_VALUE;
}

/** Copies from a source of `size` bytes, as if zeros followed it. */
function copyPadded(to: usize, length: u32, source: usize, size: u32, offset: usize): void {
  const from = saturated(offset);
  const available = from < u64(size) ? min(u64(size) - from, u64(length)) : 0;
  if (available != 0) memory.copy(to, source + usize(from), usize(available));
  memory.fill(to + usize(available), 0, usize(length) - usize(available));
}

/** The precompile that runs when the address is called; 0 for none. */
function precompileAt(a: u64, b: u64, c: u64): u32 {
  let at = MOVED;
  for (let left = load<u32>(MOVED_COUNT); left > 0; left--, at += 32) {
    if (load<u64>(at) == a && load<u64>(at, 8) == b && u64(load<u32>(at, 16)) == c) return load<u32>(at, 20);
  }
  return isPrecompile(a, b, c) ? u32(a) : 0;
}

/** Whether the fork has a precompile there. It is warm, even where another one runs. */
function isPrecompile(a: u64, b: u64, c: u64): boolean {
  if ((b | c) != 0 || a == 0) return false;
  const fork = load<u32>(ENV_FORK);
  return a <= 10 || (a <= 17 && fork >= PRAGUE) || (a == 0x100 && fork >= OSAKA);
}

/** Charges for an account that the word at `word` names (EIP-2929) and puts it into `accessed`; negative: too little. */
function access(word: usize, gas: i64): i64 {
  const a = load<u64>(word), b = load<u64>(word, 8), c = u64(load<u32>(word, 16));
  const known = peekAccount(a, b, c);
  if ((known != 0 && isWarm(known)) || isPrecompile(a, b, c)) {
    if (gas < 100) return -1;
    accessed = known != 0 ? known : account(a, b, c);
    return gas - 100;
  }
  if (gas < 2600) return -1;
  accessed = known != 0 ? known : account(a, b, c);
  warm(accessed);
  return gas - 2600;
}

/** BALANCE, EXTCODESIZE, EXTCODEHASH: the operand becomes the answer. */
function queryAccount(op: u32, sp: usize, gas: i64): i64 {
  gas = access(sp, gas);
  if (gas < 0) return gas;
  const record = accessed;
  if (op == 0x31) copyWord(sp, record + A_BALANCE);
  else if (op == 0x3b) {
    const code = codeOf(record);
    setSmall(sp, code != 0 ? u64(load<u32>(code, C_LENGTH)) : 0);
  } else if (isEmpty(record)) setSmall(sp, 0);
  else fromBytes(sp, record + A_HASH);
  return gas;
}

function sload(f: usize, sp: usize, gas: i64): i64 {
  const record = usize(load<u32>(f, F_SELF));
  let slot = peekSlot(record, sp);
  if (slot != 0 && load<u32>(slot, S_WARM) == age) {
    copyWord(sp, slot + S_VALUE);
    return gas - 100;
  }
  if (gas < 2100) return -1;
  if (slot == 0) slot = storageSlot(record, sp);
  warmSlot(slot);
  copyWord(sp, slot + S_VALUE);
  return gas - 2100;
}

/** EIP-2200, EIP-2929, EIP-3529. */
function sstore(f: usize, sp: usize, gas: i64): i64 {
  if (gas <= 2300) return -1;
  const record = usize(load<u32>(f, F_SELF));
  const value = sp + 32;
  let slot = peekSlot(record, sp);
  if (slot == 0) slot = storageSlot(record, sp);
  if (load<u32>(slot, S_WARM) != age) {
    gas -= 2100;
    if (gas < 0) return -1;
    warmSlot(slot);
  }
  const current = slot + S_VALUE;
  if (equal(current, value)) return gas - 100;
  keepOriginal(slot);
  const original = slot + S_ORIGINAL;
  if (equal(original, current)) {
    gas -= isZero(original) ? 20000 : 2900;
    if (gas < 0) return -1;
    if (isZero(value)) refund += 4800;
  } else {
    gas -= 100;
    if (gas < 0) return -1;
    if (!isZero(original)) {
      if (isZero(current)) refund -= 4800;
      else if (isZero(value)) refund += 4800;
    }
    if (equal(original, value)) refund += isZero(original) ? 19900 : 2800;
  }
  setStorage(slot, value);
  return gas;
}

function blockHash(word: usize): void {
  const wanted = saturated(word), number = load<u64>(ENV_NUMBER);
  if (wanted >= number || number - wanted > 256 || hostBlockHash(wanted) == 0) setSmall(word, 0);
  else fromBytes(word, IO_VALUE);
}

function log(f: usize, topics: u32, sp: usize, from: usize, length: u32): void {
  const end = logEnd + 32 + (topics << 5) + ((length + 7) & ~7);
  if (end > LOGS_END) unreachable();
  toBytes(logEnd, usize(load<u32>(f, F_SELF)) + A_ADDRESS);
  // The twelve bytes before the address are free.
  store<u32>(logEnd, topics);
  store<u32>(logEnd, length, 4);
  let to = logEnd + 32;
  for (let i: u32 = 0; i < topics; i++) {
    toBytes(to, sp + 64 + (i << 5));
    to += 32;
  }
  memory.copy(to, from, length);
  logEnd = end;
  logCount++;
}

/** Moves `value` wei; the balance was compared before. */
function transfer(from: usize, to: usize, value: usize): void {
  if (isZero(value) || from == to) return;
  // The receiver first: `value` may be the balance of the sender itself.
  addCarry(WORD_C, to + A_BALANCE, value);
  setBalance(to, WORD_C);
  subBorrow(WORD_C, from + A_BALANCE, value);
  setBalance(from, WORD_C);
}

/** Room for the next frame; fields that all kinds have in common. */
function openFrame(gas: i64, flags: u32, self: usize, caller: usize, value: usize, sp: u32, bottom: usize): usize {
  depth++;
  const f = FRAMES + usize(depth) * FRAME_SIZE;
  store<i64>(f, gas, F_GAS);
  store<u32>(f, u32(undo), F_UNDO);
  store<u32>(f, u32(logEnd), F_LOGS);
  store<u32>(f, logCount, F_LOG_COUNT);
  store<u32>(f, flags, F_FLAGS);
  store<i64>(f, refund, F_REFUND);
  store<u32>(f, u32(self), F_SELF);
  copyWord(f + F_VALUE, value);
  copyWord(f + F_CALLER, caller);
  store<u32>(f, sp, F_SP);
  store<u32>(f, sp, F_BASE);
  store<u32>(f, u32(bottom), F_MEMORY);
  store<u32>(f, 0, F_MEMORY_SIZE);
  store<u32>(f, 0, F_OUT_LENGTH);
  returnLength = 0;
  frame = f;
  return f;
}

function setFrameCode(f: usize, code: usize): void {
  store<u32>(f, load<u32>(code, C_BYTES), F_CODE);
  store<u32>(f, load<u32>(code, C_BYTES), F_PC);
  store<u32>(f, load<u32>(code, C_LENGTH), F_CODE_LENGTH);
  store<u32>(f, u32(jumpsOf(code)), F_JUMPS);
}

/** A message call's code: the account's own, or where it delegates to (EIP-7702). Puts the latter into `accessed`. */
function resolve(record: usize): usize {
  const code = codeOf(record);
  accessed = 0;
  if (load<u32>(ENV_FORK) < PRAGUE || !isDelegation(code)) return code;
  const at = usize(load<u32>(code, C_BYTES)) + 3;
  setWord(
    WORD_D, bswap<u64>(load<u64>(at, 12)), bswap<u64>(load<u64>(at, 4)), u64(bswap<u32>(load<u32>(at))), 0,
  );
  accessed = 1;
  return code;
}

/** The precompile `id` on a range of memory: its gas, or -1 where it fails; output at RETURN, `returnLength` bytes. */
function precompile(id: u32, from: usize, length: u32, gas: i64): i64 {
  if (id == 4) {
    const cost = 15 + 3 * ((i64(length) + 31) >> 5);
    if (cost > gas) return -1;
    memory.copy(RETURN, from, length);
    returnLength = length;
    return cost;
  }
  store<u32>(IO_LENGTH, 0);
  const used = hostPrecompile(id, from, length, gas);
  returnLength = used < 0 ? 0 : load<u32>(IO_LENGTH);
  return used;
}

/**
 * Shows a tracer a call or creation that ends before a frame begins: too deep, too little balance, the last nonce, or an
 * address that is taken. One frame behind those that can run is free for that.
 */
function traceRefusal(
  op: u32, f: usize, gas: i64, left: i64, status: i32, target: usize, value: usize, from: usize, length: u32,
): void {
  const child = openFrame(gas, 0, target, usize(load<u32>(f, F_SELF)) + A_ADDRESS, value, load<u32>(f, F_SP), 0);
  store<u32>(child, u32(from), F_INPUT);
  store<u32>(child, length, F_INPUT_LENGTH);
  store<u32>(child, u32(from), F_CODE);
  store<u32>(child, length, F_CODE_LENGTH);
  store<u32>(child, op, F_KIND);
  store<u32>(child, u32(target), F_TARGET);
  hostTraceEnter(child, depth);
  hostTraceExit(depth, status, left, 0);
  depth--;
  frame = f;
}

/** CALL, CALLCODE, DELEGATECALL, STATICCALL: an error, or SUCCESS with `frame` the one to go on with. */
function callOp(op: u32, f: usize): i32 {
  const sp = usize(load<u32>(f, F_SP));
  const hasValue = op == CALL || op == CALLCODE;
  const operands: usize = hasValue ? 7 : 6;
  if (usize(load<u32>(f, F_BASE)) - sp < operands << 5) return STACK_UNDERFLOW;
  const result = sp + ((operands - 1) << 5);
  const ranges = sp + (hasValue ? 96 : 64);
  const valueAt = hasValue ? sp + 64 : op == DELEGATECALL ? f + F_VALUE : ZERO;
  const transfers = hasValue && !isZero(valueAt);
  const isStatic = load<u32>(f, F_FLAGS) & STATIC;
  if (op == CALL && transfers && isStatic) return STATIC_CHANGE;

  let gas = load<i64>(f, F_GAS);
  const end = max(rangeEnd(ranges, ranges + 32), rangeEnd(ranges + 64, ranges + 96));
  const bottom = usize(load<u32>(f, F_MEMORY));
  const size = load<u32>(f, F_MEMORY_SIZE);
  gas -= expansionCost(size, end);
  if (gas < 0) return OUT_OF_GAS;
  const newSize = growMemory(bottom, size, end);
  store<u32>(f, newSize, F_MEMORY_SIZE);

  gas = access(sp + 32, gas);
  if (gas < 0) return OUT_OF_GAS;
  const target = accessed;
  let code = resolve(target);
  const delegated = accessed != 0;
  if (delegated) {
    gas = access(WORD_D, gas);
    if (gas < 0) return OUT_OF_GAS;
    code = codeOf(accessed);
  }
  if (transfers) {
    gas -= 9000;
    if (op == CALL && isEmpty(target)) gas -= 25000;
    if (gas < 0) return OUT_OF_GAS;
  }
  const most = gas - (gas >> 6);
  const wanted = saturated(sp);
  let childGas = wanted < u64(most) ? i64(wanted) : most;
  gas -= childGas;
  if (transfers) childGas += 2300;
  store<u32>(f, u32(result), F_SP);
  returnLength = 0;
  const self = usize(load<u32>(f, F_SELF));
  const id = precompileAt(load<u64>(target), load<u64>(target, 8), load<u64>(target, 16));
  let refusal = depth >= 1024 ? CALL_DEPTH : transfers && less(self + A_BALANCE, valueAt) ? INSUFFICIENT_BALANCE : 0;
  if (guarded && refusal == 0 && id == 0) {
    const from = isZero(ranges + 32) ? bottom : bottom + usize(load<u64>(ranges));
    const runs = code == 0 ? 0 : delegated ? accessed : target;
    if (hostMayCall(self, target, runs, from, load<u32>(ranges, 32), depth + 1) == 0) refusal = FORBIDDEN;
  }
  if (refusal != 0) {
    if (tracing) {
      store<i64>(f, gas, F_GAS);
      const from = isZero(ranges + 32) ? bottom : bottom + usize(load<u64>(ranges));
      traceRefusal(op, f, childGas, childGas, refusal, target, valueAt, from, load<u32>(ranges, 32));
    }
    store<i64>(f, gas + childGas, F_GAS);
    setSmall(result, 0);
    return SUCCESS;
  }
  store<i64>(f, gas, F_GAS);

  const input = isZero(ranges + 32) ? bottom : bottom + usize(load<u64>(ranges));
  const inputLength = load<u32>(ranges, 32);
  const out = isZero(ranges + 96) ? bottom : bottom + usize(load<u64>(ranges, 64));
  const outLength = load<u32>(ranges, 96);
  const acting = op == CALL || op == STATICCALL ? target : self;
  if (code == 0 && id == 0 && !tracing) {
    if (op == CALL || op == STATICCALL) touch(target);
    if (op == CALL) transfer(self, target, valueAt);
    store<i64>(f, gas + childGas, F_GAS);
    setSmall(result, 1);
    return SUCCESS;
  }
  const child = openFrame(
    childGas, isStatic | (op == STATICCALL ? STATIC : 0), acting,
    op == DELEGATECALL ? f + F_CALLER : self + A_ADDRESS, valueAt, u32(result), (bottom + newSize + 63) & ~63,
  );
  store<u32>(child, u32(input), F_INPUT);
  store<u32>(child, inputLength, F_INPUT_LENGTH);
  store<u32>(child, u32(out), F_OUT);
  store<u32>(child, outLength, F_OUT_LENGTH);
  store<u32>(child, op, F_KIND);
  store<u32>(child, u32(target), F_TARGET);
  if (tracing) hostTraceEnter(child, depth);
  if (op == CALL || op == STATICCALL) touch(target);
  if (op == CALL) transfer(self, target, valueAt);
  if (id != 0 && !delegated) {
    const used = precompile(id, input, inputLength, childGas);
    outputAt = RETURN;
    outputLength = returnLength;
    store<i64>(child, childGas - used, F_GAS);
    closeFrame(child, used < 0 ? PRECOMPILE : SUCCESS);
  } else if (code == 0) {
    outputLength = 0;
    closeFrame(child, SUCCESS);
  } else setFrameCode(child, code);
  return SUCCESS;
}

/** Address of a creation: keccak(rlp([sender, nonce])) into the word `to`. */
export function createAddress(sender: usize, nonce: u64, to: usize): void {
  const p = PREIMAGE;
  toBytes(p + 64, sender + A_ADDRESS);
  store<u8>(p, 0x94, 1);
  memory.copy(p + 2, p + 76, 20);
  let length: u32 = 22;
  if (nonce == 0) store<u8>(p + length++, 0x80);
  else if (nonce < 0x80) store<u8>(p + length++, u8(nonce));
  else {
    const bytes = (71 - u32(clz<u64>(nonce))) >> 3;
    store<u8>(p + length++, 0x80 + u8(bytes));
    store<u64>(p + length, bswap<u64>(nonce << (64 - 8 * u64(bytes))));
    length += bytes;
  }
  store<u8>(p, 0xc0 + u8(length - 1));
  keccak256(HASH, p, length);
  addressOfHash(to);
}

function addressOfHash(to: usize): void {
  fromBytes(to, HASH);
  store<u64>(to, load<u64>(to, 16) & 0xffffffff, 16);
  store<u64>(to, 0, 24);
}

/** A creation whose init code of `length` bytes lies at `from`; the sender's nonce was raised. */
export function openCreation(
  kind: u32, gas: i64, sender: usize, record: usize, value: usize, from: usize, length: u32, sp: u32, bottom: usize,
): void {
  const jumps = (bottom + length + CODE_PADDING + 63) & ~63;
  const memoryAt = (jumps + (length >> 3) + 1 + 63) & ~63;
  reserve(memoryAt + 64);
  memory.copy(bottom, from, length);
  memory.fill(bottom + length, 0, CODE_PADDING);
  analyse(bottom, length, jumps);
  const f = openFrame(gas, CREATES, record, sender + A_ADDRESS, value, sp, memoryAt);
  store<u32>(f, u32(bottom), F_CODE);
  store<u32>(f, u32(bottom), F_PC);
  store<u32>(f, length, F_CODE_LENGTH);
  store<u32>(f, u32(jumps), F_JUMPS);
  store<u32>(f, u32(bottom), F_INPUT);
  store<u32>(f, 0, F_INPUT_LENGTH);
  store<u32>(f, kind, F_KIND);
  store<u32>(f, u32(record), F_TARGET);
  if (tracing) hostTraceEnter(f, depth);
  markCreated(record);
  setNonce(record, 1);
  transfer(sender, record, value);
}

export function collides(record: usize): boolean {
  return load<u64>(record, A_NONCE) != 0 || hasCode(record) || hasStorage(record);
}

function createOp(op: u32, f: usize): i32 {
  const sp = usize(load<u32>(f, F_SP));
  const operands: usize = op == CREATE2 ? 4 : 3;
  if (usize(load<u32>(f, F_BASE)) - sp < operands << 5) return STACK_UNDERFLOW;
  if (load<u32>(f, F_FLAGS) & STATIC) return STATIC_CHANGE;
  const result = sp + ((operands - 1) << 5);
  let gas = load<i64>(f, F_GAS) - 32000;
  const end = rangeEnd(sp + 32, sp + 64);
  const bottom = usize(load<u32>(f, F_MEMORY));
  const size = load<u32>(f, F_MEMORY_SIZE);
  const wide = saturated(sp + 64);
  if (wide > MAX_INIT_CODE) return INIT_CODE_SIZE;
  const length = u32(wide);
  gas -= i64((length + 31) >> 5) * (op == CREATE2 ? 8 : 2);
  if (gas < 0) return OUT_OF_GAS;
  gas -= expansionCost(size, end);
  if (gas < 0) return OUT_OF_GAS;
  const newSize = growMemory(bottom, size, end);
  store<u32>(f, newSize, F_MEMORY_SIZE);
  const from = length == 0 ? bottom : bottom + usize(load<u64>(sp, 32));
  const self = usize(load<u32>(f, F_SELF));
  const nonce = load<u64>(self, A_NONCE);
  store<u32>(f, u32(result), F_SP);
  returnLength = 0;
  let refusal = depth >= 1024 ? CALL_DEPTH : nonce == u64.MAX_VALUE ? NONCE_OVERFLOW : 0;
  if (refusal == 0 && less(self + A_BALANCE, sp)) refusal = INSUFFICIENT_BALANCE;
  if (guarded && refusal == 0 && hostMayCreate(self) == 0) refusal = FORBIDDEN;
  if (refusal != 0) {
    if (tracing) {
      const offered = gas - (gas >> 6);
      store<i64>(f, gas - offered, F_GAS);
      traceRefusal(op, f, offered, offered, refusal, 0, sp, from, length);
    }
    store<i64>(f, gas, F_GAS);
    setSmall(result, 0);
    return SUCCESS;
  }
  const childGas = gas - (gas >> 6);
  store<i64>(f, gas - childGas, F_GAS);
  if (op == CREATE2) {
    const p = PREIMAGE;
    toBytes(p, self + A_ADDRESS);
    store<u8>(p, 0xff, 11);
    toBytes(p + 32, sp + 96);
    keccak256(p + 64, from, length);
    keccak256(HASH, p + 11, 85);
    addressOfHash(WORD_D);
  } else createAddress(self, nonce, WORD_D);
  const record = accountAt(WORD_D);
  setNonce(self, nonce + 1);
  warm(record);
  if (collides(record)) {
    if (tracing) traceRefusal(op, f, childGas, 0, COLLISION, record, sp, from, length);
    setSmall(result, 0);
    return SUCCESS;
  }
  openCreation(op, childGas, self, record, sp, from, length, u32(result), (bottom + newSize + 63) & ~63);
  return SUCCESS;
}

/** Takes what creation code returned as the new account's code; an error takes all gas. */
function deposit(f: usize): i32 {
  const length = outputLength;
  if (length > MAX_CODE) return CODE_SIZE;
  if (length != 0 && load<u8>(outputAt) == 0xef) return INVALID_CODE;
  const gas = load<i64>(f, F_GAS) - 200 * i64(length);
  if (gas < 0) return OUT_OF_GAS;
  store<i64>(f, gas, F_GAS);
  if (length != 0) {
    keccak256(HASH, outputAt, length);
    const code = addCode(HASH, outputAt, length);
    setCode(usize(load<u32>(f, F_SELF)), HASH, code, codeAge);
  }
  return SUCCESS;
}

/** Ends a frame and gives its caller the outcome. */
function closeFrame(f: usize, status: i32): void {
  const creates = (load<u32>(f, F_FLAGS) & CREATES) != 0;
  if (creates && status == SUCCESS) status = deposit(f);
  if (status != SUCCESS) {
    revertTo(usize(load<u32>(f, F_UNDO)));
    refund = load<i64>(f, F_REFUND);
    logEnd = usize(load<u32>(f, F_LOGS));
    logCount = load<u32>(f, F_LOG_COUNT);
    if (status > REVERT) {
      store<i64>(f, 0, F_GAS);
      outputLength = 0;
    }
  }
  returnLength = outputLength;
  if (returnLength != 0 && outputAt != RETURN) memory.copy(RETURN, outputAt, returnLength);
  const gas = load<i64>(f, F_GAS);
  if (tracing) hostTraceExit(depth, status, gas, returnLength);
  depth--;
  if (depth < 0) {
    lastStatus = status;
    lastGas = gas;
    return;
  }
  const caller = f - FRAME_SIZE;
  frame = caller;
  store<i64>(caller, load<i64>(caller, F_GAS) + gas, F_GAS);
  const result = usize(load<u32>(caller, F_SP));
  if (creates) {
    if (status == SUCCESS) {
      copyWord(result, usize(load<u32>(f, F_SELF)) + A_ADDRESS);
      returnLength = 0;
    } else setSmall(result, 0);
  } else {
    setSmall(result, u64(status == SUCCESS));
    const length = min(returnLength, load<u32>(f, F_OUT_LENGTH));
    if (length != 0) memory.copy(usize(load<u32>(f, F_OUT)), RETURN, length);
  }
}

/** EIP-6780. The gas left, negative if too little. */
function selfdestruct(f: usize, sp: usize, gas: i64): i64 {
  gas -= 5000;
  if (gas < 0) return -1;
  const self = usize(load<u32>(f, F_SELF));
  const left = access(sp, gas + 100);
  if (left < 0) return -1;
  // A warm beneficiary costs nothing, a cold one 2600.
  gas = left == gas ? gas : left - 100;
  if (gas < 0) return -1;
  const heir = accessed;
  const moves = !isZero(self + A_BALANCE);
  if (moves && isEmpty(heir)) {
    gas -= 25000;
    if (gas < 0) return -1;
  }
  touch(heir);
  if (heir != self) transfer(self, heir, self + A_BALANCE);
  if (load<u32>(self, A_CREATED) == age) {
    setBalance(self, ZERO);
    markDestroyed(self);
  }
  return gas;
}

/** A transaction's message call, from `input`; `bottom` is where memory is free. */
export function runCall(
  gas: i64, sender: usize, target: usize, value: usize, input: usize, inputLength: u32, sp: u32, bottom: usize,
): void {
  let code = resolve(target);
  const delegated = accessed != 0;
  let runs = target;
  if (delegated) {
    runs = accountAt(WORD_D);
    warm(runs);
    code = codeOf(runs);
  }
  const f = openFrame(gas, 0, target, sender + A_ADDRESS, value, sp, bottom);
  store<u32>(f, u32(input), F_INPUT);
  store<u32>(f, inputLength, F_INPUT_LENGTH);
  store<u32>(f, CALL, F_KIND);
  store<u32>(f, u32(target), F_TARGET);
  if (tracing) hostTraceEnter(f, 0);
  const id = precompileAt(load<u64>(target), load<u64>(target, 8), load<u64>(target, 16));
  if (guarded && id == 0 && hostMayCall(sender, target, code == 0 ? 0 : runs, input, inputLength, 0) == 0) {
    outputLength = 0;
    closeFrame(f, FORBIDDEN);
    return;
  }
  touch(target);
  transfer(sender, target, value);
  if (!delegated && id != 0) {
    const used = precompile(id, input, inputLength, gas);
    outputAt = RETURN;
    outputLength = returnLength;
    store<i64>(f, gas - used, F_GAS);
    closeFrame(f, used < 0 ? PRECOMPILE : SUCCESS);
  } else if (code == 0) {
    outputLength = 0;
    closeFrame(f, SUCCESS);
  } else {
    setFrameCode(f, code);
    resume();
  }
}

/** Runs until the frame of depth 0 has ended. */
export function resume(): void {
  if (tracing) interpret<f64>();
  else interpret<i32>();
}

/** T is a float for the traced variant: the compiler leaves the hook out of the other. */
function interpret<T>(): void {
  let f = frame;
  let pc = usize(load<u32>(f, F_PC));
  let sp = usize(load<u32>(f, F_SP));
  let gas = load<i64>(f, F_GAS);
  let base = usize(load<u32>(f, F_BASE));
  let limit = base - usize(STACK_BYTES);
  let code = usize(load<u32>(f, F_CODE));
  let bottom = usize(load<u32>(f, F_MEMORY));
  let size = load<u32>(f, F_MEMORY_SIZE);

  for (;;) {
    let status = SUCCESS;
    const op = u32(load<u8>(pc));
    if (isFloat<T>()) hostTraceStep(f, u32(pc - code), op, gas, u32(sp), size);
    pc++;
    switch (op) {
      case 0x00: // STOP
        outputLength = 0;
        break;

      case 0x01: { // ADD
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        add(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x02: { // MUL
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 5) < 0) { status = OUT_OF_GAS; break; }
        mul(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x03: { // SUB
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sub(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x04: { // DIV
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 5) < 0) { status = OUT_OF_GAS; break; }
        div(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x05: { // SDIV
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 5) < 0) { status = OUT_OF_GAS; break; }
        sdiv(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x06: { // MOD
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 5) < 0) { status = OUT_OF_GAS; break; }
        mod(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x07: { // SMOD
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 5) < 0) { status = OUT_OF_GAS; break; }
        smod(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x08: { // ADDMOD
        if (base - sp < 96) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 8) < 0) { status = OUT_OF_GAS; break; }
        addmod(sp + 64, sp, sp + 32, sp + 64);
        sp += 64;
        continue;
      }
      case 0x09: { // MULMOD
        if (base - sp < 96) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 8) < 0) { status = OUT_OF_GAS; break; }
        mulmod(sp + 64, sp, sp + 32, sp + 64);
        sp += 64;
        continue;
      }
      case 0x0a: { // EXP
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 10 + 50 * i64(byteLength(sp + 32))) < 0) { status = OUT_OF_GAS; break; }
        exp(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x0b: { // SIGNEXTEND
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 5) < 0) { status = OUT_OF_GAS; break; }
        signextend(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x10: { // LT
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const answer = u64(less(sp, sp + 32));
        sp += 32;
        setSmall(sp, answer);
        continue;
      }
      case 0x11: { // GT
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const answer = u64(less(sp + 32, sp));
        sp += 32;
        setSmall(sp, answer);
        continue;
      }
      case 0x12: { // SLT
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const answer = u64(signedLess(sp, sp + 32));
        sp += 32;
        setSmall(sp, answer);
        continue;
      }
      case 0x13: { // SGT
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const answer = u64(signedLess(sp + 32, sp));
        sp += 32;
        setSmall(sp, answer);
        continue;
      }
      case 0x14: { // EQ
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const answer = u64(equal(sp, sp + 32));
        sp += 32;
        setSmall(sp, answer);
        continue;
      }
      case 0x15: { // ISZERO
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        setSmall(sp, u64(isZero(sp)));
        continue;
      }
      case 0x16: { // AND
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        setWord(sp + 32, load<u64>(sp) & load<u64>(sp, 32), load<u64>(sp, 8) & load<u64>(sp, 40), load<u64>(sp, 16) & load<u64>(sp, 48), load<u64>(sp, 24) & load<u64>(sp, 56));
        sp += 32;
        continue;
      }
      case 0x17: { // OR
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        setWord(sp + 32, load<u64>(sp) | load<u64>(sp, 32), load<u64>(sp, 8) | load<u64>(sp, 40), load<u64>(sp, 16) | load<u64>(sp, 48), load<u64>(sp, 24) | load<u64>(sp, 56));
        sp += 32;
        continue;
      }
      case 0x18: { // XOR
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        setWord(sp + 32, load<u64>(sp) ^ load<u64>(sp, 32), load<u64>(sp, 8) ^ load<u64>(sp, 40), load<u64>(sp, 16) ^ load<u64>(sp, 48), load<u64>(sp, 24) ^ load<u64>(sp, 56));
        sp += 32;
        continue;
      }
      case 0x19: { // NOT
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        setWord(sp, ~load<u64>(sp), ~load<u64>(sp, 8), ~load<u64>(sp, 16), ~load<u64>(sp, 24));
        continue;
      }
      case 0x1a: { // BYTE
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const at = saturated(sp);
        const answer = at < 32 ? u64(load<u8>(sp + 63 - usize(at))) : 0;
        sp += 32;
        setSmall(sp, answer);
        continue;
      }
      case 0x1b: { // SHL
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        shl(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x1c: { // SHR
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        shr(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x1d: { // SAR
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sar(sp + 32, sp, sp + 32);
        sp += 32;
        continue;
      }
      case 0x1e: { // CLZ
        if (load<u32>(ENV_FORK) < OSAKA) { status = INVALID_OPCODE; break; }
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 5) < 0) { status = OUT_OF_GAS; break; }
        setSmall(sp, u64(leadingZeros(sp)));
        continue;
      }
      case 0x20: { // KECCAK256
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        const end: u64 = rangeEnd(sp, sp + 32);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 30 + 6 * i64((saturated(sp + 32) + 31) >> 5)) < 0) { status = OUT_OF_GAS; break; }
        keccak256(HASH, end == 0 ? bottom : bottom + usize(load<u64>(sp)), usize(load<u64>(sp, 32)));
        sp += 32;
        fromBytes(sp, HASH);
        continue;
      }
      case 0x30: { // ADDRESS
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, usize(load<u32>(f, F_SELF)));
        continue;
      }
      case 0x31: { // BALANCE
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        gas = queryAccount(0x31, sp, gas);
        if (gas < 0) { status = OUT_OF_GAS; break; }
        continue;
      }
      case 0x3b: { // EXTCODESIZE
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        gas = queryAccount(0x3b, sp, gas);
        if (gas < 0) { status = OUT_OF_GAS; break; }
        continue;
      }
      case 0x3f: { // EXTCODEHASH
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        gas = queryAccount(0x3f, sp, gas);
        if (gas < 0) { status = OUT_OF_GAS; break; }
        continue;
      }
      case 0x32: { // ORIGIN
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_ORIGIN);
        continue;
      }
      case 0x33: { // CALLER
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, f + F_CALLER);
        continue;
      }
      case 0x34: { // CALLVALUE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, f + F_VALUE);
        continue;
      }
      case 0x35: { // CALLDATALOAD
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const at = saturated(sp), available = u64(load<u32>(f, F_INPUT_LENGTH));
        const input = usize(load<u32>(f, F_INPUT));
        if (at + 32 <= available && at < available) fromBytes(sp, input + usize(at));
        else {
          copyPadded(WORD_C, 32, input, u32(available), sp);
          fromBytes(sp, WORD_C);
        }
        continue;
      }
      case 0x36: { // CALLDATASIZE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        setSmall(sp, u64(load<u32>(f, F_INPUT_LENGTH)));
        continue;
      }
      case 0x37: { // CALLDATACOPY
        if (base - sp < 96) { status = STACK_UNDERFLOW; break; }
        const end: u64 = rangeEnd(sp, sp + 64);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 3 + 3 * i64((saturated(sp + 64) + 31) >> 5)) < 0) { status = OUT_OF_GAS; break; }
        if (end != 0) copyPadded(bottom + usize(load<u64>(sp)), load<u32>(sp, 64), usize(load<u32>(f, F_INPUT)), load<u32>(f, F_INPUT_LENGTH), sp + 32);
        sp += 96;
        continue;
      }
      case 0x38: { // CODESIZE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        setSmall(sp, u64(load<u32>(f, F_CODE_LENGTH)));
        continue;
      }
      case 0x39: { // CODECOPY
        if (base - sp < 96) { status = STACK_UNDERFLOW; break; }
        const end: u64 = rangeEnd(sp, sp + 64);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 3 + 3 * i64((saturated(sp + 64) + 31) >> 5)) < 0) { status = OUT_OF_GAS; break; }
        if (end != 0) copyPadded(bottom + usize(load<u64>(sp)), load<u32>(sp, 64), code, load<u32>(f, F_CODE_LENGTH), sp + 32);
        sp += 96;
        continue;
      }
      case 0x3a: { // GASPRICE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_GAS_PRICE);
        continue;
      }
      case 0x3c: { // EXTCODECOPY
        if (base - sp < 128) { status = STACK_UNDERFLOW; break; }
        const end: u64 = rangeEnd(sp + 32, sp + 96);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 3 * i64((saturated(sp + 96) + 31) >> 5)) < 0) { status = OUT_OF_GAS; break; }
        gas = access(sp, gas);
        if (gas < 0) { status = OUT_OF_GAS; break; }
        if (end != 0) {
          const other = codeOf(accessed);
          copyPadded(bottom + usize(load<u64>(sp, 32)), load<u32>(sp, 96), other != 0 ? usize(load<u32>(other, C_BYTES)) : 0, other != 0 ? load<u32>(other, C_LENGTH) : 0, sp + 64);
        }
        sp += 128;
        continue;
      }
      case 0x3d: { // RETURNDATASIZE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        setSmall(sp, u64(returnLength));
        continue;
      }
      case 0x3e: { // RETURNDATACOPY
        if (base - sp < 96) { status = STACK_UNDERFLOW; break; }
        const from = saturated(sp + 32), length = saturated(sp + 64);
        if (from > u64(returnLength) || length > u64(returnLength) - from) { status = RETURN_DATA_BOUNDS; break; }
        const end: u64 = rangeEnd(sp, sp + 64);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 3 + 3 * i64((length + 31) >> 5)) < 0) { status = OUT_OF_GAS; break; }
        if (end != 0) memory.copy(bottom + usize(load<u64>(sp)), RETURN + usize(from), usize(length));
        sp += 96;
        continue;
      }
      case 0x40: { // BLOCKHASH
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 20) < 0) { status = OUT_OF_GAS; break; }
        blockHash(sp);
        continue;
      }
      case 0x41: { // COINBASE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_COINBASE);
        continue;
      }
      case 0x42: { // TIMESTAMP
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_TIMESTAMP);
        continue;
      }
      case 0x43: { // NUMBER
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_NUMBER);
        continue;
      }
      case 0x44: { // PREVRANDAO
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_RANDAO);
        continue;
      }
      case 0x45: { // GASLIMIT
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_GAS_LIMIT);
        continue;
      }
      case 0x46: { // CHAINID
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_CHAIN_ID);
        continue;
      }
      case 0x48: { // BASEFEE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_BASE_FEE);
        continue;
      }
      case 0x4a: { // BLOBBASEFEE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, ENV_BLOB_BASE_FEE);
        continue;
      }
      case 0x47: { // SELFBALANCE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 5) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        copyWord(sp, usize(load<u32>(f, F_SELF)) + A_BALANCE);
        continue;
      }
      case 0x49: { // BLOBHASH
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const at = saturated(sp);
        if (at < u64(load<u32>(TX_BLOB_COUNT))) fromBytes(sp, usize(load<u32>(TX_BLOBS)) + (usize(at) << 5));
        else setSmall(sp, 0);
        continue;
      }
      case 0x50: { // POP
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp += 32;
        continue;
      }
      case 0x51: { // MLOAD
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const end: u64 = (load<u64>(sp, 8) | load<u64>(sp, 16) | load<u64>(sp, 24) | (load<u64>(sp) >> 40)) != 0 ? FAR : load<u64>(sp) + 32;
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        fromBytes(sp, bottom + usize(load<u64>(sp)));
        continue;
      }
      case 0x52: { // MSTORE
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const end: u64 = (load<u64>(sp, 8) | load<u64>(sp, 16) | load<u64>(sp, 24) | (load<u64>(sp) >> 40)) != 0 ? FAR : load<u64>(sp) + 32;
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        toBytes(bottom + usize(load<u64>(sp)), sp + 32);
        sp += 64;
        continue;
      }
      case 0x53: { // MSTORE8
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const end: u64 = (load<u64>(sp, 8) | load<u64>(sp, 16) | load<u64>(sp, 24) | (load<u64>(sp) >> 40)) != 0 ? FAR : load<u64>(sp) + 1;
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        store<u8>(bottom + usize(load<u64>(sp)), load<u8>(sp, 32));
        sp += 64;
        continue;
      }
      case 0x54: { // SLOAD
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        gas = sload(f, sp, gas);
        if (gas < 0) { status = OUT_OF_GAS; break; }
        continue;
      }
      case 0x55: { // SSTORE
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if (load<u32>(f, F_FLAGS) & STATIC) { status = STATIC_CHANGE; break; }
        gas = sstore(f, sp, gas);
        if (gas < 0) { status = OUT_OF_GAS; break; }
        sp += 64;
        continue;
      }
      case 0x56: { // JUMP
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 8) < 0) { status = OUT_OF_GAS; break; }
        const to = load<u64>(sp);
        if ((load<u64>(sp, 8) | load<u64>(sp, 16) | load<u64>(sp, 24)) != 0 || to >= u64(load<u32>(f, F_CODE_LENGTH)) ||
          ((load<u8>(usize(load<u32>(f, F_JUMPS)) + usize(to >> 3)) >> u8(to & 7)) & 1) == 0) { status = INVALID_JUMP; break; }
        pc = code + usize(to);
        if (!isFloat<T>()) {
          if ((gas -= 1) < 0) { status = OUT_OF_GAS; break; }
          pc++;
        }
        sp += 32;
        continue;
      }
      case 0x57: { // JUMPI
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 10) < 0) { status = OUT_OF_GAS; break; }
        if (isZero(sp + 32)) {
          sp += 64;
          continue;
        }
        const to = load<u64>(sp);
        if ((load<u64>(sp, 8) | load<u64>(sp, 16) | load<u64>(sp, 24)) != 0 || to >= u64(load<u32>(f, F_CODE_LENGTH)) ||
          ((load<u8>(usize(load<u32>(f, F_JUMPS)) + usize(to >> 3)) >> u8(to & 7)) & 1) == 0) { status = INVALID_JUMP; break; }
        pc = code + usize(to);
        if (!isFloat<T>()) {
          if ((gas -= 1) < 0) { status = OUT_OF_GAS; break; }
          pc++;
        }
        sp += 64;
        continue;
      }
      case 0x58: { // PC
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        setSmall(sp, u64(pc - code - 1));
        continue;
      }
      case 0x59: { // MSIZE
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        setSmall(sp, u64(size));
        continue;
      }
      case 0x5a: { // GAS
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        setSmall(sp, u64(gas));
        continue;
      }
      case 0x5b: { // JUMPDEST
        if ((gas -= 1) < 0) { status = OUT_OF_GAS; break; }
        
        continue;
      }
      case 0x5c: { // TLOAD
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 100) < 0) { status = OUT_OF_GAS; break; }
        const cell = transient(usize(load<u32>(f, F_SELF)), sp, false);
        if (cell != 0) copyWord(sp, cell + T_VALUE);
        else setSmall(sp, 0);
        continue;
      }
      case 0x5d: { // TSTORE
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 100) < 0) { status = OUT_OF_GAS; break; }
        if (load<u32>(f, F_FLAGS) & STATIC) { status = STATIC_CHANGE; break; }
        setTransient(transient(usize(load<u32>(f, F_SELF)), sp, true), sp + 32);
        sp += 64;
        continue;
      }
      case 0x5e: { // MCOPY
        if (base - sp < 96) { status = STACK_UNDERFLOW; break; }
        const end: u64 = max(rangeEnd(sp, sp + 64), rangeEnd(sp + 32, sp + 64));
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 3 + 3 * i64((saturated(sp + 64) + 31) >> 5)) < 0) { status = OUT_OF_GAS; break; }
        if (end != 0) memory.copy(bottom + usize(load<u64>(sp)), bottom + usize(load<u64>(sp, 32)), usize(load<u64>(sp, 64)));
        sp += 96;
        continue;
      }
      case 0x5f: { // PUSH0
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 2) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        setSmall(sp, 0);
        continue;
      }
      case 0x60: { // PUSH1
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        setWord(sp, u64(load<u8>(pc)), 0, 0, 0);
        pc += 1;
        continue;
      }
      case 0x61: { // PUSH2
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        setWord(sp, u64(bswap<u16>(load<u16>(pc))), 0, 0, 0);
        pc += 2;
        continue;
      }
      case 0x62: { // PUSH3
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 3, 0xffffff, 0);
        pc += 3;
        continue;
      }
      case 0x63: { // PUSH4
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 4, 0xffffffff, 0);
        pc += 4;
        continue;
      }
      case 0x64: { // PUSH5
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 5, 0xffffffffff, 0);
        pc += 5;
        continue;
      }
      case 0x65: { // PUSH6
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 6, 0xffffffffffff, 0);
        pc += 6;
        continue;
      }
      case 0x66: { // PUSH7
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 7, 0xffffffffffffff, 0);
        pc += 7;
        continue;
      }
      case 0x67: { // PUSH8
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 8, -1, 0);
        pc += 8;
        continue;
      }
      case 0x68: { // PUSH9
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 9, -1, 0xff);
        pc += 9;
        continue;
      }
      case 0x69: { // PUSH10
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 10, -1, 0xffff);
        pc += 10;
        continue;
      }
      case 0x6a: { // PUSH11
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 11, -1, 0xffffff);
        pc += 11;
        continue;
      }
      case 0x6b: { // PUSH12
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 12, -1, 0xffffffff);
        pc += 12;
        continue;
      }
      case 0x6c: { // PUSH13
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 13, -1, 0xffffffffff);
        pc += 13;
        continue;
      }
      case 0x6d: { // PUSH14
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 14, -1, 0xffffffffffff);
        pc += 14;
        continue;
      }
      case 0x6e: { // PUSH15
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 15, -1, 0xffffffffffffff);
        pc += 15;
        continue;
      }
      case 0x6f: { // PUSH16
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromFew(sp, pc, 16, -1, -1);
        pc += 16;
        continue;
      }
      case 0x70: { // PUSH17
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 17, 0xff, 0);
        pc += 17;
        continue;
      }
      case 0x71: { // PUSH18
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 18, 0xffff, 0);
        pc += 18;
        continue;
      }
      case 0x72: { // PUSH19
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 19, 0xffffff, 0);
        pc += 19;
        continue;
      }
      case 0x73: { // PUSH20
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 20, 0xffffffff, 0);
        pc += 20;
        continue;
      }
      case 0x74: { // PUSH21
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 21, 0xffffffffff, 0);
        pc += 21;
        continue;
      }
      case 0x75: { // PUSH22
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 22, 0xffffffffffff, 0);
        pc += 22;
        continue;
      }
      case 0x76: { // PUSH23
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 23, 0xffffffffffffff, 0);
        pc += 23;
        continue;
      }
      case 0x77: { // PUSH24
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 24, -1, 0);
        pc += 24;
        continue;
      }
      case 0x78: { // PUSH25
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 25, -1, 0xff);
        pc += 25;
        continue;
      }
      case 0x79: { // PUSH26
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 26, -1, 0xffff);
        pc += 26;
        continue;
      }
      case 0x7a: { // PUSH27
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 27, -1, 0xffffff);
        pc += 27;
        continue;
      }
      case 0x7b: { // PUSH28
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 28, -1, 0xffffffff);
        pc += 28;
        continue;
      }
      case 0x7c: { // PUSH29
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 29, -1, 0xffffffffff);
        pc += 29;
        continue;
      }
      case 0x7d: { // PUSH30
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 30, -1, 0xffffffffffff);
        pc += 30;
        continue;
      }
      case 0x7e: { // PUSH31
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromMany(sp, pc, 31, -1, 0xffffffffffffff);
        pc += 31;
        continue;
      }
      case 0x7f: { // PUSH32
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        sp -= 32;
        fromBytes(sp, pc);
        pc += 32;
        continue;
      }
      case 0x80: { // DUP1
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 0);
        sp -= 32;
        continue;
      }
      case 0x81: { // DUP2
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 32);
        sp -= 32;
        continue;
      }
      case 0x82: { // DUP3
        if (base - sp < 96) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 64);
        sp -= 32;
        continue;
      }
      case 0x83: { // DUP4
        if (base - sp < 128) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 96);
        sp -= 32;
        continue;
      }
      case 0x84: { // DUP5
        if (base - sp < 160) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 128);
        sp -= 32;
        continue;
      }
      case 0x85: { // DUP6
        if (base - sp < 192) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 160);
        sp -= 32;
        continue;
      }
      case 0x86: { // DUP7
        if (base - sp < 224) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 192);
        sp -= 32;
        continue;
      }
      case 0x87: { // DUP8
        if (base - sp < 256) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 224);
        sp -= 32;
        continue;
      }
      case 0x88: { // DUP9
        if (base - sp < 288) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 256);
        sp -= 32;
        continue;
      }
      case 0x89: { // DUP10
        if (base - sp < 320) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 288);
        sp -= 32;
        continue;
      }
      case 0x8a: { // DUP11
        if (base - sp < 352) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 320);
        sp -= 32;
        continue;
      }
      case 0x8b: { // DUP12
        if (base - sp < 384) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 352);
        sp -= 32;
        continue;
      }
      case 0x8c: { // DUP13
        if (base - sp < 416) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 384);
        sp -= 32;
        continue;
      }
      case 0x8d: { // DUP14
        if (base - sp < 448) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 416);
        sp -= 32;
        continue;
      }
      case 0x8e: { // DUP15
        if (base - sp < 480) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 448);
        sp -= 32;
        continue;
      }
      case 0x8f: { // DUP16
        if (base - sp < 512) { status = STACK_UNDERFLOW; break; }
        if (sp <= limit) { status = STACK_OVERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        dupWord(sp - 32, sp + 480);
        sp -= 32;
        continue;
      }
      case 0x90: { // SWAP1
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 32);
        v128.store(sp, low, 32);
        v128.store(sp, high, 48);
        continue;
      }
      case 0x91: { // SWAP2
        if (base - sp < 96) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 64);
        v128.store(sp, low, 64);
        v128.store(sp, high, 80);
        continue;
      }
      case 0x92: { // SWAP3
        if (base - sp < 128) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 96);
        v128.store(sp, low, 96);
        v128.store(sp, high, 112);
        continue;
      }
      case 0x93: { // SWAP4
        if (base - sp < 160) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 128);
        v128.store(sp, low, 128);
        v128.store(sp, high, 144);
        continue;
      }
      case 0x94: { // SWAP5
        if (base - sp < 192) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 160);
        v128.store(sp, low, 160);
        v128.store(sp, high, 176);
        continue;
      }
      case 0x95: { // SWAP6
        if (base - sp < 224) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 192);
        v128.store(sp, low, 192);
        v128.store(sp, high, 208);
        continue;
      }
      case 0x96: { // SWAP7
        if (base - sp < 256) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 224);
        v128.store(sp, low, 224);
        v128.store(sp, high, 240);
        continue;
      }
      case 0x97: { // SWAP8
        if (base - sp < 288) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 256);
        v128.store(sp, low, 256);
        v128.store(sp, high, 272);
        continue;
      }
      case 0x98: { // SWAP9
        if (base - sp < 320) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 288);
        v128.store(sp, low, 288);
        v128.store(sp, high, 304);
        continue;
      }
      case 0x99: { // SWAP10
        if (base - sp < 352) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 320);
        v128.store(sp, low, 320);
        v128.store(sp, high, 336);
        continue;
      }
      case 0x9a: { // SWAP11
        if (base - sp < 384) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 352);
        v128.store(sp, low, 352);
        v128.store(sp, high, 368);
        continue;
      }
      case 0x9b: { // SWAP12
        if (base - sp < 416) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 384);
        v128.store(sp, low, 384);
        v128.store(sp, high, 400);
        continue;
      }
      case 0x9c: { // SWAP13
        if (base - sp < 448) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 416);
        v128.store(sp, low, 416);
        v128.store(sp, high, 432);
        continue;
      }
      case 0x9d: { // SWAP14
        if (base - sp < 480) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 448);
        v128.store(sp, low, 448);
        v128.store(sp, high, 464);
        continue;
      }
      case 0x9e: { // SWAP15
        if (base - sp < 512) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 480);
        v128.store(sp, low, 480);
        v128.store(sp, high, 496);
        continue;
      }
      case 0x9f: { // SWAP16
        if (base - sp < 544) { status = STACK_UNDERFLOW; break; }
        if ((gas -= 3) < 0) { status = OUT_OF_GAS; break; }
        const low = v128.load(sp), high = v128.load(sp, 16);
        copyWord(sp, sp + 512);
        v128.store(sp, low, 512);
        v128.store(sp, high, 528);
        continue;
      }
      case 0xa0: { // LOG0
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        if (load<u32>(f, F_FLAGS) & STATIC) { status = STATIC_CHANGE; break; }
        const end: u64 = rangeEnd(sp, sp + 32);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 375 + 8 * i64(load<u32>(sp, 32))) < 0) { status = OUT_OF_GAS; break; }
        log(f, 0, sp, end == 0 ? bottom : bottom + usize(load<u64>(sp)), load<u32>(sp, 32));
        sp += 64;
        continue;
      }
      case 0xa1: { // LOG1
        if (base - sp < 96) { status = STACK_UNDERFLOW; break; }
        if (load<u32>(f, F_FLAGS) & STATIC) { status = STATIC_CHANGE; break; }
        const end: u64 = rangeEnd(sp, sp + 32);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 750 + 8 * i64(load<u32>(sp, 32))) < 0) { status = OUT_OF_GAS; break; }
        log(f, 1, sp, end == 0 ? bottom : bottom + usize(load<u64>(sp)), load<u32>(sp, 32));
        sp += 96;
        continue;
      }
      case 0xa2: { // LOG2
        if (base - sp < 128) { status = STACK_UNDERFLOW; break; }
        if (load<u32>(f, F_FLAGS) & STATIC) { status = STATIC_CHANGE; break; }
        const end: u64 = rangeEnd(sp, sp + 32);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 1125 + 8 * i64(load<u32>(sp, 32))) < 0) { status = OUT_OF_GAS; break; }
        log(f, 2, sp, end == 0 ? bottom : bottom + usize(load<u64>(sp)), load<u32>(sp, 32));
        sp += 128;
        continue;
      }
      case 0xa3: { // LOG3
        if (base - sp < 160) { status = STACK_UNDERFLOW; break; }
        if (load<u32>(f, F_FLAGS) & STATIC) { status = STATIC_CHANGE; break; }
        const end: u64 = rangeEnd(sp, sp + 32);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 1500 + 8 * i64(load<u32>(sp, 32))) < 0) { status = OUT_OF_GAS; break; }
        log(f, 3, sp, end == 0 ? bottom : bottom + usize(load<u64>(sp)), load<u32>(sp, 32));
        sp += 160;
        continue;
      }
      case 0xa4: { // LOG4
        if (base - sp < 192) { status = STACK_UNDERFLOW; break; }
        if (load<u32>(f, F_FLAGS) & STATIC) { status = STATIC_CHANGE; break; }
        const end: u64 = rangeEnd(sp, sp + 32);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        if ((gas -= 1875 + 8 * i64(load<u32>(sp, 32))) < 0) { status = OUT_OF_GAS; break; }
        log(f, 4, sp, end == 0 ? bottom : bottom + usize(load<u64>(sp)), load<u32>(sp, 32));
        sp += 192;
        continue;
      }
      case 0xf0:
      case 0xf5: { // CREATE, CREATE2
        store<u32>(f, u32(pc), F_PC);
        store<u32>(f, u32(sp), F_SP);
        store<i64>(f, gas, F_GAS);
        store<u32>(f, size, F_MEMORY_SIZE);
        status = createOp(op, f);
        if (status != SUCCESS) break;
        f = frame;
        pc = usize(load<u32>(f, F_PC));
        sp = usize(load<u32>(f, F_SP));
        gas = load<i64>(f, F_GAS);
        base = usize(load<u32>(f, F_BASE));
        limit = base - usize(STACK_BYTES);
        code = usize(load<u32>(f, F_CODE));
        bottom = usize(load<u32>(f, F_MEMORY));
        size = load<u32>(f, F_MEMORY_SIZE);
        continue;
      }
      case 0xf1:
      case 0xf2:
      case 0xf4:
      case 0xfa: { // CALL, CALLCODE, DELEGATECALL, STATICCALL
        store<u32>(f, u32(pc), F_PC);
        store<u32>(f, u32(sp), F_SP);
        store<i64>(f, gas, F_GAS);
        store<u32>(f, size, F_MEMORY_SIZE);
        status = callOp(op, f);
        if (status != SUCCESS) break;
        f = frame;
        pc = usize(load<u32>(f, F_PC));
        sp = usize(load<u32>(f, F_SP));
        gas = load<i64>(f, F_GAS);
        base = usize(load<u32>(f, F_BASE));
        limit = base - usize(STACK_BYTES);
        code = usize(load<u32>(f, F_CODE));
        bottom = usize(load<u32>(f, F_MEMORY));
        size = load<u32>(f, F_MEMORY_SIZE);
        continue;
      }
      case 0xf3:
      case 0xfd: { // RETURN, REVERT
        if (base - sp < 64) { status = STACK_UNDERFLOW; break; }
        const end: u64 = rangeEnd(sp, sp + 32);
        if (end > u64(size)) {
          if ((gas -= expansionCost(size, end)) < 0) { status = OUT_OF_GAS; break; }
          size = growMemory(bottom, size, end);
        }
        outputAt = end == 0 ? bottom : bottom + usize(load<u64>(sp));
        outputLength = load<u32>(sp, 32);
        if (op == 0xfd) status = REVERT;
        break;
      }
      case 0xff: { // SELFDESTRUCT
        if (base - sp < 32) { status = STACK_UNDERFLOW; break; }
        if (load<u32>(f, F_FLAGS) & STATIC) { status = STATIC_CHANGE; break; }
        gas = selfdestruct(f, sp, gas);
        outputLength = 0;
        if (gas < 0) status = OUT_OF_GAS;
        break;
      }
      default:
        status = INVALID_OPCODE;
    }
    store<u32>(f, u32(pc), F_PC);
    store<i64>(f, gas, F_GAS);
    if (isFloat<T>()) {
      if (status > REVERT) hostTraceFault(status);
    }
    closeFrame(f, status);
    if (depth < 0) return;
    f = frame;
    pc = usize(load<u32>(f, F_PC));
    sp = usize(load<u32>(f, F_SP));
    gas = load<i64>(f, F_GAS);
    base = usize(load<u32>(f, F_BASE));
    limit = base - usize(STACK_BYTES);
    code = usize(load<u32>(f, F_CODE));
    bottom = usize(load<u32>(f, F_MEMORY));
    size = load<u32>(f, F_MEMORY_SIZE);
  }
}
