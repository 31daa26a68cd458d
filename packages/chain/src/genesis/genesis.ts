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
import { accountKey, codeKey, isCommitted, storageKey } from "../state/flat-key.ts";
import { initialStorage } from "./initial-storage.ts";
import { PREDEPLOYS } from "./predeploys.ts";

/** Block 0 with the state that it commits to. */
export type Genesis = {
  readonly block: Block;
  /** Every entry of the state once. Encoded as they are asked for: a million accounts are never in memory as bytes. */
  readonly entries: () => Iterable<StateEntry>;
  readonly buckets: BucketSet;
};

export type StateEntry = readonly [key: string, value: Uint8Array];

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

function* stateEntries(parameters: GenesisParameters, balances: ReadonlyMap<string, bigint>): Iterable<StateEntry> {
  const predeployed = new Set(PREDEPLOYS.map(({ address }) => accountKey(address)));
  for (const [key, balance] of balances) {
    const account = { nonce: 0n, balance, codeHash: EMPTY_CODE_HASH };
    if (!isEmptyAccount(account) && !predeployed.has(key)) yield [key, encodeAccount(account)];
  }
  for (const { address, code } of PREDEPLOYS) {
    const codeHash = keccak256(code);
    const balance = balances.get(accountKey(address)) ?? 0n;
    yield [accountKey(address), encodeAccount({ nonce: 1n, balance, codeHash })];
    yield [codeKey(codeHash), code];
  }
  for (const { address, slot, value } of initialStorage(parameters, addressOf(parameters.owner))) {
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
  const balances = balancesOf(parameters);
  const entries = (): Iterable<StateEntry> => stateEntries(parameters, balances);
  const adder = BucketSet.empty().adder();
  for (const turn of turnsOf(entries())) adder.add(turn);
  return genesisOf(parameters, entries, adder.finish());
}

/** As `buildGenesis`; lets other work have its turn, so that a large genesis does not stop the other chains of a node. */
export async function buildGenesisInTurns(parameters: GenesisParameters): Promise<Genesis> {
  const balances = balancesOf(parameters);
  const entries = (): Iterable<StateEntry> => stateEntries(parameters, balances);
  const adder = BucketSet.empty().adder();
  for (const turn of turnsOf(entries())) {
    adder.add(turn);
    await setImmediate();
  }
  return genesisOf(parameters, entries, adder.finish());
}

function genesisOf(parameters: GenesisParameters, entries: Genesis["entries"], buckets: BucketSet): Genesis {
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
  return { block, entries, buckets };
}
