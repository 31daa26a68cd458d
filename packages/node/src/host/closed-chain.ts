import type { ChainReader, SubmitResult } from "@tributary/chain";
import { ChainError } from "@tributary/chain/chain-error";

/** Why the chain takes no transactions here just now; undefined where it does. */
export type Closed = "disk quota" | "no seat" | "diverged" | undefined;

const refusals: Readonly<Record<NonNullable<Closed>, string>> = {
  "disk quota": "txpool is full: the chain's disk quota on this node is used up",
  "no seat": "txpool is full: this node has no seat in the chain's committee, send to one that has",
  diverged: "txpool is full: this member's state is not the chain's, send to another one",
};

/** What is answered from the state; blocks, receipts and logs were certified as they are stored. */
const ofState: ReadonlySet<string | symbol> = new Set<keyof ChainReader>([
  "balance",
  "nonce",
  "pendingNonce",
  "code",
  "storage",
  "call",
  "estimateGas",
  "replay",
  "simulate",
]);

/**
 * The chain as clients see it: takes no new transactions while its disk quota is used up, nor where this node only
 * follows and may be gone tomorrow. What the committee agreed upon is stored all the same, since a member that stops
 * storing is no member. A state that is not the chain's answers nothing: a wrong balance looks like any other.
 */
export function closedChain(chain: ChainReader, closed: () => Closed): ChainReader {
  const submit = (raw: Uint8Array): Promise<SubmitResult> => {
    const why = closed();
    if (why === undefined) return chain.submit(raw);
    return Promise.resolve({ kind: "rejected", rejection: { code: "pool-full", message: refusals[why] } });
  };
  return new Proxy(chain, {
    get(target, name) {
      if (name === "submit") return submit;
      if (ofState.has(name) && closed() === "diverged") throw notTheChains();
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The answer in place of what would be read from a state that diverged. */
export function notTheChains(): ChainError {
  return new ChainError(
    "state-pruned",
    "this member's state is not the chain's and is being replaced: ask another one",
  );
}
