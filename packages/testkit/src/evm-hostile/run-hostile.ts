import { Evm } from "@tributary/evm/evm";
import { runPrecompile } from "@tributary/evm/precompiles/run-precompile";
import type { BlockEnv, Executed, Halt, Transaction } from "@tributary/evm/types";
import type { HostileCase } from "./hostile-case.ts";
import { addressOf, HostileState, SENDER } from "./hostile-state.ts";

export type HostileRun = {
  /** Its status, or why it halted. */
  readonly ends: Halt | Executed["status"];
  readonly gasUsed: number;
  /** Processor time of execution and of collecting the changes. */
  readonly milliseconds: number;
  /** Bytes of WebAssembly memory: address space, of which the system backs what was touched. */
  readonly memoryBytes: number;
};

function blockOf(hostile: HostileCase, gas: number): BlockEnv {
  return {
    fork: hostile.fork,
    chainId: 1n,
    number: 100_000n,
    timestamp: 1_000_000_000n,
    coinbase: addressOf(0xc01n),
    gasLimit: BigInt(gas),
    baseFee: 0n,
    prevRandao: new Uint8Array(32),
    blobBaseFee: 1n,
    transactionGasCap: undefined,
  };
}

function transactionOf(hostile: HostileCase, gas: number): Transaction {
  return {
    type: 2,
    sender: addressOf(SENDER),
    to: addressOf(hostile.accounts[0]?.[0] ?? 0n),
    nonce: 0n,
    gasLimit: BigInt(gas),
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    value: 0n,
    data: new Uint8Array(),
    accessList: [],
    blobHashes: [],
    maxFeePerBlobGas: 0n,
    authorizations: [],
    ...hostile.transaction?.(gas),
  };
}

/** Runs cases on one EVM, each as the only transaction of a block. */
export class HostileRunner {
  readonly #evm: Evm;

  private constructor(evm: Evm) {
    this.#evm = evm;
  }

  static async create(): Promise<HostileRunner> {
    return new HostileRunner(await Evm.create(runPrecompile));
  }

  /** Throws an Error where the transaction is invalid, and what `execute` throws. */
  run(hostile: HostileCase, gas: number): HostileRun {
    const transaction = transactionOf(hostile, gas);
    this.#evm.begin(blockOf(hostile, gas), new HostileState(hostile));
    const before = process.threadCpuUsage();
    const outcome = this.#evm.execute(transaction);
    this.#evm.changes();
    const { user, system } = process.threadCpuUsage(before);
    if (outcome.kind === "invalid") throw new Error(`${hostile.name}: ${outcome.reason}`);
    return {
      ends: outcome.halt ?? outcome.status,
      gasUsed: Number(outcome.gasUsed),
      milliseconds: (user + system) / 1000,
      memoryBytes: this.#evm.memoryBytes,
    };
  }
}
