// One transaction: validity, intrinsic gas, payment, authorizations, execution, refunds.
import { addCode, codeAge, codeOf, isDelegation, trimCodes } from "./code";
import {
  addRefund, COLLISION, collides, createAddress, lastGas, lastStatus, logCount, logEnd, MAX_INIT_CODE, openCreation,
  OSAKA, PRAGUE, refund, resetTransaction, resume, reserve, returnLength, runCall, SUCCESS,
} from "./interpreter";
import {
  A_BALANCE, A_FLAGS, A_NONCE, account, accountAt, deleteDestroyed, EXISTED, hasCode, isEmpty, nextAge, revertTo,
  setBalance, setCode, setNonce, storageSlot, touch, warm, warmSlot,
} from "./journal";
import { keccak256 } from "./keccak";
import {
  EMPTY_HASH, ENV_BASE_FEE, ENV_BLOB_BASE_FEE, ENV_CHAIN_ID, ENV_COINBASE, ENV_FORK, ENV_GAS_CAP, ENV_GAS_LIMIT,
  ENV_GAS_PRICE, ENV_ORIGIN, ENV_OWN_TERMS, HASH, PREIMAGE, RESULT_CREATED, RESULT_GAS_USED, RESULT_LOG_COUNT,
  RESULT_LOGS_END, RESULT_OUTPUT, RESULT_OUTPUT_LENGTH, RESULT_REFUND, RESULT_STATUS, RETURN, STACK_TOP, TX_ACCESS_COUNT,
  TX_ACCESS_LIST, TX_AUTHORIZATION_COUNT, TX_AUTHORIZATIONS, TX_BLOB_COUNT, TX_BLOB_FEE, TX_BLOBS, TX_CREATES, TX_DATA,
  TX_DATA_LENGTH, TX_END, TX_GAS_LIMIT, TX_MAX_FEE, TX_MODE, TX_NONCE, TX_PRIORITY_FEE, TX_SENDER, TX_TO, TX_TYPE,
  TX_VALUE, UNDO, WORD_A, WORD_B, WORD_C, WORD_D,
} from "./layout";
import { addCarry, copyWord, equal, fromBytes, isZero, less, mul, setSmall, setWord, subBorrow } from "./u256";

/** No fee, no nonce, no rule about the sender: a call from outside. */
const FREE: u32 = 1;
/** What a free call changes stays. */
const KEEP: u32 = 2;
/** No intrinsic gas either: a call by the protocol itself. */
const SYSTEM: u32 = 4;

const NONCE_LOW: i32 = 1;
const NONCE_HIGH: i32 = 2;
const NONCE_LAST: i32 = 3;
const SENDER_HAS_CODE: i32 = 4;
const INTRINSIC_GAS: i32 = 5;
const GAS_CAP: i32 = 6;
const FUNDS: i32 = 7;
const FEE_LOW: i32 = 8;
const PRIORITY_HIGH: i32 = 9;
const INIT_CODE: i32 = 10;
const BLOB_FEE: i32 = 11;
const NO_BLOBS: i32 = 12;
const MANY_BLOBS: i32 = 13;
const BLOB_VERSION: i32 = 14;
const NO_TARGET: i32 = 15;
const NO_AUTHORIZATIONS: i32 = 16;
const BLOCK_GAS: i32 = 17;
const TYPE: i32 = 18;

const AUTHORIZATION_SIZE: usize = 112;

let blockGas: u64 = 0;
let intrinsic: i64 = 0;
let floor: i64 = 0;

export function resetBlockGas(): void {
  blockGas = 0;
}

export function blockGasUsed(): u64 {
  return blockGas;
}

function countIntrinsic(): void {
  const data = usize(load<u32>(TX_DATA)), length = load<u32>(TX_DATA_LENGTH);
  let zeros: i64 = 0;
  for (let i: usize = 0; i < length; i++) zeros += i64(load<u8>(data + i) == 0);
  const others = i64(length) - zeros;
  let gas: i64 = 21000 + 4 * zeros + 16 * others;
  if (load<u32>(TX_CREATES)) gas += 32000 + 2 * i64((length + 31) >> 5);
  let entry = usize(load<u32>(TX_ACCESS_LIST));
  for (let i = load<u32>(TX_ACCESS_COUNT); i > 0; i--) {
    const slots = load<u32>(entry, 32);
    gas += 2400 + 1900 * i64(slots);
    entry += 40 + (usize(slots) << 5);
  }
  gas += 25000 * i64(load<u32>(TX_AUTHORIZATION_COUNT));
  intrinsic = gas;
  floor = load<u32>(ENV_FORK) >= PRAGUE ? 21000 + 10 * (zeros + 4 * others) : 0;
}

