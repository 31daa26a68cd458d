import type { ChainReader, SubmitResult } from "@tributary/chain";

const full: SubmitResult = {
  kind: "rejected",
  rejection: { code: "pool-full", message: "txpool is full: the chain's disk quota on this node is used up" },
};

/**
 * The chain as clients see it: takes no new transactions while its disk quota is used up. What the committee agreed upon
 * is stored all the same, since a member that stops storing is no member.
 */
export function quotaChain(chain: ChainReader, usedUp: () => boolean): ChainReader {
  const submit = (raw: Uint8Array): Promise<SubmitResult> => (usedUp() ? Promise.resolve(full) : chain.submit(raw));
  return new Proxy(chain, {
    get(target, name) {
      if (name === "submit") return submit;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
