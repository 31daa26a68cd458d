import { fromHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import type { Block } from "../block/block.ts";
import { buildBlock } from "../block/build-block.ts";
import { rlpEncode } from "../rlp/encode.ts";
import { EMPTY_CODE_HASH, encodeAccount, isEmptyAccount } from "../state/account.ts";
import { BucketSet } from "../state/bucket-set.ts";
import { accountKey, codeKey, isCommitted } from "../state/flat-key.ts";
import { PREDEPLOYS } from "./predeploys.ts";

/** Block 0 with the state that it commits to. */
export type Genesis = {
  readonly block: Block;
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly buckets: BucketSet;
};

function addressOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined || bytes.length !== 20) throw new TypeError(`${hex} is not an address`);
  return bytes;
}

function genesisState(parameters: GenesisParameters): ReadonlyMap<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  const balances = new Map<string, { readonly address: Uint8Array; balance: bigint }>();
  for (const { address, balance } of parameters.allocation) {
    const bytes = addressOf(address);
    const known = balances.get(accountKey(bytes));
    if (known === undefined) balances.set(accountKey(bytes), { address: bytes, balance });
    else known.balance += balance;
  }
  for (const [key, { balance }] of balances) {
    const account = { nonce: 0n, balance, codeHash: EMPTY_CODE_HASH };
    if (!isEmptyAccount(account)) values.set(key, encodeAccount(account));
  }
  for (const { address, code } of PREDEPLOYS) {
    const codeHash = keccak256(code);
    const balance = balances.get(accountKey(address))?.balance ?? 0n;
    values.set(accountKey(address), encodeAccount({ nonce: 1n, balance, codeHash }));
    values.set(codeKey(codeHash), code);
  }
  return values;
}

/**
 * The genesis block: a function of the parameters alone. Its mixHash binds those that no other field shows, so that
 * two chains never share a genesis hash.
 */
export function buildGenesis(parameters: GenesisParameters): Genesis {
  const values = genesisState(parameters);
  const changes = [...values]
    .filter(([key]) => isCommitted(key))
    .map(([key, after]) => ({ key, before: undefined, after }));
  const buckets = BucketSet.empty().apply(changes);
  const block = buildBlock({
    parentHash: new Uint8Array(32),
    number: 0,
    height: 0,
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
  return { block, values, buckets };
}
