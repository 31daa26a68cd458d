import { createBlock } from "@ethereumjs/block";
import { Common, Mainnet } from "@ethereumjs/common";
import { SimpleStateManager } from "@ethereumjs/statemanager";
import { createTx, getCalldataFloorGas, type TypedTransaction } from "@ethereumjs/tx";
import { Account, Address, setLengthLeft } from "@ethereumjs/util";
import { createVM, runTx, type VM } from "@ethereumjs/vm";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import type { Fork, Log } from "@tributary/evm/types";
import { toHex } from "@tributary/protocol/bytes/index";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { sender } from "./addresses.ts";
import type { Coverage } from "./coverage.ts";
import { mendRevertedCreations } from "./library-creation.ts";
import { rememberAnswers } from "./library-memory.ts";
import { blockOf, type Scenario } from "./scenario.ts";

/** An instruction that the library is about to execute. */
export type OracleStep = {
  readonly pc: number;
  readonly op: number;
  /** 1 for the transaction's own call. */
  readonly depth: number;
  readonly gas: bigint;
  /** Without what a call or creation passes on. */
  readonly gasCost: bigint;
  /** Bottom first. */
  readonly stack: readonly bigint[];
  readonly refund: bigint;
};

export type OracleOutcome =
  | { readonly kind: "invalid"; readonly reason: string }
  | {
      readonly kind: "executed";
      readonly status: "success" | "revert" | "halt";
      readonly error: string | undefined;
      readonly gasUsed: bigint;
      readonly refund: bigint;
      /** Whether the gas is the calldata floor (EIP-7623): then the library may name no refund. */
      readonly floored: boolean;
      readonly output: Uint8Array;
      readonly logs: readonly Log[];
    };

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

const { G1, G2, fields } = bls12_381;
const tauG2 = G2.Point.fromHex(
  "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72" +
    "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2",
);

/** The library brings no KZG: the equation as EIP-4844 writes it, e(C - yG, H) = e(proof, (tau - z)H). */
function verifyProof(commitment: string, z: string, y: string, proof: string): boolean {
  const [zn, yn] = [BigInt(z), BigInt(y)];
  if (zn >= fields.Fr.ORDER || yn >= fields.Fr.ORDER) throw new Error("C_KZG_BADARGS");
  let points: InstanceType<typeof G1.Point>[];
  try {
    points = [commitment, proof].map((text) => G1.Point.fromHex(text.slice(2)));
  } catch {
    throw new Error("C_KZG_BADARGS");
  }
  const [c, w] = points as [InstanceType<typeof G1.Point>, InstanceType<typeof G1.Point>];
  const left = c.subtract(G1.Point.BASE.multiplyUnsafe(yn));
  const right = tauG2.subtract(G2.Point.BASE.multiplyUnsafe(zn));
  const pairing = (g1: typeof c, g2: typeof tauG2) =>
    g1.is0() || g2.is0() ? fields.Fp12.ONE : bls12_381.pairing(g1, g2);
  return fields.Fp12.eql(pairing(left, G2.Point.BASE), pairing(w, right));
}

/** What a state reader of ours answers for the same number. */
export function blockHashOf(number: bigint): Uint8Array {
  return keccak256(new Uint8Array(Buffer.from(number.toString())));
}

function addressOf(bytes: Uint8Array): Address {
  return new Address(bytes);
}

function statusOf(error: string | undefined): "success" | "revert" | "halt" {
  if (error === undefined) return "success";
  return error === "revert" ? "revert" : "halt";
}

/** `@ethereumjs/vm` with one instance an upgrade. */
export class Oracle {
  readonly #state: SimpleStateManager;
  readonly #vm: VM;
  readonly #common: Common;
  readonly #block: ReturnType<typeof createBlock>;

  private constructor(vm: VM, state: SimpleStateManager, common: Common, fork: Fork) {
    this.#vm = vm;
    this.#state = state;
    this.#common = common;
    const env = blockOf(fork);
    const header = {
      number: env.number,
      timestamp: env.timestamp,
      coinbase: addressOf(env.coinbase),
      gasLimit: env.gasLimit,
      baseFeePerGas: env.baseFee,
      mixHash: env.prevRandao,
      excessBlobGas: 0n,
      blobGasUsed: 0n,
      parentBeaconBlockRoot: new Uint8Array(32),
    };
    this.#block = createBlock({ header }, { common, skipConsensusFormatValidation: true });
  }

  static async create(fork: Fork, coverage: Coverage): Promise<Oracle> {
    const kzg = { verifyProof } as never;
    const common = new Common({ chain: Mainnet, hardfork: fork, customCrypto: { kzg, keccak256 } });
    const stateManager = new SimpleStateManager({ common });
    const blockchain = { getBlock: async (number: number) => ({ hash: () => blockHashOf(BigInt(number)) }) };
    const vm = await createVM({ common, stateManager, blockchain: blockchain as never });
    rememberAnswers(vm);
    mendRevertedCreations(vm);
    coverage.watch(vm);
    return new Oracle(vm, stateManager, common, fork);
  }

