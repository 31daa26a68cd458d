// Accounts, storage and transient storage of a block, and the log that undoes changes back to a checkpoint.
// Records never move; two hash tables find them. The hash is multilinear with secret multipliers: whoever chooses
// addresses and slots cannot make them collide.
import { hostAccount, hostHasStorage, hostStorage } from "./host";
import {
  EMPTY_HASH, HEAP, HEAP_END, IO_ADDRESS, IO_BALANCE, IO_HASH, IO_NONCE, IO_SLOT, IO_VALUE, SEEDS, UNDO, UNDO_END,
} from "./layout";
import { copyWord, equal, isZero, setSmall, setWord, toBytes } from "./u256";

export const A_ADDRESS: usize = 0;
export const A_BALANCE: usize = 32;
/** Big-endian bytes, as the host has them. */
export const A_HASH: usize = 64;
export const A_NONCE: usize = 96;
export const A_CODE: usize = 104;
export const A_CODE_AGE: usize = 108;
export const A_NEXT: usize = 112;
export const A_STORAGE: usize = 116;
export const A_WARM: usize = 120;
export const A_CREATED: usize = 124;
export const A_DESTROYED: usize = 128;
export const A_FLAGS: usize = 132;
export const A_FIRST_BALANCE: usize = 136;
export const A_FIRST_HASH: usize = 168;
export const A_FIRST_NONCE: usize = 200;
const A_SIZE: usize = 208;

/** The host had it. */
export const EXISTED: u32 = 1;
/** An empty account that existed goes when it is touched (EIP-161). */
export const TOUCHED: u32 = 2;

export const S_SLOT: usize = 0;
export const S_VALUE: usize = 32;
/** Before the transaction S_AGE. */
export const S_ORIGINAL: usize = 64;
export const S_FIRST: usize = 96;
export const S_ACCOUNT: usize = 128;
export const S_WARM: usize = 132;
export const S_AGE: usize = 136;
export const S_NEXT: usize = 140;
const S_SIZE: usize = 144;

const T_SLOT: usize = 0;
export const T_VALUE: usize = 32;
const T_ACCOUNT: usize = 64;
const T_AGE: usize = 68;
const T_NEXT: usize = 72;
const T_SIZE: usize = 80;

const UNDO_BALANCE: u32 = 1;
const UNDO_NONCE: u32 = 2;
const UNDO_CODE: u32 = 3;
const UNDO_STORAGE: u32 = 4;
const UNDO_TRANSIENT: u32 = 5;
const UNDO_WARM_ACCOUNT: u32 = 6;
const UNDO_WARM_SLOT: u32 = 7;
const UNDO_FLAGS: u32 = 8;
const UNDO_CREATED: u32 = 9;
const UNDO_DESTROYED: u32 = 10;
const UNDO_SIZE: usize = 48;

let heap: usize = HEAP;
/** End of the undo log; a checkpoint is its value. */
export let undo: usize = UNDO;
/** Of the running transaction: what is warm, original or created carries it. */
export let age: u32 = 0;

let accountIndex: usize = 0;
let accountMask: u32 = 0;
let accountCount: u32 = 0;
let firstAccount: usize = 0;
let lastAccount: usize = 0;
let slotIndex: usize = 0;
let slotMask: u32 = 0;
let slotCount: u32 = 0;
let transientIndex: usize = 0;
let transientMask: u32 = 0;
let transientCount: u32 = 0;
let firstTransient: usize = 0;

function allocate(size: usize): usize {
  const at = heap;
  heap += size;
  if (heap > HEAP_END) unreachable();
  return at;
}

function newIndex(entries: u32): usize {
  const at = allocate(usize(entries) << 2);
  memory.fill(at, 0, usize(entries) << 2);
  return at;
}

/** Forgets the block. */
export function resetJournal(): void {
  heap = HEAP;
  undo = UNDO;
  accountMask = 1023;
  accountIndex = newIndex(1024);
  slotMask = 2047;
  slotIndex = newIndex(2048);
  transientMask = 255;
  transientIndex = newIndex(256);
  accountCount = 0;
  slotCount = 0;
  transientCount = 0;
  firstAccount = 0;
  lastAccount = 0;
  firstTransient = 0;
}

export function firstAccountOfBlock(): usize {
  return firstAccount;
}

export function nextAge(): void {
  age++;
  undo = UNDO;
}

// @ts-ignore: decorator
@inline
function pair(x: u64, seed: usize): u64 {
  return (x & 0xffffffff) * load<u64>(SEEDS + seed) + (x >> 32) * load<u64>(SEEDS + seed + 8);
}

