import { type Address, type Hex, numberToHex } from "viem";
import { count, fieldsOf, hash, headerOf } from "../rpc/decode.ts";
import type { RpcClient } from "../rpc/rpc-client.ts";
import type { Settlement } from "../store/records.ts";

const BLOCKS_A_BATCH = 8;
/** Blocks looked at in one call; the rest waits for the next one. */
const MOST_BLOCKS = 256;

export type Scan = { readonly scannedTo: number; readonly spender: Settlement | undefined };

function spenderIn(block: unknown, signer: Address, nonce: number): Settlement | undefined {
  const header = headerOf(block);
  const list = fieldsOf(block)?.["transactions"];
  if (header === undefined || !Array.isArray(list)) return undefined;
  for (const item of list) {
    const fields = fieldsOf(item);
    const from = fields?.["from"];
    if (typeof from !== "string" || from.toLowerCase() !== signer.toLowerCase()) continue;
    const id: Hex | undefined = hash(fields?.["hash"]);
    if (count(fields?.["nonce"]) === nonce && id !== undefined) {
      return { hash: id, blockNumber: header.number, blockHash: header.hash };
    }
  }
  return undefined;
}

/**
 * Which transaction spent this nonce, read from the blocks `from` to `to`: that no receipt was found proves nothing, as
 * a node may not have it yet, and the job would be sent a second time.
 */
export async function findSpender(
  rpc: RpcClient,
  signer: Address,
  nonce: number,
  from: number,
  to: number,
): Promise<Scan> {
  let next = from;
  while (next <= to && next < from + MOST_BLOCKS) {
    const numbers = Array.from({ length: Math.min(BLOCKS_A_BATCH, to - next + 1) }, (_, index) => next + index);
    const answers = await rpc.batch(
      numbers.map((number) => ({ method: "eth_getBlockByNumber", params: [numberToHex(number), true] })),
    );
    for (const [index, answer] of answers.entries()) {
      if (!answer.ok || headerOf(answer.result)?.number !== numbers[index])
        return { scannedTo: next, spender: undefined };
      const spender = spenderIn(answer.result, signer, nonce);
      if (spender !== undefined) return { scannedTo: next, spender };
      next++;
    }
  }
  return { scannedTo: next, spender: undefined };
}
