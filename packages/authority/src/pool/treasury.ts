import { randomUUID } from "node:crypto";
import { type Address, keccak256, toHex } from "viem";
import type { Job } from "../job.ts";
import { quantity } from "../rpc/decode.ts";
import type { RpcClient } from "../rpc/rpc-client.ts";
import type { Ledger } from "./ledger.ts";
import type { Alert, Limits } from "./options.ts";
import type { Roster } from "./roster.ts";
import type { SignerStream } from "./signer-stream.ts";

export type TreasuryPorts = {
  readonly ledger: Ledger;
  readonly rpc: RpcClient;
  readonly limits: Limits;
  readonly roster: Roster;
  readonly alert: (alert: Alert) => void;
};

/** Jobs of the pool itself have this route; a caller cannot use it. */
export const TOP_UP_ROUTE = "#top-up";

/** Milliseconds after which a signer that is said to be dry and is not empty tries again. */
const DRY_MS = 30_000;

/** Keeps the signers in money: watches balances, orders top-ups as jobs of the funder, so that each is paid once. */
export class Treasury {
  readonly #ports: TreasuryPorts;
  /** What a signer had when it was first looked at after it had run dry, and when that was. */
  readonly #dry = new Map<Address, { readonly balance: bigint; readonly at: number }>();

  constructor(ports: TreasuryPorts) {
    this.#ports = ports;
  }

  async look(streams: readonly SignerStream[]): Promise<void> {
    const { limits, rpc, roster } = this.#ports;
    const funder = roster.funder?.address;
    const watched = streams.filter(({ dry, account }) => {
      const { role, state } = account.record;
      return dry || (limits.minBalance > 0n && role === "worker" && state === "active");
    });
    if (watched.length === 0) return;
    // The newest mined balance: a top-up that is on its way does not count.
    const answers = await rpc.batch(
      watched.map(({ address }) => ({ method: "eth_getBalance", params: [address, "latest"] })),
    );
    const ordered = this.#ordered();
    for (const [index, stream] of watched.entries()) {
      const answer = answers[index];
      const balance = answer?.ok === true ? quantity(answer.result) : undefined;
      if (balance === undefined) continue;
      this.#judge(stream, balance);
      const low = balance < limits.minBalance || (stream.dry && balance < limits.topUpTo);
      if (!low || funder === undefined || stream.address === funder || ordered.has(stream.address)) continue;
      await this.#order(funder, stream.address, limits.topUpTo - balance);
    }
  }

  /** One that a node has called too poor returns when it has more than then; or tries again after a while. */
  #judge(stream: SignerStream, balance: bigint): void {
    const { limits, alert } = this.#ports;
    const { address } = stream;
    if (!stream.dry) {
      this.#dry.delete(address);
      if (balance > 0n || limits.minBalance === 0n) return;
      stream.dry = true;
      alert({ kind: "signer-dry", message: `${address} leaves the rotation: it has nothing` });
    }
    const then = this.#dry.get(address);
    if (then === undefined) this.#dry.set(address, { balance, at: Date.now() });
    else if (balance > then.balance || (balance > 0n && Date.now() - then.at >= DRY_MS)) {
      stream.dry = false;
      this.#dry.delete(address);
      alert({ kind: "signer-funded", message: `${address} is back in the rotation` });
    }
  }

  /** Signers whose top-up is not mined yet. */
  #ordered(): Set<Address> {
    const signers = new Set<Address>();
    for (const { route, call, state } of this.#ports.ledger.open) {
      if (route === TOP_UP_ROUTE && call.to !== undefined && state !== "mined") signers.add(call.to);
    }
    return signers;
  }

  async #order(funder: Address, to: Address, value: bigint): Promise<void> {
    if (value <= 0n) return;
    const now = Date.now();
    const id = randomUUID();
    const job: Job = {
      id,
      fingerprint: keccak256(toHex(id)),
      owner: "",
      route: TOP_UP_ROUTE,
      priority: 0,
      pinned: funder,
      call: { to, data: "0x", value },
      state: "queued",
      createdAt: now,
      updatedAt: now,
    };
    await this.#ports.ledger.accept([job]);
  }
}