  /** From now on, for every scenario. */
  onStep(listener: (step: OracleStep) => void): void {
    this.#vm.evm.events?.on("step", ({ pc, opcode, depth, gasLeft, gasRefund, stack }, resume) => {
      const gasCost = opcode.dynamicFee ?? BigInt(opcode.fee);
      listener({
        pc,
        op: opcode.code,
        depth: depth + 1,
        gas: gasLeft,
        gasCost,
        stack: stack.slice(),
        refund: gasRefund,
      });
      resume?.();
    });
  }

  async #load(scenario: Scenario): Promise<void> {
    const state = this.#state;
    state.accountStack.splice(0, state.accountStack.length, new Map());
    state.codeStack.splice(0, state.codeStack.length, new Map());
    state.storageStack.splice(0, state.storageStack.length, new Map());
    state.originalStorageCache.clear();
    for (const { address, nonce, balance, code, storage } of scenario.accounts) {
      const at = addressOf(address);
      await state.putAccount(at, new Account(nonce, balance));
      if (code.length > 0) await state.putCode(at, code);
      for (const [slot, value] of storage) await state.putStorage(at, word(slot), setLengthLeft(word(value), 32));
    }
  }

  #transaction({ transaction: tx, signed }: Scenario): TypedTransaction {
    const fees =
      tx.type < 2
        ? { gasPrice: tx.maxFeePerGas }
        : { maxFeePerGas: tx.maxFeePerGas, maxPriorityFeePerGas: tx.maxPriorityFeePerGas };
    const lists = tx.accessList.map(({ address, storageKeys }) => ({
      address: toHex(address),
      storageKeys: storageKeys.map(toHex),
    }));
    const authorizationList = signed.map(({ chainId, address, nonce, yParity, r, s }) => ({
      chainId: quantity(chainId),
      address: toHex(address),
      nonce: quantity(nonce),
      yParity: quantity(yParity),
      r: quantity(r),
      s: quantity(s),
    }));
    const data = {
      type: tx.type,
      nonce: tx.nonce,
      gasLimit: tx.gasLimit,
      ...fees,
      ...(tx.to ? { to: addressOf(tx.to) } : {}),
      value: tx.value,
      data: tx.data,
      ...(tx.type > 0 ? { accessList: lists, chainId: 1n } : {}),
      ...(tx.type === 3
        ? { blobVersionedHashes: tx.blobHashes.map(toHex), maxFeePerBlobGas: tx.maxFeePerBlobGas }
        : {}),
      ...(tx.type === 4 ? { authorizationList } : {}),
    };
    const unsigned = createTx(data as never, { common: this.#common, freeze: false });
    // Not signed: recovery would take most of the time, and the EVM gets the sender anyway.
    unsigned.getSenderAddress = () => addressOf(sender);
    unsigned.isSigned = () => true;
    return unsigned;
  }

  async run(scenario: Scenario): Promise<OracleOutcome> {
    await this.#load(scenario);
    let tx: TypedTransaction;
    try {
      tx = this.#transaction(scenario);
    } catch (error) {
      return { kind: "invalid", reason: String(error) };
    }
    let result: Awaited<ReturnType<typeof runTx>>;
    try {
      result = await runTx(this.#vm, { tx, block: this.#block, skipHardForkValidation: true });
    } catch (error) {
      if (/TypeError|RangeError|ReferenceError/.test(String((error as Error).name))) throw error;
      return { kind: "invalid", reason: String(error) };
    }
    const { exceptionError, executionGasUsed, returnValue, logs } = result.execResult;
    const before = executionGasUsed + tx.getIntrinsicGas();
    const refund = result.gasRefund < before / 5n ? result.gasRefund : before / 5n;
    return {
      kind: "executed",
      status: statusOf(exceptionError?.error),
      error: exceptionError?.error,
      gasUsed: result.totalGasSpent,
      refund,
      floored: result.totalGasSpent === getCalldataFloorGas(tx, addressOf(sender)),
      output: returnValue,
      logs: (logs ?? []).map(([address, topics, data]) => ({ address, topics, data })),
    };
  }

  /** As PreState.describe has it. */
  describe(): string[] {
    const lines: string[] = [];
    const accounts = this.#state.accountStack[this.#state.accountStack.length - 1];
    const storage = this.#state.storageStack[this.#state.storageStack.length - 1];
    if (!accounts || !storage) throw new Error("the library lost its state");
    for (const [address, account] of accounts) {
      if (account === undefined) continue;
      const code = Buffer.from(account.codeHash).toString("hex");
      lines.push(`${address.slice(2)} nonce ${account.nonce} balance ${account.balance} code ${code}`);
    }
    for (const [key, value] of storage) {
      const [address = "", slot = ""] = key.split("_");
      const text = Buffer.from(setLengthLeft(value, 32)).toString("hex");
      // A deleted account keeps its entries in the library's map.
      if (accounts.get(address as `0x${string}`) === undefined) continue;
      if (!/^0*$/.test(text)) lines.push(`${address.slice(2)} ${slot.slice(2)} ${text}`);
    }
    return lines.sort();
  }
}

function quantity(value: bigint): `0x${string}` {
  return value === 0n ? "0x" : `0x${value.toString(16)}`;
}

function word(value: bigint): Uint8Array {
  return setLengthLeft(fromHex(`0x${value.toString(16).padStart(64, "0")}`), 32);
}
