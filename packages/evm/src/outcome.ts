import type { Machine } from "./machine.ts";
import { bytesOfWord } from "./memory-codec.ts";
import { layout } from "./memory-layout.ts";
import type { Executed, Halt, Log } from "./types.ts";

/** By the module's status codes from 2 on. */
const halts: readonly Halt[] = [
  "out of gas",
  "invalid opcode",
  "stack underflow",
  "stack overflow",
  "invalid jump",
  "static state change",
  "return data out of bounds",
  "insufficient balance",
  "call depth",
  "contract collision",
  "invalid code",
  "code size",
  "init code size",
  "nonce overflow",
  "precompile",
  "forbidden",
];

function readLogs(bytes: Uint8Array, view: DataView, count: number): Log[] {
  const logs: Log[] = [];
  let at: number = layout.LOGS;
  for (let i = 0; i < count; i++) {
    const topicCount = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    const address = bytes.slice(at + 12, at + 32);
    at += 32;
    const topics: Uint8Array[] = [];
    for (let t = 0; t < topicCount; t++, at += 32) topics.push(bytes.slice(at, at + 32));
    logs.push({ address, topics, data: bytes.slice(at, at + length) });
    at += (length + 7) & ~7;
  }
  return logs;
}

/** The outcome of the transaction that the machine has just executed. */
export function readOutcome(machine: Machine, creates: boolean): Executed {
  const { bytes, view } = machine;
  const status = view.getUint32(layout.RESULT_STATUS, true);
  const output = view.getUint32(layout.RESULT_OUTPUT, true);
  const outputLength = view.getUint32(layout.RESULT_OUTPUT_LENGTH, true);
  return {
    kind: "executed",
    status: status === 0 ? "success" : status === 1 ? "revert" : "halt",
    halt: halts[status - 2],
    gasUsed: view.getBigUint64(layout.RESULT_GAS_USED, true),
    refund: view.getBigUint64(layout.RESULT_REFUND, true),
    output: bytes.slice(output, output + outputLength),
    logs: readLogs(bytes, view, view.getUint32(layout.RESULT_LOG_COUNT, true)),
    created: creates && status === 0 ? bytesOfWord(bytes, layout.RESULT_CREATED, 20) : undefined,
  };
}
