import { toHex } from "@tributary/protocol/bytes/hex";
import type { ScheduledFork } from "@tributary/protocol/container/fork-schedule";
import type { CertifiedHeader, ContainerTerm, ExecutionResult } from "@tributary/protocol/ports/execution";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import type { ForkRules } from "../forks/fork.ts";
import { DEFAULT_GASLESS, type GaslessSettings } from "../pool/gasless.ts";
import type { PoolLimits } from "../pool/pool-environment.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { addressOf, type Draft, keyOf, signTransaction } from "../transaction/sign.fixture.ts";
import { Chain } from "./chain.ts";

// A chain without consensus: tests decide what is ordered and certify it themselves.

export const CHAIN_ID = 4242n;
export const START = 1_700_000_000;
const ZERO_HASH = `0x${"00".repeat(32)}` as const;

export const keys: readonly Uint8Array[] = Array.from({ length: 8 }, (_, i) => keyOf(i));
export const addresses: readonly Uint8Array[] = keys.map(addressOf);

export function word(value: bigint | Uint8Array): Uint8Array {
  const bytes = typeof value === "bigint" ? Buffer.from(value.toString(16).padStart(64, "0"), "hex") : value;
  const out = new Uint8Array(32);
  out.set(bytes, 32 - bytes.length);
  return out;
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/^0x/, ""), "hex"));
}

export function genesisParameters(overrides: Partial<GenesisParameters> = {}): GenesisParameters {
  return {
    chainId: CHAIN_ID,
    name: "test",
    owner: "0x00000000000000000000000000000000000000aa",
    timestamp: START,
    gasLimit: 30_000_000,
    byteLimit: 1_000_000,
    allocation: addresses.map((address) => ({ address: toHex(address), balance: 10n ** 20n })),
    ...overrides,
  };
}

export class TestChain {
  readonly chain: Chain;
  readonly failures: unknown[];
  /** By which the next container is executed. */
  rules = 1;
  /** Of the next container. */
  term: ContainerTerm = { era: 1, epoch: 1, committee: ZERO_HASH };
  #executed: number;

  private constructor(chain: Chain, failures: unknown[]) {
    this.chain = chain;
    this.failures = failures;
    this.#executed = chain.executor.committed;
  }

  static async open(
    options: {
      readonly storage?: { readonly directory: string } | { readonly store: KeyValueStore };
      readonly genesis?: Partial<GenesisParameters>;
      readonly pool?: PoolLimits;
      readonly keepBlocks?: number;
      readonly gasless?: Partial<GaslessSettings>;
      readonly forks?: readonly ForkRules[];
      readonly schedule?: () => readonly ScheduledFork[];
    } = {},
  ): Promise<TestChain> {
    const failures: unknown[] = [];
    const chain = await Chain.open({
      genesis: genesisParameters(options.genesis),
      storage: options.storage ?? { store: new MemoryStore() },
      ...(options.pool === undefined ? {} : { pool: options.pool }),
      ...(options.keepBlocks === undefined ? {} : { keepBlocks: options.keepBlocks }),
      ...(options.forks === undefined ? {} : { forks: options.forks }),
      ...(options.schedule === undefined ? {} : { schedule: options.schedule }),
      gasless: { ...DEFAULT_GASLESS, ...options.gasless },
      // Each epoch has one member more.
      seatsOf: (_, epoch) => 3 + epoch,
      onFailure: (error) => failures.push(error),
    });
    return new TestChain(chain, failures);
  }

  sign(from: number, draft: Omit<Draft, "chainId">): Uint8Array {
    return signTransaction({ chainId: CHAIN_ID, ...draft }, keys[from] ?? keyOf(from));
  }

  /** Orders and executes one container; each argument is the body of one accepted proposal. */
  execute(...bodies: readonly (readonly Uint8Array[])[]): Promise<ExecutionResult> {
    this.#executed++;
    const height = this.#executed;
    return new Promise((resolve) =>
      this.chain.executor.execute(
        {
          height,
          rules: this.rules,
          beacon: toHex(word(BigInt(height) * 1_000_003n)),
          parent: toHex(word(BigInt(height) + 77n)),
          mainchain: { number: 0, hash: ZERO_HASH },
          term: this.term,
          time: START * 1000 + height * 700,
          bodies: bodies.map((transactions) => ({ body: this.chain.bodies.encode(transactions) })),
        },
        resolve,
      ),
    );
  }

  commit(height: number): Promise<void> {
    const certified: CertifiedHeader = {
      header: {
        ...{ version: 1, rules: 1, group: ZERO_HASH, era: 0, epoch: 0, height, committee: ZERO_HASH },
        ...{ parent: ZERO_HASH, order: ZERO_HASH, beacon: ZERO_HASH, time: 0, mainchainNumber: 0 },
        ...{ mainchainHash: ZERO_HASH, bodyRoot: ZERO_HASH, segmentsRoot: ZERO_HASH },
      },
      hash: ZERO_HASH,
      certificate: new Uint8Array(96),
    };
    return new Promise((resolve) => this.chain.executor.commit(certified, resolve));
  }

  rollback(): void {
    this.chain.executor.rollback();
    this.#executed = this.chain.executor.committed;
  }

  /** One whole height. */
  async block(...transactions: readonly Uint8Array[]): Promise<ExecutionResult> {
    const result = await this.execute(transactions);
    await this.commit(this.#executed);
    this.chain.pool.committed(result.transactions);
    return result;
  }
}
