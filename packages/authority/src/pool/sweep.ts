import { randomUUID } from "node:crypto";
import { type Address, keccak256, toHex } from "viem";
import type { Job } from "../job.ts";
import { quantity } from "../rpc/decode.ts";
import type { RpcClient } from "../rpc/rpc-client.ts";
import type { ChainView } from "./chain-view.ts";
import type { Ledger } from "./ledger.ts";
import type { SignerStream } from "./signer-stream.ts";

export type SweepPorts = { readonly ledger: Ledger; readonly rpc: RpcClient; readonly chain: ChainView };

/** Jobs of the pool itself have this route; a caller cannot use it. */
const SWEEP_ROUTE = "#sweep";
const TRANSFER_GAS = 21_000n;
/** A price that rises meanwhile makes a transfer of everything unpayable: it is then given up. */
const LONGEST_MS = 600_000;

/**
 * Orders transfers of what signers outside the rotation have left, less the highest price of the transfer itself.
 * Resolves with the jobs.
 */
export async function sweep(ports: SweepPorts, streams: readonly SignerStream[], to: Address): Promise<Job[]> {
  const { ledger, rpc, chain } = ports;
  const idle = streams.filter(({ account }) => {
    const { role, state } = account.record;
    return role === "worker" && state === "idle" && account.slots.size === 0;
  });
  const ordered = new Set([...ledger.open].filter(({ route }) => route === SWEEP_ROUTE).map(({ pinned }) => pinned));
  const left = idle.filter(({ address }) => address.toLowerCase() !== to.toLowerCase() && !ordered.has(address));
  const answers = await rpc.batch(
    left.map(({ address }) => ({ method: "eth_getBalance", params: [address, "latest"] })),
  );
  const cost = TRANSFER_GAS * chain.fees.price().maxFee;
  const jobs: Job[] = [];
  for (const [index, { address }] of left.entries()) {
    const answer = answers[index];
    const balance = answer?.ok === true ? quantity(answer.result) : undefined;
    if (balance !== undefined && balance > cost) jobs.push(transfer(address, to, balance - cost));
  }
  if (jobs.length > 0) await ledger.accept(jobs);
  return jobs;
}

function transfer(from: Address, to: Address, value: bigint): Job {
  const now = Date.now();
  const id = randomUUID();
  return {
    id,
    fingerprint: keccak256(toHex(id)),
    owner: "",
    route: SWEEP_ROUTE,
    priority: 0,
    deadline: now + LONGEST_MS,
    pinned: from,
    call: { to: to.toLowerCase() as Address, data: "0x", value, gas: TRANSFER_GAS },
    state: "queued",
    createdAt: now,
    updatedAt: now,
  };
}
