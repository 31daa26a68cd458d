import { toBigInt } from "@tributary/protocol/bytes/bytes";
import { parseBlockParam, requireBlock } from "../block-param.ts";
import { data, kindOf, type Parsed, parseAddress, parseSlot, quantity } from "../hex.ts";
import type { Method } from "../method.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";

/** Slots of one request: each is a path through a trie. */
const MAX_PROVEN_SLOTS = 1_024;
/** Units of budget for a path. */
const UNITS_PER_PROOF = 10;

/** A rented chain refuses: its state is flat, and no Merkle-Patricia trie stands behind the root. */
export const ethGetProof: Method = {
  name: "eth_getProof",
  async run(params, context) {
    const { chain } = context;
    if (chain.ethereum === undefined) refuse();
    const address = params.next(parseAddress);
    const slots = params.next(parseSlots);
    const id = params.nextOr(parseBlockParam, "latest");
    params.end();
    context.charge(UNITS_PER_PROOF * (1 + slots.length));
    const { number } = requireBlock(chain, id).header;
    const values = slots.map(({ value }) => value);
    const proof = await chain.ethereum.proof(address, values, number);
    return {
      ...{ address: data(address), accountProof: proof.nodes.map(data), balance: quantity(proof.balance) },
      ...{ codeHash: data(proof.codeHash), nonce: quantity(proof.nonce), storageHash: data(proof.storageHash) },
      storageProof: proof.slots.map(({ value, nodes }, index) => ({
        key: slots[index]?.name,
        value: quantity(value),
        proof: nodes.map(data),
      })),
    };
  },
};

function refuse(): never {
  throw new RpcError(
    RPC_CODE.notSupported,
    "method not supported: the state of this chain is no Merkle-Patricia trie, so there are no account proofs " +
      "(eth_capabilities: stateproofs); tributary_getProof proves accounts and storage in a form of their own, tributary_getFinality blocks",
  );
}

/** As geth names it: 32 bytes stay what they are, anything shorter is a quantity. */
function slotName(text: string, slot: Uint8Array): string {
  return text.length === 66 ? data(slot) : quantity(toBigInt(slot));
}

function parseSlots(value: unknown): Parsed<readonly { readonly name: string; readonly value: Uint8Array }[]> {
  if (!Array.isArray(value)) return { reason: `want an array of slots, got ${kindOf(value)}` };
  if (value.length > MAX_PROVEN_SLOTS) return { reason: `at most ${MAX_PROVEN_SLOTS} slots` };
  const out: { readonly name: string; readonly value: Uint8Array }[] = [];
  for (const item of value) {
    const slot = parseSlot(item);
    if ("reason" in slot) return slot;
    out.push({ name: slotName(String(item), slot.value), value: slot.value });
  }
  return { value: out };
}
