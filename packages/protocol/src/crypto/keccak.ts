import { INPUT_AT, INPUT_BLOCKS, keccakModule, RATE, STATE_AT } from "./keccak-module.ts";

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(keccakModule()));
const absorb = exports["absorb"] as (at: number, blocks: number) => void;
const memory = new Uint8Array((exports["memory"] as WebAssembly.Memory).buffer);
const state = memory.subarray(STATE_AT, STATE_AT + 200);
const input = memory.subarray(INPUT_AT, INPUT_AT + INPUT_BLOCKS * RATE);

/** keccak256, 32 bytes. */
export function keccak256(data: Uint8Array): Uint8Array {
  state.fill(0);
  let at = 0;
  for (; data.length - at >= input.length; at += input.length) {
    input.set(data.subarray(at, at + input.length));
    absorb(INPUT_AT, INPUT_BLOCKS);
  }
  const rest = data.length - at;
  const blocks = Math.floor(rest / RATE) + 1;
  input.set(at === 0 ? data : data.subarray(at));
  input.fill(0, rest, blocks * RATE);
  input[rest] = 0x01;
  input[blocks * RATE - 1] = (input[blocks * RATE - 1] ?? 0) | 0x80;
  absorb(INPUT_AT, blocks);
  return memory.slice(STATE_AT, STATE_AT + 32);
}