// @ts-ignore: decorator
@inline
function hashAddress(a: u64, b: u64, c: u64): u32 {
  return u32((pair(a, 0) + pair(b, 16) + (c & 0xffffffff) * load<u64>(SEEDS + 32)) >> 32);
}

// @ts-ignore: decorator
@inline
function hashSlot(account: usize, slot: usize): u32 {
  return u32(
    (pair(load<u64>(slot), 48) + pair(load<u64>(slot, 8), 64) + pair(load<u64>(slot, 16), 80) +
      pair(load<u64>(slot, 24), 96) + u64(account) * load<u64>(SEEDS + 40)) >> 32,
  );
}

/** The record of an address, 0 if nothing asked for it in this block. */
export function peekAccount(a: u64, b: u64, c: u64): usize {
  let i = hashAddress(a, b, c) & accountMask;
  let record: usize;
  while ((record = usize(load<u32>(accountIndex + (usize(i) << 2)))) != 0) {
    if (load<u64>(record) == a && load<u64>(record, 8) == b && load<u64>(record, 16) == c) break;
    i = (i + 1) & accountMask;
  }
  return record;
}

function indexAccount(record: usize): void {
  let i = hashAddress(load<u64>(record), load<u64>(record, 8), load<u64>(record, 16)) & accountMask;
  while (load<u32>(accountIndex + (usize(i) << 2)) != 0) i = (i + 1) & accountMask;
  store<u32>(accountIndex + (usize(i) << 2), u32(record));
}

function loadAccount(a: u64, b: u64, c: u64): usize {
  if ((++accountCount << 1) > accountMask) {
    accountMask = (accountMask << 1) | 1;
    accountIndex = newIndex(accountMask + 1);
    for (let r = firstAccount; r != 0; r = usize(load<u32>(r, A_NEXT))) indexAccount(r);
  }
  const record = allocate(A_SIZE);
  memory.fill(record, 0, A_SIZE);
  setWord(record, a, b, c, 0);
  exposeAddress(record);
  if (hostAccount()) {
    store<u32>(record, EXISTED, A_FLAGS);
    copyWord(record + A_BALANCE, IO_BALANCE);
    copyWord(record + A_HASH, IO_HASH);
    store<u64>(record, load<u64>(IO_NONCE), A_NONCE);
  } else {
    copyWord(record + A_HASH, EMPTY_HASH);
  }
  copyWord(record + A_FIRST_BALANCE, record + A_BALANCE);
  copyWord(record + A_FIRST_HASH, record + A_HASH);
  store<u64>(record, load<u64>(record, A_NONCE), A_FIRST_NONCE);
  if (lastAccount == 0) firstAccount = record;
  else store<u32>(lastAccount, u32(record), A_NEXT);
  lastAccount = record;
  indexAccount(record);
  return record;
}

/** The record of an address, from the host if need be; c has 32 bits. */
export function account(a: u64, b: u64, c: u64): usize {
  const record = peekAccount(a, b, c);
  return record != 0 ? record : loadAccount(a, b, c);
}

export function accountAt(word: usize): usize {
  return account(load<u64>(word), load<u64>(word, 8), u64(load<u32>(word, 16)));
}

/** Puts the address into IO_ADDRESS. */
function exposeAddress(record: usize): void {
  store<u32>(IO_ADDRESS, bswap<u32>(load<u32>(record, 16)));
  store<u64>(IO_ADDRESS, bswap<u64>(load<u64>(record, 8)), 4);
  store<u64>(IO_ADDRESS, bswap<u64>(load<u64>(record)), 12);
}

// @ts-ignore: decorator
@inline
export function hasCode(record: usize): boolean {
  return !equal(record + A_HASH, EMPTY_HASH);
}

/** As EIP-161 has it: no nonce, no balance, no code. */
export function isEmpty(record: usize): boolean {
  return load<u64>(record, A_NONCE) == 0 && isZero(record + A_BALANCE) && !hasCode(record);
}

export function hasStorage(record: usize): boolean {
  for (let s = usize(load<u32>(record, A_STORAGE)); s != 0; s = usize(load<u32>(s, S_NEXT))) {
    if (!isZero(s + S_VALUE)) return true;
  }
  if ((load<u32>(record, A_FLAGS) & EXISTED) == 0) return false;
  exposeAddress(record);
  return hostHasStorage() != 0;
}

function note(kind: u32, at: usize): usize {
  const entry = undo;
  undo += UNDO_SIZE;
  if (undo > UNDO_END) unreachable();
  store<u32>(entry, kind);
  store<u32>(entry, u32(at), 4);
  return entry + 8;
}

