import { concat } from "@tributary/protocol/bytes/bytes";
import { type RlpItem, rlpEncode } from "../rlp/encode.ts";
import { RlpReader } from "../rlp/reader.ts";
import type { TransactionType } from "../transaction/transaction.ts";
import { BloomBits } from "./bloom.ts";
import type { EthereumReceipt } from "./ethereum.ts";
import type { Log, Receipt } from "./receipt.ts";

function logItems(logs: readonly Log[]): RlpItem {
  return logs.map(({ address, topics, data }) => [address, topics, data]);
}

/** The consensus form (EIP-2718): what receiptsRoot is over. */
export function encodeReceipt(receipt: EthereumReceipt): Uint8Array {
  const outcome = receipt.stateRoot ?? receipt.status;
  const payload = rlpEncode([outcome, receipt.cumulativeGasUsed, receipt.logsBloom, logItems(receipt.logs)]);
  return receipt.type === 0 ? payload : concat(Uint8Array.of(receipt.type), payload);
}

/** The stored form of a block's receipts; blooms are recomputed from the logs. */
export function encodeStoredReceipts(receipts: readonly Receipt[]): Uint8Array {
  return rlpEncode(
    receipts.map((receipt) => [
      receipt.type,
      receipt.status,
      receipt.cumulativeGasUsed,
      receipt.gasUsed,
      receipt.contractAddress ?? new Uint8Array(0),
      logItems(receipt.logs),
    ]),
  );
}

function readLogs(reader: RlpReader): Log[] {
  const out: Log[] = [];
  const list = reader.list();
  while (list.more) {
    const item = list.list();
    const address = item.fixed(20);
    const topics: Uint8Array[] = [];
    const topicList = item.list();
    while (topicList.more) topics.push(topicList.fixed(32));
    out.push({ address, topics, data: item.bytes(Number.MAX_SAFE_INTEGER) });
  }
  return out;
}

function readType(reader: RlpReader): TransactionType {
  const type = reader.safe();
  if (type === 0 || type === 1 || type === 2 || type === 4) return type;
  reader.fail();
  return 0;
}

/** Undefined where the bytes are no stored receipts. */
export function decodeStoredReceipts(bytes: Uint8Array): Receipt[] | undefined {
  const bits = new BloomBits();
  const list = RlpReader.list(bytes);
  const out: Receipt[] = [];
  while (list.more) {
    const item = list.list();
    const type = readType(item);
    const status = item.safe() === 0 ? 0 : 1;
    const cumulativeGasUsed = item.safe();
    const gasUsed = item.safe();
    const contract = item.bytes(20);
    const logs = readLogs(item);
    if (!item.complete) item.fail();
    const contractAddress = contract.length === 0 ? undefined : contract;
    out.push({ type, status, cumulativeGasUsed, logsBloom: bits.of(logs), logs, gasUsed, contractAddress });
  }
  return list.complete ? out : undefined;
}
