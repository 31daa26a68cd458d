import { createAddress } from "@tributary/chain/transaction/recover";
import { EMPTY_CODE_HASH } from "@tributary/evm/empty-code";
import { Evm } from "@tributary/evm/evm";
import type { Account, Changes, Executed, StateReader, Transaction } from "@tributary/evm/types";
import { toHex } from "@tributary/protocol/bytes/hex";
import { Random } from "../../agreement/random.ts";
import { concat } from "../../evm-hostile/assemble.ts";
import { Disagreement } from "./compare-kernels.ts";
import { benchContract } from "./deploy-kernels.ts";
import { DEPLOY_GAS, DEPLOYER, RICH } from "./engine.ts";
import { padded, word } from "./kernel.ts";
import { Library } from "./library-engine.ts";
import { env, plainTransaction } from "./own-engine.ts";
import { ratios, type Spread, spread } from "./statistics.ts";

const HOLDERS = 1_000;
/** Transfers of a round: of the library fewer, and the first of the same. */
const TRANSFERS = 5_000;
const LIBRARY_TRANSFERS = 500;
const TRANSFER_GAS = 100_000n;
const token: Uint8Array = createAddress(DEPLOYER, 0n);

function holder(index: number): Uint8Array {
  return new Uint8Array(Buffer.from(((0xb0b0n << 144n) | BigInt(index + 1)).toString(16).padStart(40, "0"), "hex"));
}

function transferInput(to: Uint8Array, amount: bigint): Uint8Array {
  return concat(Uint8Array.of(0xa9, 0x05, 0x9c, 0xbb), padded(to), word(amount));
}

/** Creation of the token and what the holders have at the start. */
function preparation(): Transaction[] {
  const creation = {
    sender: DEPLOYER,
    to: undefined,
    nonce: 0n,
    gasLimit: DEPLOY_GAS,
    data: benchContract("BenchToken"),
  };
  const gifts = Array.from({ length: HOLDERS }, (_, i) => ({
    ...{ sender: DEPLOYER, to: token, nonce: BigInt(i + 1), gasLimit: TRANSFER_GAS },
    data: transferInput(holder(i), 10n ** 18n),
  }));
  return [creation, ...gifts].map(plainTransaction);
}

/** Transfers between random holders, with the nonces that they have in this order. */
export function drawTransfers(seed: number): Transaction[] {
  const random = new Random(seed);
  const nonces = new Array<bigint>(HOLDERS).fill(0n);
  return Array.from({ length: TRANSFERS }, () => {
    const from = random.below(HOLDERS);
    const nonce = nonces[from] ?? 0n;
    nonces[from] = nonce + 1n;
    const data = transferInput(holder(random.below(HOLDERS)), BigInt(1 + random.below(1_000_000)));
    return plainTransaction({ sender: holder(from), to: token, nonce, gasLimit: TRANSFER_GAS, data });
  });
}

/** State in memory, in the shape that `Evm.changes` has. */
class MemoryState implements StateReader {
  readonly #accounts = new Map<string, Account>();
  readonly #slots = new Map<string, Uint8Array>();
  readonly #codes = new Map<string, Uint8Array>();

  constructor() {
    for (const address of [DEPLOYER, ...Array.from({ length: HOLDERS }, (_, i) => holder(i))]) {
      this.#accounts.set(key(address), { nonce: 0n, balance: RICH, codeHash: EMPTY_CODE_HASH });
    }
  }

  account(address: Uint8Array): Account | undefined {
    return this.#accounts.get(key(address));
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    return this.#slots.get(key(address) + key(slot));
  }

  code(codeHash: Uint8Array): Uint8Array {
    return this.#codes.get(key(codeHash)) ?? new Uint8Array(0);
  }

  blockHash(): undefined {
    return undefined;
  }

  apply({ accounts, storage, codes }: Changes): void {
    for (const [address, account] of accounts) {
      if (account === undefined) this.#accounts.delete(key(address));
      else this.#accounts.set(key(address), account);
    }
    for (const [address, slot, value] of storage) this.#slots.set(key(address) + key(slot), value);
    for (const [hash, code] of codes) this.#codes.set(key(hash), code);
  }
}