export function setBalance(record: usize, word: usize): void {
  copyWord(note(UNDO_BALANCE, record), record + A_BALANCE);
  copyWord(record + A_BALANCE, word);
}

export function setNonce(record: usize, nonce: u64): void {
  store<u64>(note(UNDO_NONCE, record), load<u64>(record, A_NONCE));
  store<u64>(record, nonce, A_NONCE);
}

export function setCode(record: usize, hash: usize, code: usize, codeAge: u32): void {
  const old = note(UNDO_CODE, record);
  copyWord(old, record + A_HASH);
  store<u32>(old, load<u32>(record, A_CODE), 32);
  store<u32>(old, load<u32>(record, A_CODE_AGE), 36);
  copyWord(record + A_HASH, hash);
  store<u32>(record, u32(code), A_CODE);
  store<u32>(record, codeAge, A_CODE_AGE);
}

// @ts-ignore: decorator
@inline
export function isWarm(record: usize): boolean {
  return load<u32>(record, A_WARM) == age;
}

export function warm(record: usize): void {
  if (load<u32>(record, A_WARM) == age) return;
  note(UNDO_WARM_ACCOUNT, record);
  store<u32>(record, age, A_WARM);
}

export function warmSlot(slot: usize): void {
  if (load<u32>(slot, S_WARM) == age) return;
  note(UNDO_WARM_SLOT, slot);
  store<u32>(slot, age, S_WARM);
}

export function touch(record: usize): void {
  const flags = load<u32>(record, A_FLAGS);
  if ((flags & (EXISTED | TOUCHED)) != EXISTED) return;
  store<u32>(note(UNDO_FLAGS, record), flags);
  store<u32>(record, flags | TOUCHED, A_FLAGS);
}

export function markCreated(record: usize): void {
  store<u32>(note(UNDO_CREATED, record), load<u32>(record, A_CREATED));
  store<u32>(record, age, A_CREATED);
}

export function markDestroyed(record: usize): void {
  // One note an account: its slots are walked for each.
  if (load<u32>(record, A_DESTROYED) == age) return;
  store<u32>(note(UNDO_DESTROYED, record), load<u32>(record, A_DESTROYED));
  store<u32>(record, age, A_DESTROYED);
}

/** The record of an account's slot, 0 if nothing asked for it in this block. */
export function peekSlot(record: usize, word: usize): usize {
  let i = hashSlot(record, word) & slotMask;
  let slot: usize;
  while ((slot = usize(load<u32>(slotIndex + (usize(i) << 2)))) != 0) {
    if (load<u32>(slot, S_ACCOUNT) == u32(record) && equal(slot, word)) break;
    i = (i + 1) & slotMask;
  }
  return slot;
}

function indexSlot(slot: usize): void {
  let i = hashSlot(usize(load<u32>(slot, S_ACCOUNT)), slot) & slotMask;
  while (load<u32>(slotIndex + (usize(i) << 2)) != 0) i = (i + 1) & slotMask;
  store<u32>(slotIndex + (usize(i) << 2), u32(slot));
}

function loadSlot(record: usize, word: usize): usize {
  if ((++slotCount << 1) > slotMask) {
    slotMask = (slotMask << 1) | 1;
    slotIndex = newIndex(slotMask + 1);
    for (let r = firstAccount; r != 0; r = usize(load<u32>(r, A_NEXT))) {
      for (let s = usize(load<u32>(r, A_STORAGE)); s != 0; s = usize(load<u32>(s, S_NEXT))) indexSlot(s);
    }
  }
  const slot = allocate(S_SIZE);
  copyWord(slot, word);
  setSmall(slot + S_VALUE, 0);
  if (load<u32>(record, A_FLAGS) & EXISTED) {
    exposeAddress(record);
    toBytes(IO_SLOT, word);
    if (hostStorage()) toBytes(slot + S_VALUE, IO_VALUE);
  }
  copyWord(slot + S_FIRST, slot + S_VALUE);
  store<u32>(slot, u32(record), S_ACCOUNT);
  store<u32>(slot, 0, S_WARM);
  store<u32>(slot, 0, S_AGE);
  store<u32>(slot, load<u32>(record, A_STORAGE), S_NEXT);
  store<u32>(record, u32(slot), A_STORAGE);
  indexSlot(slot);
  return slot;
}

export function storageSlot(record: usize, word: usize): usize {
  const slot = peekSlot(record, word);
  return slot != 0 ? slot : loadSlot(record, word);
}