/** The rules that need no state. */
function checkForm(): i32 {
  const type = load<u32>(TX_TYPE), creates = load<u32>(TX_CREATES) != 0, fork = load<u32>(ENV_FORK);
  if (type > 4 || (type == 4 && fork < PRAGUE)) return TYPE;
  const gasLimit = load<u64>(TX_GAS_LIMIT);
  if (gasLimit > load<u64>(ENV_GAS_CAP)) return GAS_CAP;
  const room = load<u64>(ENV_GAS_LIMIT);
  if (gasLimit > room || blockGas > room - gasLimit) return BLOCK_GAS;
  if (creates && u64(load<u32>(TX_DATA_LENGTH)) > MAX_INIT_CODE) return INIT_CODE;
  if (!load<u32>(ENV_OWN_TERMS) && less(TX_MAX_FEE, ENV_BASE_FEE)) return FEE_LOW;
  if (less(TX_MAX_FEE, TX_PRIORITY_FEE)) return PRIORITY_HIGH;
  if (type >= 3 && creates) return NO_TARGET;
  if (type == 3) {
    const count = load<u32>(TX_BLOB_COUNT);
    if (count == 0) return NO_BLOBS;
    if (count > (fork == PRAGUE ? 9 : 6)) return MANY_BLOBS;
    for (let i: u32 = 0; i < count; i++) {
      if (load<u8>(load<u32>(TX_BLOBS) + (i << 5)) != 1) return BLOB_VERSION;
    }
    if (less(TX_BLOB_FEE, ENV_BLOB_BASE_FEE)) return BLOB_FEE;
  }
  if (type == 4 && load<u32>(TX_AUTHORIZATION_COUNT) == 0) return NO_AUTHORIZATIONS;
  return 0;
}

/** Adds amount * price to the word at `to`; whether that overflows. */
function addProduct(to: usize, amount: u64, price: usize): boolean {
  if (amount == 0) return false;
  if (load<u64>(price, 24) != 0) return true;
  setSmall(WORD_A, amount);
  mul(WORD_B, WORD_A, price);
  return addCarry(to, to, WORD_B) != 0;
}

function checkSender(sender: usize): i32 {
  const nonce = load<u64>(TX_NONCE), expected = load<u64>(sender, A_NONCE);
  if (nonce < expected) return NONCE_LOW;
  if (nonce > expected) return NONCE_HIGH;
  if (nonce == u64.MAX_VALUE) return NONCE_LAST;
  if (hasCode(sender) && !isDelegation(codeOf(sender))) return SENDER_HAS_CODE;
  copyWord(WORD_D, TX_VALUE);
  if (addProduct(WORD_D, load<u64>(TX_GAS_LIMIT), TX_MAX_FEE)) return FUNDS;
  if (addProduct(WORD_D, u64(load<u32>(TX_BLOB_COUNT)) << 17, TX_BLOB_FEE)) return FUNDS;
  return less(sender + A_BALANCE, WORD_D) ? FUNDS : 0;
}

function warmLists(sender: usize): void {
  warm(sender);
  warm(accountAt(ENV_COINBASE));
  let entry = usize(load<u32>(TX_ACCESS_LIST));
  for (let i = load<u32>(TX_ACCESS_COUNT); i > 0; i--) {
    fromBytes(WORD_D, entry);
    const record = accountAt(WORD_D);
    warm(record);
    const slots = load<u32>(entry, 32);
    entry += 40;
    for (let j: u32 = 0; j < slots; j++) {
      fromBytes(WORD_D, entry);
      warmSlot(storageSlot(record, WORD_D));
      entry += 32;
    }
  }
}

/** EIP-7702. Stays even when the transaction reverts. */
function authorize(): void {
  let tuple = usize(load<u32>(TX_AUTHORIZATIONS));
  for (let i = load<u32>(TX_AUTHORIZATION_COUNT); i > 0; i--, tuple += AUTHORIZATION_SIZE) {
    if (load<u64>(tuple, 72) == 0) continue;
    if (!isZero(tuple) && !equal(tuple, ENV_CHAIN_ID)) continue;
    const nonce = load<u64>(tuple, 64);
    if (nonce == u64.MAX_VALUE) continue;
    fromBytes(WORD_D, tuple + 80);
    const authority = accountAt(WORD_D);
    warm(authority);
    if (hasCode(authority) && !isDelegation(codeOf(authority))) continue;
    if (load<u64>(authority, A_NONCE) != nonce) continue;
    if (!isEmpty(authority) || load<u32>(authority, A_FLAGS) & EXISTED) addRefund(12500);
    fromBytes(WORD_D, tuple + 32);
    if (isZero(WORD_D)) {
      if (hasCode(authority)) setCode(authority, EMPTY_HASH, 0, codeAge);
    } else {
      store<u8>(PREIMAGE, 0xef);
      store<u16>(PREIMAGE, 1, 1);
      memory.copy(PREIMAGE + 3, tuple + 44, 20);
      keccak256(HASH, PREIMAGE, 23);
      const code = addCode(HASH, PREIMAGE, 23);
      setCode(authority, HASH, code, codeAge);
    }
    setNonce(authority, nonce + 1);
  }
}

