import { setTimeout as sleep } from "node:timers/promises";
import { Anvil } from "@tributary/agents/mainchain/anvil.fixture";
import { Evm } from "@tributary/evm/evm";
import { makeTracer, type TraceOptions } from "@tributary/evm/tracers/make-tracer";
import type { BlockEnv, Transaction } from "@tributary/evm/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { PreState } from "../statetest/pre-state.ts";

export type PairAccount = {
  readonly address: string;
  readonly code: string;
  readonly balance?: bigint;
  readonly storage?: Readonly<Record<string, string>>;
};

export type PairTransaction = {
  readonly to?: string;
  readonly data?: string;
  readonly value?: bigint;
  readonly gas: bigint;
};

/** As JSON. */
export type Traces = { readonly ours: unknown; readonly theirs: unknown };

type Header = Readonly<Record<"number" | "timestamp" | "miner" | "gasLimit" | "baseFeePerGas" | "mixHash", string>>;

/** anvil's first account: unlocked, 10,000 ether. */
const SENDER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
const MAX_FEE = 10n ** 10n;
const TIP = 10n ** 9n;

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** An anvil and an EVM of ours on the same accounts, and both asked for a trace of the same transaction. */
export class TracedPair {
  readonly #anvil: Anvil;
  readonly #evm: Evm;
  readonly #accounts: readonly PairAccount[];

  private constructor(anvil: Anvil, evm: Evm, accounts: readonly PairAccount[]) {
    this.#anvil = anvil;
    this.#evm = evm;
    this.#accounts = accounts;
  }

  static async start(accounts: readonly PairAccount[]): Promise<TracedPair> {
    const anvil = await Anvil.start(["--accounts", "1", "--chain-id", "1", "--steps-tracing"]);
    return new TracedPair(anvil, await Evm.create(), accounts);
  }

  stop(): Promise<void> {
    return this.#anvil.stop();
  }

  async #prepare(): Promise<void> {
    for (const { address, code, balance, storage } of this.#accounts) {
      await this.#anvil.call("anvil_setCode", address, code);
      await this.#anvil.call("anvil_setBalance", address, hex(balance ?? 0n));
      await this.#anvil.call("anvil_setNonce", address, "0x1");
      for (const [slot, value] of Object.entries(storage ?? {})) {
        await this.#anvil.call("anvil_setStorageAt", address, slot, value);
      }
    }
  }

  #state(balance: bigint, nonce: bigint): PreState {
    const state = new PreState();
    const put = (address: string, code: Uint8Array, wei: bigint, count: bigint): void => {
      const codeHash = keccak256(code);
      state.putCode(codeHash, code);
      state.putAccount(fromHex(address), { nonce: count, balance: wei, codeHash });
    };
    put(SENDER, new Uint8Array(0), balance, nonce);
    for (const { address, code, balance: wei, storage } of this.#accounts) {
      put(address, fromHex(code), wei ?? 0n, 1n);
      for (const [slot, value] of Object.entries(storage ?? {})) {
        state.putStorage(fromHex(address), fromHex(slot), fromHex(value));
      }
    }
    return state;
  }

  #transaction({ to, data, value, gas }: PairTransaction, nonce: bigint): Transaction {
    return {
      type: 2,
      sender: fromHex(SENDER),
      to: to === undefined ? undefined : fromHex(to),
      nonce,
      gasLimit: gas,
      maxFeePerGas: MAX_FEE,
      maxPriorityFeePerGas: TIP,
      value: value ?? 0n,
      data: fromHex(data ?? "0x"),
      accessList: [],
      blobHashes: [],
      maxFeePerBlobGas: 0n,
      authorizations: [],
    };
  }

  /** Traces of a transaction in a block of its own, one for each of the options. */
  async transaction(request: PairTransaction, options: readonly TraceOptions[]): Promise<Traces[]> {
    await this.#prepare();
    const [balance, nonce] = await this.#sender();
    const hash = await this.#anvil.call<string>("eth_sendTransaction", {
      from: SENDER,
      ...(request.to === undefined ? {} : { to: request.to }),
      data: request.data ?? "0x",
      value: hex(request.value ?? 0n),
      gas: hex(request.gas),
      maxFeePerGas: hex(MAX_FEE),
      maxPriorityFeePerGas: hex(TIP),
    });
    const block = await this.#block(await this.#blockOf(hash));
    const pairs: Traces[] = [];
    for (const option of options) {
      const theirs = await this.#anvil.call("debug_traceTransaction", hash, option);
      const tracer = makeTracer(option);
      this.#evm.begin(block, this.#state(balance, nonce));
      const outcome = this.#evm.trace(this.#transaction(request, nonce), tracer);
      if (outcome.kind === "invalid") throw new Error(outcome.reason);
      pairs.push({ ours: JSON.parse(JSON.stringify(tracer.result())), theirs });
    }
    return pairs;
  }

  async #sender(): Promise<[balance: bigint, nonce: bigint]> {
    const balance = await this.#anvil.call<string>("eth_getBalance", SENDER, "latest");
    const nonce = await this.#anvil.call<string>("eth_getTransactionCount", SENDER, "latest");
    return [BigInt(balance), BigInt(nonce)];
  }

  async #blockOf(hash: string): Promise<string> {
    for (let tries = 0; tries < 400; tries++) {
      const receipt = await this.#anvil.call<{ blockNumber: string } | null>("eth_getTransactionReceipt", hash);
      if (receipt !== null) return receipt.blockNumber;
      await sleep(5);
    }
    throw new Error("anvil: a transaction is not mined");
  }

  async #block(tag: string): Promise<BlockEnv> {
    const header = await this.#anvil.call<Header>("eth_getBlockByNumber", tag, false);
    return {
      fork: "prague",
      chainId: 1n,
      number: BigInt(header.number),
      timestamp: BigInt(header.timestamp),
      coinbase: fromHex(header.miner),
      gasLimit: BigInt(header.gasLimit),
      baseFee: BigInt(header.baseFeePerGas),
      prevRandao: fromHex(header.mixHash),
      blobBaseFee: 1n,
      transactionGasCap: undefined,
    };
  }

  /** Traces of a call on the state of the accounts. */
  async call(request: PairTransaction, options: readonly TraceOptions[]): Promise<Traces[]> {
    await this.#prepare();
    await this.#anvil.mine();
    const [balance, nonce] = await this.#sender();
    const block = await this.#block("latest");
    const { to, data, value, gas } = request;
    const fields = { from: SENDER, to, data: data ?? "0x", value: hex(value ?? 0n), gas: hex(gas) };
    const pairs: Traces[] = [];
    for (const option of options) {
      const theirs = await this.#anvil.call("debug_traceCall", fields, "latest", option);
      const tracer = makeTracer(option);
      this.#evm.begin(block, this.#state(balance, nonce));
      this.#evm.traceCall(this.#transaction(request, nonce), tracer);
      pairs.push({ ours: JSON.parse(JSON.stringify(tracer.result())), theirs });
    }
    return pairs;
  }
}
