// For tests: the real chain room over memory, with blocks made at once by a sequencer in place of a committee.

import { Chain, type ChainOptions } from "@tributary/chain/chain/chain";
import { MemoryStore } from "@tributary/chain/store/memory-store";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { containerHash } from "@tributary/protocol/container/codec";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { data } from "./hex.ts";

const ZERO: HexHash = `0x${"00".repeat(32)}`;

export class SoloChain {
  readonly chain: Chain;
  /** By which the next block is executed. */
  rules = 1;
  #height = 0;
  #parent: HexHash = ZERO;
  #mining: Promise<void> = Promise.resolve();

  private constructor(chain: Chain) {
    this.chain = chain;
  }

  /** `rich` own a million coins at genesis, and the first of them the chain. */
  static async open(
    chainId: bigint,
    rich: readonly `0x${string}`[],
    gasLimit = 30_000_000,
    options: Pick<ChainOptions, "pool" | "gasless" | "forks" | "schedule"> = {},
  ): Promise<SoloChain> {
    const chain = await Chain.open({
      ...options,
      genesis: {
        ...{ chainId, name: "solo", owner: rich[0] ?? `0x${"01".repeat(20)}`, timestamp: 1_700_000_000 },
        ...{ gasLimit, byteLimit: 1_000_000 },
        allocation: rich.map((address) => ({ address, balance: 10n ** 24n })),
      },
      storage: { store: new MemoryStore() },
      seatsOf: () => 1,
      onFailure: (error) => {
        throw error;
      },
    });
    return new SoloChain(chain);
  }

  /** Makes a block as soon as something can be executed. */
  mineOnArrival(): void {
    this.chain.pool.onArrival(() => {
      this.#mining = this.#mining.then(() => this.mine());
    });
  }

  /** One block with everything that can be executed, even if that is nothing. */
  async mine(): Promise<void> {
    const { pool, bodies, executor } = this.chain;
    const body = bodies.encode([...pool.executable()].map(({ raw }) => raw));
    const height = ++this.#height;
    const beacon = data(keccak256(Buffer.from(`beacon ${height}`)));
    const time = (1_700_000_000 + height) * 1_000;
    const mainchain = { number: 0, hash: ZERO };
    const term = { era: 1, epoch: 1, committee: ZERO };
    const { segments, transactions } = await new Promise<Parameters<Parameters<typeof executor.execute>[1]>[0]>(
      (resolve) => {
        executor.execute(
          { height, rules: this.rules, beacon, time, parent: this.#parent, mainchain, term, bodies: [{ body }] },
          resolve,
        );
      },
    );
    const header: ContainerHeader = {
      ...{ version: 1, rules: 1, group: ZERO, era: 1, epoch: 1, height, committee: ZERO, parent: this.#parent },
      ...{ order: ZERO, beacon, time, mainchainNumber: 0, mainchainHash: ZERO, bodyRoot: ZERO },
      segmentsRoot: segments[0]?.blockHash ?? ZERO,
    };
    const hash = containerHash(header);
    await new Promise<void>((resolve) => {
      executor.commit({ header, hash, certificate: new Uint8Array(96) }, resolve);
    });
    pool.committed(transactions);
    this.#parent = hash;
  }

  async close(): Promise<void> {
    await this.#mining;
    await this.chain.close();
  }
}
