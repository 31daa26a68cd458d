import { readFileSync } from "node:fs";
import type { AccessListEntry, BlockEnv, Fork, Transaction } from "@tributary/evm/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { addressOfSecretKey } from "@tributary/protocol/crypto/secp256k1";
import { type AuthorizationJson, authorization } from "./authorization.ts";
import { bytes, number, padded } from "./json-values.ts";
import { PreState } from "./pre-state.ts";

/** Names that fixtures give the upgrades, by ours. */
export const forks: Readonly<Record<string, Fork>> = { Cancun: "cancun", Prague: "prague", Osaka: "osaka" };

/** Upgrades before Cancun: their rules are not ours, and their results in a file are not looked at. */
const before: ReadonlySet<string> = new Set([
  ...["Frontier", "Homestead", "EIP150", "EIP158", "Byzantium", "Constantinople", "ConstantinopleFix", "Istanbul"],
  ...["MuirGlacier", "Berlin", "London", "ArrowGlacier", "GrayGlacier", "Merge", "Paris", "Shanghai"],
]);

type AccountJson = { balance: string; nonce: string; code: string; storage: Record<string, string> };

type TransactionJson = {
  data: string[];
  gasLimit: string[];
  value: string[];
  nonce: string;
  to?: string;
  secretKey: string;
  sender?: string;
  gasPrice?: string;
  maxFeePerGas?: string;
  maxPriorityFeePerGas?: string;
  maxFeePerBlobGas?: string;
  blobVersionedHashes?: string[];
  accessLists?: ({ address: string; storageKeys: string[] }[] | null)[];
  authorizationList?: AuthorizationJson[];
};

type PostJson = {
  hash: string;
  logs: string;
  txbytes?: string;
  indexes: { data: number; gas: number; value: number };
  expectException?: string;
};

type BlobScheduleJson = { baseFeeUpdateFraction: string };

type TestJson = {
  env: Record<string, string>;
  pre: Record<string, AccountJson>;
  transaction: TransactionJson;
  post: Record<string, PostJson[]>;
  config?: { chainid?: string; blobSchedule?: Record<string, BlobScheduleJson> };
};

/** One execution with its expected outcome. */
export type StateTestCase = {
  readonly file: string;
  readonly test: string;
  readonly forkName: string;
  /** Undefined for an upgrade that we do not know. */
  readonly fork: Fork | undefined;
  readonly indexes: { readonly data: number; readonly gas: number; readonly value: number };
  readonly pre: PreState;
  readonly block: () => BlockEnv;
  readonly transaction: () => Transaction;
  readonly root: Uint8Array;
  readonly logs: Uint8Array;
  /** Why the transaction must be refused; undefined where it must be executed. */
  readonly exception: string | undefined;
};

const defaultFractions: Readonly<Record<Fork, bigint>> = { cancun: 3338477n, prague: 5007716n, osaka: 5007716n };

/** EIP-7825. */
const osakaGasCap = 1n << 24n;

/** EIP-4844: about e ^ (excess / fraction) by its series, in whole numbers. */
export function blobBaseFee(excess: bigint, fraction: bigint): bigint {
  let sum = 0n;
  let term = fraction;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    term = (term * excess) / (fraction * i);
  }
  return sum / fraction;
}

function blockOf(test: TestJson, forkName: string, fork: Fork): BlockEnv {
  const { env, config } = test;
  const fraction = config?.blobSchedule?.[forkName]?.baseFeeUpdateFraction;
  return {
    fork,
    chainId: number(config?.chainid ?? "0x1"),
    number: number(env["currentNumber"]),
    timestamp: number(env["currentTimestamp"]),
    coinbase: bytes(env["currentCoinbase"]),
    gasLimit: number(env["currentGasLimit"]),
    baseFee: number(env["currentBaseFee"] ?? "0xa"),
    prevRandao: padded(env["currentRandom"] ?? env["currentDifficulty"]),
    blobBaseFee: blobBaseFee(
      number(env["currentExcessBlobGas"]),
      fraction === undefined ? defaultFractions[fork] : number(fraction),
    ),
    transactionGasCap: fork === "osaka" ? osakaGasCap : undefined,
  };
}

/** The encoded transaction says it; one that could not be encoded has no type but the fields'. */
function typeOf(json: TransactionJson, post: PostJson): Transaction["type"] {
  const first = bytes(post.txbytes)[0];
  if (first !== undefined) return first > 0x7f ? 0 : (first as Transaction["type"]);
  if (json.authorizationList) return 4;
  if (json.blobVersionedHashes) return 3;
  if (json.maxFeePerGas !== undefined) return 2;
  return json.accessLists ? 1 : 0;
}

function transactionOf(json: TransactionJson, post: PostJson): Transaction {
  const { data, gas, value } = post.indexes;
  const sender = addressOfSecretKey(padded(json.secretKey));
  if (!sender) throw new Error("the secret key of the sender is none");
  const accessList: AccessListEntry[] = (json.accessLists?.[data] ?? []).map(({ address, storageKeys }) => ({
    address: bytes(address),
    storageKeys: storageKeys.map(padded),
  }));
  return {
    type: typeOf(json, post),
    sender,
    to: json.to ? bytes(json.to) : undefined,
    nonce: number(json.nonce),
    gasLimit: number(json.gasLimit[gas]),
    maxFeePerGas: number(json.maxFeePerGas ?? json.gasPrice),
    maxPriorityFeePerGas: number(json.maxPriorityFeePerGas ?? json.gasPrice),
    value: number(json.value[value]),
    data: bytes(json.data[data]),
    accessList,
    blobHashes: (json.blobVersionedHashes ?? []).map(padded),
    maxFeePerBlobGas: number(json.maxFeePerBlobGas),
    authorizations: (json.authorizationList ?? []).map(authorization),
  };
}

function preState(accounts: Record<string, AccountJson>): PreState {
  const state = new PreState();
  for (const [address, { nonce, balance, code, storage }] of Object.entries(accounts)) {
    const codeBytes = bytes(code);
    const codeHash = keccak256(codeBytes);
    state.putCode(codeHash, codeBytes);
    state.putAccount(bytes(address), { nonce: number(nonce), balance: number(balance), codeHash });
    for (const [slot, value] of Object.entries(storage)) state.putStorage(bytes(address), padded(slot), padded(value));
  }
  return state;
}

/** All cases of a file from Cancun on, those of upgrades that we do not know too. Throws where it is no state test. */
export function* readStateTests(file: string, only?: string): Generator<StateTestCase> {
  const tests = JSON.parse(readFileSync(file, "utf8")) as Record<string, TestJson>;
  for (const [test, json] of Object.entries(tests)) {
    const names = Object.keys(json.post).filter((name) => !before.has(name) && (only === undefined || name === only));
    if (names.length === 0) continue;
    const pre = preState(json.pre);
    for (const forkName of names) {
      const fork = forks[forkName];
      for (const post of json.post[forkName] ?? []) {
        yield {
          file,
          test,
          forkName,
          fork,
          indexes: post.indexes,
          pre,
          block: () => blockOf(json, forkName, fork ?? "osaka"),
          transaction: () => transactionOf(json.transaction, post),
          root: bytes(post.hash),
          logs: bytes(post.logs),
          exception: post.expectException,
        };
      }
    }
  }
}

/** The codes in a file's states. */
export function readCodes(file: string): Uint8Array[] {
  const tests = JSON.parse(readFileSync(file, "utf8")) as Record<string, TestJson>;
  return Object.values(tests).flatMap(({ pre }) => Object.values(pre).map(({ code }) => bytes(code)));
}
