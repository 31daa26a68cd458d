// Codes by their hash: padded, so that a PUSH at the end reads zeros and runs into STOP, with a bit for each valid
// jump destination. The cache empties between transactions when it is large; within one it begins again when it is
// full, around the codes that run.
import { hostCode, hostStoreCode } from "./host";
import { depth, F_CODE, F_CODE_LENGTH } from "./interpreter";
import { A_CODE, A_CODE_AGE, A_HASH, hasCode } from "./journal";
import { CODE_INDEX, CODE_INDEX_SIZE, CODES, CODES_END, FRAME_SIZE, FRAMES, SEEDS } from "./layout";
import { copyWord, equal } from "./u256";

export const C_HASH: usize = 0;
export const C_BYTES: usize = 32;
export const C_LENGTH: usize = 36;
/** Bitmap of jump destinations, 0 before the first execution. */
export const C_JUMPS: usize = 40;
export const C_NEXT: usize = 44;
const C_SIZE: usize = 48;
/** Zeros behind the code: a PUSH32 as last byte reads 32, then one STOP. */
export const CODE_PADDING: usize = 40;
const KEPT: usize = 0x2000000;
/** Where the cache is full, unless a single code needs more. */
const FULL: usize = CODES + 0x4000000;
/** Room for a code whose length only the host knows: more than an account can get. */
const USUAL: u32 = 0x8000;

let end: usize = CODES;
/** Whether running codes may lie behind `end`. */
let around: boolean = false;
/** Pointers into the cache from an older age are void. */
export let codeAge: u32 = 1;

export function resetCodes(): void {
  end = CODES + 64;
  around = false;
  codeAge++;
  memory.fill(CODE_INDEX, 0, CODE_INDEX_SIZE << 2);
}

export function trimCodes(): void {
  if (around || end - CODES > KEPT) resetCodes();
}

function bucket(hash: usize): usize {
  return CODE_INDEX + (usize((load<u64>(hash) * load<u64>(SEEDS + 112)) >> 48) << 2);
}

function find(hash: usize): usize {
  for (let code = usize(load<u32>(bucket(hash))); code != 0; code = usize(load<u32>(code, C_NEXT))) {
    if (equal(code, hash)) return code;
  }
  return 0;
}

/** Bytes that a code takes with its head and its bitmap. */
function sizeOf(length: u32): usize {
  return (C_SIZE + usize(length) + CODE_PADDING + (usize(length) >> 3) + 16) & ~15;
}

/** End of a running code within `size` bytes from `at`, 0 if there is none. */
function running(at: usize, size: usize): usize {
  for (let i = 0; i <= depth; i++) {
    const f = FRAMES + usize(i) * FRAME_SIZE;
    const bytes = usize(load<u32>(f, F_CODE));
    const from = bytes - C_SIZE, to = from + sizeOf(load<u32>(f, F_CODE_LENGTH));
    if (bytes > CODES && bytes < CODES_END && from < at + size && to > at) return to;
  }
  return 0;
}

/** Where `size` bytes are free. Forgets all codes if the cache is full: those that run stay where they are. */
function place(size: usize): usize {
  if (end + size > max(FULL, CODES + size + 0x2000000)) {
    resetCodes();
    around = true;
  }
  if (!around) return end;
  let at = end;
  for (let to = running(at, size); to != 0; to = running(at, size)) at = to;
  if (at + size > CODES_END) unreachable();
  end = at;
  return at;
}

/** Adds `length` bytes that lie at `code + C_SIZE` already. */
function insert(code: usize, hash: usize, length: u32): usize {
  const bytes = code + C_SIZE;
  memory.fill(bytes + length, 0, CODE_PADDING);
  end = code + sizeOf(length);
  copyWord(code, hash);
  store<u32>(code, u32(bytes), C_BYTES);
  store<u32>(code, length, C_LENGTH);
  store<u32>(code, 0, C_JUMPS);
  const head = bucket(hash);
  store<u32>(code, load<u32>(head), C_NEXT);
  store<u32>(head, u32(code));
  return code;
}

/** Fetches a code from the host, once more if it is longer than usual. */
function fetch(hash: usize): usize {
  let code = place(sizeOf(USUAL));
  let length = hostCode(hash, code + C_SIZE, USUAL);
  if (length > USUAL) {
    if (length >= u32(CODES_END - CODES) >> 1) unreachable();
    code = place(sizeOf(length));
    length = hostCode(hash, code + C_SIZE, length);
  }
  return insert(code, hash, length);
}

/** The code of an account, 0 if it has none. */
export function codeOf(record: usize): usize {
  if (load<u32>(record, A_CODE_AGE) == codeAge) return usize(load<u32>(record, A_CODE));
  let code: usize = 0;
  if (hasCode(record)) {
    code = find(record + A_HASH);
    if (code == 0) code = fetch(record + A_HASH);
  }
  store<u32>(record, u32(code), A_CODE);
  store<u32>(record, codeAge, A_CODE_AGE);
  return code;
}

/** Keeps new code here and at the host, which may have forgotten a code that is still known here. */
export function addCode(hash: usize, from: usize, length: u32): usize {
  hostStoreCode(hash, from, length);
  const known = find(hash);
  if (known != 0) return known;
  const code = place(sizeOf(length));
  memory.copy(code + C_SIZE, from, length);
  return insert(code, hash, length);
}

/** Marks the jump destinations of `length` bytes in a bitmap of (length >> 3) + 1 bytes at `to`. */
export function analyse(bytes: usize, length: u32, to: usize): void {
  memory.fill(to, 0, (usize(length) >> 3) + 1);
  let bits: u64 = 0;
  let word: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    // No instruction is so long that this leaves a word out.
    if (i >= word + 64) {
      store<u64>(to + (word >> 3), bits);
      bits = 0;
      word += 64;
    }
    const opcode = u32(load<u8>(bytes + i));
    if (opcode == 0x5b) bits |= u64(1) << u64(i & 63);
    else if (opcode - 0x60 < 32) i += opcode - 0x5f;
  }
  // The last word may reach behind the bitmap.
  for (let at = to + (word >> 3), end = to + (length >> 3); at <= end && bits != 0; at++) {
    store<u8>(at, u8(bits));
    bits >>= 8;
  }
}

export function jumpsOf(code: usize): usize {
  const known = usize(load<u32>(code, C_JUMPS));
  if (known != 0) return known;
  const length = load<u32>(code, C_LENGTH);
  const bytes = usize(load<u32>(code, C_BYTES));
  const jumps = bytes + length + CODE_PADDING;
  analyse(bytes, length, jumps);
  store<u32>(code, u32(jumps), C_JUMPS);
  return jumps;
}

/** Whether the code is a delegation (EIP-7702): its address lies at byte 3. */
export function isDelegation(code: usize): boolean {
  return (
    code != 0 && load<u32>(code, C_LENGTH) == 23 && (load<u32>(usize(load<u32>(code, C_BYTES))) & 0xffffff) == 0x0001ef
  );
}