function priceGas(free: boolean): void {
  if (free || load<u32>(ENV_OWN_TERMS)) {
    copyWord(ENV_GAS_PRICE, TX_MAX_FEE);
    return;
  }
  subBorrow(WORD_A, TX_MAX_FEE, ENV_BASE_FEE);
  addCarry(ENV_GAS_PRICE, less(WORD_A, TX_PRIORITY_FEE) ? WORD_A : TX_PRIORITY_FEE, ENV_BASE_FEE);
}

function credit(record: usize, amount: u64, price: usize): void {
  copyWord(WORD_C, record + A_BALANCE);
  addProduct(WORD_C, amount, price);
  setBalance(record, WORD_C);
}

/** The transaction at TX in the block at ENV: 0 with the outcome at RESULT, or why it is invalid. */
export function execute(): i32 {
  const mode = load<u32>(TX_MODE), free = (mode & FREE) != 0;
  trimCodes();
  nextAge();
  resetTransaction();
  countIntrinsic();
  if (mode & SYSTEM) {
    intrinsic = 0;
    floor = 0;
  }
  if (!free) {
    const fault = checkForm();
    if (fault != 0) return fault;
  }
  const gasLimit = load<u64>(TX_GAS_LIMIT);
  if (gasLimit > u64(i64.MAX_VALUE) || i64(gasLimit) < max(intrinsic, floor)) return INTRINSIC_GAS;
  const sender = accountAt(TX_SENDER);
  const fault = free ? (less(sender + A_BALANCE, TX_VALUE) ? FUNDS : 0) : checkSender(sender);
  if (fault != 0) return fault;

  const bottom = (usize(load<u32>(TX_END)) + 63) & ~63;
  reserve(bottom + 64);
  copyWord(ENV_ORIGIN, TX_SENDER);
  priceGas(free);
  const creates = load<u32>(TX_CREATES) != 0;
  const nonce = load<u64>(sender, A_NONCE);
  if (!free) {
    setSmall(WORD_D, 0);
    addProduct(WORD_D, gasLimit, ENV_GAS_PRICE);
    addProduct(WORD_D, u64(load<u32>(TX_BLOB_COUNT)) << 17, ENV_BLOB_BASE_FEE);
    subBorrow(WORD_C, sender + A_BALANCE, WORD_D);
    setBalance(sender, WORD_C);
  }
  if (creates || !free) setNonce(sender, nonce + 1);
  warmLists(sender);

  const gas = i64(gasLimit) - intrinsic;
  let status = SUCCESS;
  let gasLeft: i64 = 0;
  setSmall(RESULT_CREATED, 0);
  if (creates) {
    createAddress(sender, nonce, WORD_D);
    const record = accountAt(WORD_D);
    warm(record);
    copyWord(RESULT_CREATED, WORD_D);
    if (collides(record)) status = COLLISION;
    else {
      const data = usize(load<u32>(TX_DATA));
      openCreation(0xf0, gas, sender, record, TX_VALUE, data, load<u32>(TX_DATA_LENGTH), u32(STACK_TOP), bottom);
      resume();
      status = lastStatus;
      gasLeft = lastGas;
    }
  } else {
    authorize();
    const target = accountAt(TX_TO);
    warm(target);
    runCall(
      gas, sender, target, TX_VALUE, usize(load<u32>(TX_DATA)), load<u32>(TX_DATA_LENGTH), u32(STACK_TOP), bottom,
    );
    status = lastStatus;
    gasLeft = lastGas;
  }

  let used = i64(gasLimit) - gasLeft;
  const given = min(used / 5, refund);
  used = max(used - given, floor);
  if (!free) {
    credit(sender, gasLimit - u64(used), ENV_GAS_PRICE);
    const coinbase = accountAt(ENV_COINBASE);
    touch(coinbase);
    if (load<u32>(ENV_OWN_TERMS)) copyWord(WORD_D, ENV_GAS_PRICE);
    else subBorrow(WORD_D, ENV_GAS_PRICE, ENV_BASE_FEE);
    if (!isZero(WORD_D)) credit(coinbase, u64(used), WORD_D);
    blockGas += u64(used);
  }
  if (free && (mode & KEEP) == 0) revertTo(UNDO);
  else deleteDestroyed();

  store<i32>(RESULT_STATUS, status);
  store<u64>(RESULT_GAS_USED, u64(used));
  store<u64>(RESULT_REFUND, u64(given));
  store<u32>(RESULT_OUTPUT, u32(RETURN));
  store<u32>(RESULT_OUTPUT_LENGTH, creates && status == SUCCESS ? 0 : returnLength);
  store<u32>(RESULT_LOG_COUNT, logCount);
  store<u32>(RESULT_LOGS_END, u32(logEnd));
  return 0;
}
