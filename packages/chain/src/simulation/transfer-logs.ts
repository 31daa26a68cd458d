import type { CallFrame } from "@tributary/evm/tracers/call-tracer";
import { fromHex } from "@tributary/protocol/bytes/hex";
import type { Log } from "../block/receipt.ts";

/** Whose log a moved coin is (ERC-7528). */
const COIN_ADDRESS = new Uint8Array(20).fill(0xee);
/** keccak256 of Transfer(address,address,uint256). */
const TRANSFER_TOPIC = bytes("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/** A transaction's logs, with one for each time that coins moved, in the order of execution. */
export function logsWithTransfers(frame: CallFrame): Log[] {
  // What failed moved nothing and logged nothing.
  if (frame.error !== undefined) return [];
  const out: Log[] = [];
  const transfer = transferLog(frame);
  if (transfer !== undefined) out.push(transfer);
  const calls = frame.calls ?? [];
  let next = 0;
  for (const { address, topics, data, position } of frame.logs ?? []) {
    for (; next < Number(position); next++) append(out, calls[next]);
    out.push({ address: bytes(address), topics: topics.map(bytes), data: bytes(data) });
  }
  for (; next < calls.length; next++) append(out, calls[next]);
  return out;
}

/** How many logs there were with those that a failure undid: geth gives them indexes too. */
export function countLogs(frame: CallFrame): number {
  const transfer = transferLog(frame) === undefined ? 0 : 1;
  return (frame.calls ?? []).reduce((sum, call) => sum + countLogs(call), transfer + (frame.logs?.length ?? 0));
}

/** The log of the coins that the call itself moves. */
function transferLog({ type, value = "0x0", from, to }: CallFrame): Log | undefined {
  if (type === "DELEGATECALL" || BigInt(value) === 0n || to === undefined) return undefined;
  return { address: COIN_ADDRESS, topics: [TRANSFER_TOPIC, word(from), word(to)], data: word(value) };
}

function append(out: Log[], frame: CallFrame | undefined): void {
  if (frame !== undefined) for (const log of logsWithTransfers(frame)) out.push(log);
}

function word(hex: string): Uint8Array {
  return bytes(`0x${hex.slice(2).padStart(64, "0")}`);
}

function bytes(hex: string): Uint8Array {
  const out = fromHex(hex);
  if (out === undefined) throw new TypeError(`${hex} is not hexadecimal`);
  return out;
}