/** Makes S_ORIGINAL that of the running transaction. */
export function keepOriginal(slot: usize): void {
  if (load<u32>(slot, S_AGE) == age) return;
  copyWord(slot + S_ORIGINAL, slot + S_VALUE);
  store<u32>(slot, age, S_AGE);
}

export function setStorage(slot: usize, word: usize): void {
  copyWord(note(UNDO_STORAGE, slot), slot + S_VALUE);
  copyWord(slot + S_VALUE, word);
}

function indexTransient(cell: usize): void {
  let i = hashSlot(usize(load<u32>(cell, T_ACCOUNT)), cell) & transientMask;
  while (load<u32>(transientIndex + (usize(i) << 2)) != 0) i = (i + 1) & transientMask;
  store<u32>(transientIndex + (usize(i) << 2), u32(cell));
}

/** The transient cell of an account's slot (EIP-1153); 0 if it was never written and `make` is false. */
export function transient(record: usize, word: usize, make: boolean): usize {
  let i = hashSlot(record, word) & transientMask;
  for (;;) {
    const cell = usize(load<u32>(transientIndex + (usize(i) << 2)));
    if (cell == 0) break;
    if (load<u32>(cell, T_ACCOUNT) == u32(record) && equal(cell, word)) {
      if (load<u32>(cell, T_AGE) != age) {
        store<u32>(cell, age, T_AGE);
        setSmall(cell + T_VALUE, 0);
      }
      return cell;
    }
    i = (i + 1) & transientMask;
  }
  if (!make) return 0;
  if ((++transientCount << 1) > transientMask) {
    transientMask = (transientMask << 1) | 1;
    transientIndex = newIndex(transientMask + 1);
    for (let c = firstTransient; c != 0; c = usize(load<u32>(c, T_NEXT))) indexTransient(c);
  }
  const cell = allocate(T_SIZE);
  copyWord(cell + T_SLOT, word);
  setSmall(cell + T_VALUE, 0);
  store<u32>(cell, u32(record), T_ACCOUNT);
  store<u32>(cell, age, T_AGE);
  store<u32>(cell, u32(firstTransient), T_NEXT);
  firstTransient = cell;
  indexTransient(cell);
  return cell;
}

export function setTransient(cell: usize, word: usize): void {
  copyWord(note(UNDO_TRANSIENT, cell), cell + T_VALUE);
  copyWord(cell + T_VALUE, word);
}

/** Undoes everything after the checkpoint. */
export function revertTo(checkpoint: usize): void {
  while (undo > checkpoint) {
    undo -= UNDO_SIZE;
    const at = usize(load<u32>(undo, 4));
    const old = undo + 8;
    switch (load<u32>(undo)) {
      case UNDO_BALANCE:
        copyWord(at + A_BALANCE, old);
        break;
      case UNDO_NONCE:
        store<u64>(at, load<u64>(old), A_NONCE);
        break;
      case UNDO_CODE:
        copyWord(at + A_HASH, old);
        store<u32>(at, load<u32>(old, 32), A_CODE);
        store<u32>(at, load<u32>(old, 36), A_CODE_AGE);
        break;
      case UNDO_STORAGE:
        copyWord(at + S_VALUE, old);
        break;
      case UNDO_TRANSIENT:
        copyWord(at + T_VALUE, old);
        break;
      case UNDO_WARM_ACCOUNT:
        store<u32>(at, 0, A_WARM);
        break;
      case UNDO_WARM_SLOT:
        store<u32>(at, 0, S_WARM);
        break;
      case UNDO_FLAGS:
        store<u32>(at, load<u32>(old), A_FLAGS);
        break;
      case UNDO_CREATED:
        store<u32>(at, load<u32>(old), A_CREATED);
        break;
      default:
        store<u32>(at, load<u32>(old), A_DESTROYED);
    }
  }
}

/** Deletes the accounts that destroyed themselves in the transaction that created them (EIP-6780). */
export function deleteDestroyed(): void {
  // Every destruction left its note, and no revert can come any more.
  for (let entry = UNDO; entry < undo; entry += UNDO_SIZE) {
    if (load<u32>(entry) != UNDO_DESTROYED) continue;
    const record = usize(load<u32>(entry, 4));
    setSmall(record + A_BALANCE, 0);
    store<u64>(record, 0, A_NONCE);
    copyWord(record + A_HASH, EMPTY_HASH);
    store<u32>(record, 0, A_CODE_AGE);
    store<u32>(record, load<u32>(record, A_FLAGS) | TOUCHED, A_FLAGS);
    for (let s = usize(load<u32>(record, A_STORAGE)); s != 0; s = usize(load<u32>(s, S_NEXT))) {
      setSmall(s + S_VALUE, 0);
    }
  }
}
