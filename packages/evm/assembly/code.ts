// Codes by their hash: padded, so that a PUSH at the end reads zeros and runs into STOP, with a bit for each valid
// jump destination. The cache empties between transactions when it is large.
import { hostCode, hostStoreCode } from "./host";
import { A_CODE, A_CODE_AGE, A_HASH, hasCode } from "./journal";
import { CODE_INDEX, CODE_INDEX_SIZE, CODES, CODES_END, SEEDS } from "./layout";
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

let end: usize = CODES;
/** Pointers into the cache from an older age are void. */
export let codeAge: u32 = 1;

export function resetCodes(): void {
  end = CODES + 64;
  codeAge++;
  memory.fill(CODE_INDEX, 0, CODE_INDEX_SIZE << 2);
}

export function trimCodes(): void {
  if (end - CODES > KEPT) resetCodes();
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

/** Adds `length` bytes that lie at `end + C_SIZE` already. */
function insert(hash: usize, length: u32): usize {
  const code = end;
  const bytes = code + C_SIZE;
  memory.fill(bytes + length, 0, CODE_PADDING);
  end = (bytes + length + CODE_PADDING + 15) & ~15;
  if (end > CODES_END) unreachable();
  copyWord(code, hash);
  store<u32>(code, u32(bytes), C_BYTES);
  store<u32>(code, length, C_LENGTH);
  store<u32>(code, 0, C_JUMPS);
  const head = bucket(hash);
  store<u32>(code, load<u32>(head), C_NEXT);
  store<u32>(head, u32(code));
  return code;
}

/** The code of an account, 0 if it has none. */
export function codeOf(record: usize): usize {
  if (load<u32>(record, A_CODE_AGE) == codeAge) return usize(load<u32>(record, A_CODE));
  let code: usize = 0;
  if (hasCode(record)) {
    code = find(record + A_HASH);
    if (code == 0) {
      const room = CODES_END - end - C_SIZE - CODE_PADDING - 16;
      const length = hostCode(record + A_HASH, end + C_SIZE, u32(room));
      if (usize(length) > room) unreachable();
      code = insert(record + A_HASH, length);
    }
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
  if (end + C_SIZE + length + CODE_PADDING + 16 > CODES_END) unreachable();
  memory.copy(end + C_SIZE, from, length);
  return insert(hash, length);
}

/** Marks the jump destinations of `length` bytes in a bitmap of (length >> 3) + 1 bytes at `to`. */
export function analyse(bytes: usize, length: u32, to: usize): void {
  memory.fill(to, 0, (usize(length) >> 3) + 1);
  const last = bytes + length;
  for (let p = bytes; p < last; ) {
    const opcode = u32(load<u8>(p));
    if (opcode == 0x5b) {
      const i = p - bytes;
      store<u8>(to + (i >> 3), load<u8>(to + (i >> 3)) | (1 << u8(i & 7)));
    } else if (opcode - 0x60 < 32) {
      p += opcode - 0x5f;
    }
    p++;
  }
}

export function jumpsOf(code: usize): usize {
  const known = usize(load<u32>(code, C_JUMPS));
  if (known != 0) return known;
  const length = load<u32>(code, C_LENGTH);
  const jumps = end;
  end = (end + (length >> 3) + 1 + 15) & ~15;
  if (end > CODES_END) unreachable();
  analyse(usize(load<u32>(code, C_BYTES)), length, jumps);
  store<u32>(code, u32(jumps), C_JUMPS);
  return jumps;
}

/** Whether the code is a delegation (EIP-7702): its address lies at byte 3. */
export function isDelegation(code: usize): boolean {
  return (
    code != 0 && load<u32>(code, C_LENGTH) == 23 && (load<u32>(usize(load<u32>(code, C_BYTES))) & 0xffffff) == 0x0001ef
  );
}