function key(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function executed(evm: Evm, transaction: Transaction): Executed {
  const outcome = evm.execute(transaction);
  if (outcome.kind === "executed" && outcome.status === "success") return outcome;
  throw new Disagreement(`ours fails a transfer: ${outcome.kind === "invalid" ? outcome.reason : outcome.status}`);
}

type Run = {
  readonly microseconds: number;
  readonly processor: number;
  readonly gas: readonly bigint[];
  readonly logs: readonly string[];
};

/** Microseconds of the processor since then, all threads: what other processes take does not count. */
function processorTime(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** One block of the transfers on the prepared state. */
function runOurs(evm: Evm, state: StateReader, transfers: readonly Transaction[]): Run {
  evm.begin(env, state);
  const gas: bigint[] = [];
  const logs: string[] = [];
  const processorBefore = process.cpuUsage();
  const from = performance.now();
  const outcomes = transfers.map((transaction) => executed(evm, transaction));
  const microseconds = (1000 * (performance.now() - from)) / transfers.length;
  const processor = processorTime(processorBefore) / transfers.length;
  for (const outcome of outcomes) {
    gas.push(outcome.gasUsed);
    logs.push(outcome.logs.map(({ topics, data }) => [...topics, data].map(toHex).join()).join());
  }
  return { microseconds, processor, gas, logs };
}

async function runLibrary(library: Library, transfers: readonly Transaction[]): Promise<Run> {
  const prepared = transfers.map((transaction) => library.transaction(transaction));
  const gas: bigint[] = [];
  const logs: string[] = [];
  await library.state.checkpoint();
  const processorBefore = process.cpuUsage();
  const from = performance.now();
  for (const tx of prepared) {
    const { totalGasSpent, execResult } = await library.run(tx);
    if (execResult.exceptionError !== undefined) throw new Disagreement("ethereumjs fails a transfer");
    gas.push(totalGasSpent);
    logs.push((execResult.logs ?? []).map(([, topics, data]) => [...topics, data].map(toHex).join()).join());
  }
  const microseconds = (1000 * (performance.now() - from)) / transfers.length;
  const processor = processorTime(processorBefore) / transfers.length;
  await library.state.revert();
  return { microseconds, processor, gas, logs };
}

async function prepareOurs(): Promise<{ readonly evm: Evm; readonly state: MemoryState }> {
  const evm = await Evm.create();
  const state = new MemoryState();
  evm.begin(env, state);
  for (const transaction of preparation()) executed(evm, transaction);
  state.apply(evm.changes());
  return { evm, state };
}

async function prepareLibrary(): Promise<Library> {
  const library = await Library.create();
  for (const address of [DEPLOYER, ...Array.from({ length: HOLDERS }, (_, i) => holder(i))])
    await library.fund(address);
  for (const transaction of preparation()) {
    const { execResult } = await library.run(library.transaction(transaction));
    if (execResult.exceptionError !== undefined) throw new Disagreement("ethereumjs fails the preparation");
  }
  return library;
}

export type TransferFigures = {
  readonly transfers: { readonly ours: number; readonly ethereumjs: number };
  readonly microseconds: { readonly ours: Spread; readonly ethereumjs: Spread };
  readonly processorMicroseconds: { readonly ours: Spread; readonly ethereumjs: Spread };
  /** Times that ours is faster. */
  readonly overEthereumjs: Spread;
};

/** Whole transactions, without the recovery of signatures: what one token transfer costs. */
export async function benchTransfers(options: {
  readonly seed: number;
  readonly rounds: number;
  readonly progress: (line: string) => void;
}): Promise<TransferFigures> {
  options.progress("whole token transfers: preparing");
  const { evm, state } = await prepareOurs();
  const library = await prepareLibrary();
  const transfers = drawTransfers(options.seed);
  const few = transfers.slice(0, LIBRARY_TRANSFERS);
  const ours: number[] = [];
  const theirs: number[] = [];
  const ownProcessor: number[] = [];
  const theirProcessor: number[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    const own = runOurs(evm, state, transfers);
    const other = await runLibrary(library, few);
    for (const [i, gas] of other.gas.entries()) {
      if (gas !== own.gas[i]) throw new Disagreement(`transfer ${i}: ours ${own.gas[i]} gas, ethereumjs ${gas}`);
      if (other.logs[i] !== own.logs[i]) throw new Disagreement(`transfer ${i}: other logs`);
    }
    // The first round only warms up.
    if (round === 0) continue;
    ours.push(own.microseconds);
    theirs.push(other.microseconds);
    ownProcessor.push(own.processor);
    theirProcessor.push(other.processor);
  }
  const microseconds = { ours: spread(ours), ethereumjs: spread(theirs) };
  const processorMicroseconds = { ours: spread(ownProcessor), ethereumjs: spread(theirProcessor) };
  const overEthereumjs = ratios(theirs, ours);
  options.progress(
    `whole token transfers: ${microseconds.ours.median} us, of the processor ${processorMicroseconds.ours.median}, x ${overEthereumjs.median} of ethereumjs`,
  );
  const transfersOf = { ours: TRANSFERS, ethereumjs: LIBRARY_TRANSFERS };
  return { transfers: transfersOf, microseconds, processorMicroseconds, overEthereumjs };
}
