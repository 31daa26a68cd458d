import type { BuildRequest, EthereumBlock, Withdrawal } from "@tributary/chain";
import { FieldReader } from "../field-reader.ts";
import {
  data,
  kindOf,
  type Parsed,
  parseAddress,
  parseData,
  parseHash,
  parseIndex,
  parseQuantity,
  quantity,
} from "../hex.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";
import { withdrawalShape } from "../shape/block.ts";

/** Bytes of `extraData` in a block of today. */
const MAX_EXTRA_DATA = 32;
/** Transactions or withdrawals of one request. */
const MAX_ITEMS = 10_000;
/** Units of budget for a block beside its gas. */
const UNITS = 100;

type Attributes = Omit<BuildRequest, "parentHash" | "transactions" | "extraData">;

/** A block that an imported Ethereum would make, for tests of clients. A rented chain's blocks are made by its committee. */
export const testingBuildBlockV1: Method = {
  name: "testing_buildBlockV1",
  async run(params, context) {
    const { ethereum } = context.chain;
    if (ethereum === undefined) {
      throw new RpcError(RPC_CODE.methodNotFound, "the method testing_buildBlockV1 does not exist/is not available");
    }
    const parentHash = params.next(parseHash);
    const attributes = params.next(parseAttributes);
    const transactions = params.nextOr(parseTransactions, undefined);
    const extraData = params.nextOr(parseExtraData, new Uint8Array(0));
    params.end();
    context.charge(UNITS);
    const built = await ethereum.build({
      ...{ ...attributes, parentHash, extraData },
      ...(transactions === undefined ? {} : { transactions }),
    });
    if (built.kind === "refused") throw new RpcError(RPC_CODE.server, built.reason);
    return {
      executionPayload: payloadShape(built.block),
      blockValue: quantity(built.value),
      // Blobs are checked when a transaction comes in, and not kept.
      blobsBundle: { commitments: [], proofs: [], blobs: [] },
      executionRequests: built.requests.map(data),
      shouldOverrideBuilder: false,
    };
  },
};

/** The engine API's ExecutionPayloadV3. */
function payloadShape({ header, hash, transactions, withdrawals = [] }: EthereumBlock): Record<string, unknown> {
  return {
    parentHash: data(header.parentHash),
    feeRecipient: data(header.beneficiary),
    stateRoot: data(header.stateRoot),
    receiptsRoot: data(header.receiptsRoot),
    logsBloom: data(header.logsBloom),
    prevRandao: data(header.mixHash),
    blockNumber: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: data(header.extraData),
    baseFeePerGas: quantity(header.baseFeePerGas ?? 0n),
    blockHash: data(hash),
    transactions: transactions.map(data),
    withdrawals: withdrawals.map(withdrawalShape),
    blobGasUsed: quantity(header.blobGasUsed ?? 0n),
    excessBlobGas: quantity(header.excessBlobGas ?? 0n),
  };
}

function parseAttributes(value: unknown): Parsed<Attributes> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { reason: `want payload attributes, got ${kindOf(value)}` };
  }
  const reader = new FieldReader(value as Readonly<Record<string, unknown>>);
  const timestamp = reader.read("timestamp", parseIndex);
  const prevRandao = reader.read("prevRandao", parseHash);
  const feeRecipient = reader.read("suggestedFeeRecipient", parseAddress);
  const parentBeaconBlockRoot = reader.read("parentBeaconBlockRoot", parseHash);
  const withdrawals = reader.read("withdrawals", (items) => parseItems(items, parseWithdrawal)) ?? [];
  if (reader.reason !== undefined) return { reason: reader.reason };
  if (timestamp === undefined || prevRandao === undefined || feeRecipient === undefined) {
    return { reason: "want timestamp, prevRandao and suggestedFeeRecipient" };
  }
  if (parentBeaconBlockRoot === undefined) return { reason: "want parentBeaconBlockRoot" };
  return { value: { timestamp, prevRandao, feeRecipient, parentBeaconBlockRoot, withdrawals } };
}

function parseWithdrawal(value: unknown): Parsed<Withdrawal> {
  const reader = new FieldReader((value ?? {}) as Readonly<Record<string, unknown>>);
  const index = reader.read("index", (field) => parseQuantity(field, 64));
  const validatorIndex = reader.read("validatorIndex", (field) => parseQuantity(field, 64));
  const address = reader.read("address", parseAddress);
  const amount = reader.read("amount", (field) => parseQuantity(field, 64));
  if (reader.reason !== undefined) return { reason: reader.reason };
  if (index === undefined || validatorIndex === undefined || address === undefined || amount === undefined) {
    return { reason: "want index, validatorIndex, address and amount" };
  }
  return { value: { index, validatorIndex, address, amount } };
}

function parseTransactions(value: unknown): Parsed<readonly Uint8Array[]> {
  return parseItems(value, parseData);
}

function parseExtraData(value: unknown): Parsed<Uint8Array> {
  const parsed = parseData(value);
  if ("reason" in parsed || parsed.value.length <= MAX_EXTRA_DATA) return parsed;
  return { reason: `extraData longer than ${MAX_EXTRA_DATA} bytes` };
}

function parseItems<T>(value: unknown, parse: (item: unknown) => Parsed<T>): Parsed<readonly T[]> {
  if (!Array.isArray(value)) return { reason: `want an array, got ${kindOf(value)}` };
  if (value.length > MAX_ITEMS) return { reason: `at most ${MAX_ITEMS} items` };
  const out: T[] = [];
  for (const item of value) {
    const parsed = parse(item);
    if ("reason" in parsed) return parsed;
    out.push(parsed.value);
  }
  return { value: out };
}
