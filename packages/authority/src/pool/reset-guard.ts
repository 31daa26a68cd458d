import type { Address } from "viem";
import { PoolError } from "../pool-error.ts";
import { count } from "../rpc/decode.ts";
import { type RpcClient, RpcUnreachable } from "../rpc/rpc-client.ts";
import { putMeta } from "../store/changes.ts";
import type { JobStore } from "../store/job-store.ts";
import { type ChainView, genesisHash } from "./chain-view.ts";
import type { Ledger } from "./ledger.ts";
import type { Alert } from "./options.ts";
import type { SignerStream } from "./signer-stream.ts";
import type { Slot } from "./slot.ts";

export type ResetPorts = {
  readonly ledger: Ledger;
  readonly rpc: RpcClient;
  readonly chain: ChainView;
  readonly store: JobStore;
  readonly alert: (alert: Alert) => void;
  readonly resettable: boolean;
};

/** Notices that the chain behind the endpoints has begun anew, as devnets do. */
export class ResetGuard {
  readonly #ports: ResetPorts;

  constructor(ports: ResetPorts) {
    this.#ports = ports;
  }

  async check(streams: readonly SignerStream[]): Promise<void> {
    const { rpc, store, chain, alert, resettable } = this.#ports;
    const genesis = await genesisHash(rpc);
    if (genesis === undefined) return;
    const known = await store.meta("genesis");
    if (known === undefined) await store.write([putMeta("genesis", genesis)]);
    else if (known !== genesis) {
      alert({ kind: "chain-reset", message: `the chain's first block is ${genesis}, it was ${known}` });
      if (!resettable) throw new PoolError("CHAIN_RESET", `the chain's first block is ${genesis}, it was ${known}`);
      const work = streams.reduce<() => Promise<void>>(
        (inner, stream) => () => stream.still(inner),
        () => this.#beginAnew(genesis),
      );
      await work();
    }
    chain.genesis = genesis;
  }

  /** What the new chain has heard of keeps its nonce, since it may still be mined there; the rest is free. */
  async #beginAnew(genesis: string): Promise<void> {
    const { rpc, ledger } = this.#ports;
    const slots = [...ledger.accounts.values()].flatMap((account) => [...account.slots.values()]);
    const asked = slots.flatMap((slot) => slot.attempts.map((attempt) => ({ slot, id: attempt.hash })));
    const answers = await rpc.batch(asked.map(({ id }) => ({ method: "eth_getTransactionByHash", params: [id] })));
    const kept = new Set<Slot>();
    for (const [index, { slot }] of asked.entries()) {
      const answer = answers[index];
      // What the endpoint does not say clearly is taken for heard of.
      if (answer?.ok !== true || answer.result !== null) kept.add(slot);
    }
    const nonces = await this.#nonces([...ledger.accounts.keys()], kept);
    await ledger.restart(kept, nonces, [putMeta("genesis", genesis)]);
  }

  async #nonces(signers: readonly Address[], kept: ReadonlySet<Slot>): Promise<Map<Address, number>> {
    const answers = await this.#ports.rpc.batch(
      signers.map((signer) => ({ method: "eth_getTransactionCount", params: [signer, "pending"] })),
    );
    const nonces = new Map<Address, number>();
    for (const [index, signer] of signers.entries()) {
      const answer = answers[index];
      const next = answer?.ok === true ? count(answer.result) : undefined;
      if (next === undefined) throw new RpcUnreachable("the endpoint names no nonce");
      const own = [...kept].filter((slot) => slot.signer === signer).map(({ nonce }) => nonce + 1);
      nonces.set(signer, Math.max(next, ...own));
    }
    return nonces;
  }
}
