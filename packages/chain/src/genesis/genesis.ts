import { setImmediate } from "node:timers/promises";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import type { Block } from "../block/block.ts";
import { buildBlock } from "../block/build-block.ts";
import { FIRST_RULES } from "../forks/fork.ts";
import { rlpEncode } from "../rlp/encode.ts";
import { EMPTY_CODE_HASH, encodeAccount, isEmptyAccount } from "../state/account.ts";
import { BucketSet, type Change } from "../state/bucket-set.ts";
import { ACCOUNT_PREFIX, accountKey, codeKey, isCommitted, storageKey } from "../state/flat-key.ts";
import { initialStorage } from "./initial-storage.ts";
import { PREDEPLOYS } from "./predeploys.ts";

/** Block 0 with the accumulators of the state that it commits to. */
export type Genesis = {
  readonly block: Block;
  readonly buckets: BucketSet;
};

export type StateEntry = readonly [key: string, value: Uint8Array];

/** The state of a genesis. Encoded as it is asked for: a million accounts are never in memory as bytes. */
export type GenesisEntries = {
  /** Every entry once. */
  readonly all: () => Iterable<StateEntry>;
  readonly get: (key: string) => Uint8Array | undefined;
};

/** Entries that are summed up in one turn: some 15 ms. */
const TURN_ENTRIES = 2_000;

/** TypeError for what is no address. */
export function addressOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined || bytes.length !== 20) throw new TypeError(`${hex} is not an address`);
  return bytes;
}

/** By account key; an address that is named more than once gets the sum. */
function balancesOf(parameters: GenesisParameters): ReadonlyMap<string, bigint> {
  const balances = new Map<string, bigint>();
  for (const { address, balance } of parameters.allocation) {
    const key = accountKey(addressOf(address));
    balances.set(key, (balances.get(key) ?? 0n) + balance);
  }
  return balances;
}

/** Nothing is computed before it is asked for: all accounts with the first of them. TypeError for what is no address. */
export function genesisEntries(parameters: GenesisParameters): GenesisEntries {
  const owner = addressOf(parameters.owner);
  let balances: ReadonlyMap<string, bigint> | undefined;
  const known = (): ReadonlyMap<string, bigint> => {
    balances ??= balancesOf(parameters);
    return balances;
  };
  const codes = new Map(PREDEPLOYS.map(({ address, code }) => [accountKey(address), code]));
  const others = new Map([...codeEntries(codes.values()), ...storageEntries(parameters, owner)]);
  const account = (key: string): Uint8Array | undefined => accountOf(known().get(key) ?? 0n, codes.get(key));
  return {
    *all() {
      for (const [key, balance] of known()) {
        const value = accountOf(balance, codes.get(key));
        if (value !== undefined) yield [key, value];
      }
      for (const [key, code] of codes) {
        const value = known().has(key) ? undefined : accountOf(0n, code);
        if (value !== undefined) yield [key, value];
      }
      yield* others;
    },
    get: (key) => (key.startsWith(ACCOUNT_PREFIX) ? account(key) : others.get(key)),
  };
}

/** Undefined for an empty one, which is not kept. */
function accountOf(balance: bigint, code: Uint8Array | undefined): Uint8Array | undefined {
  if (code !== undefined) return encodeAccount({ nonce: 1n, balance, codeHash: keccak256(code) });
  const account = { nonce: 0n, balance, codeHash: EMPTY_CODE_HASH };
  return isEmptyAccount(account) ? undefined : encodeAccount(account);
}

function* codeEntries(codes: Iterable<Uint8Array>): Iterable<StateEntry> {
  for (const code of codes) yield [codeKey(keccak256(code)), code];
}

function* storageEntries(parameters: GenesisParameters, owner: Uint8Array): Iterable<StateEntry> {
  for (const { address, slot, value } of initialStorage(parameters, owner)) {
    if (value.some((byte) => byte !== 0)) yield [storageKey(address, slot), withoutLeadingZeros(value)];
  }
}

function withoutLeadingZeros(value: Uint8Array): Uint8Array {
  return value.subarray(value.findIndex((byte) => byte !== 0));
}

function* turnsOf(entries: Iterable<StateEntry>): Iterable<readonly Change[]> {
  let turn: Change[] = [];
  for (const [key, after] of entries) {
    if (isCommitted(key)) turn.push({ key, before: undefined, after });
    if (turn.length < TURN_ENTRIES) continue;
    yield turn;
    turn = [];
  }
  yield turn;
}

/**
 * The genesis block: a function of the parameters alone. Its mixHash binds those that no other field shows, so that
 * two chains never share a genesis hash. About 8 us an account; nothing else runs meanwhile: see `buildGenesisInTurns`.
 * TypeError for what is no address.
 */
export function buildGenesis(parameters: GenesisParameters): Genesis {
  const adder = BucketSet.empty().adder(false);
  for (const turn of turnsOf(genesisEntries(parameters).all())) adder.add(turn);
  return genesisOf(parameters, adder.finish());
}

/** As `buildGenesis`; lets other work have its turn, so that a large genesis does not stop the other chains of a node. */
export async function buildGenesisInTurns(parameters: GenesisParameters): Promise<Genesis> {
  const adder = BucketSet.empty().adder(false);
  for (const turn of turnsOf(genesisEntries(parameters).all())) {
    adder.add(turn);
    await setImmediate();
  }
  return genesisOf(parameters, adder.finish());
}

function genesisOf(parameters: GenesisParameters, buckets: BucketSet): Genesis {
  const block = buildBlock({
    parentHash: new Uint8Array(32),
    number: 0,
    height: 0,
    rules: FIRST_RULES,
    time: parameters.timestamp * 1000,
    gasLimit: parameters.gasLimit,
    mixHash: keccak256(
      rlpEncode([
        parameters.chainId,
        new TextEncoder().encode(parameters.name),
        addressOf(parameters.owner),
        parameters.timestamp,
        parameters.gasLimit,
        parameters.byteLimit,
      ]),
    ),
    parentBeaconBlockRoot: new Uint8Array(32),
    stateRoot: buckets.root,
    transactions: [],
    transactionHashes: [],
    receipts: [],
  });
  return { block, buckets };
}
