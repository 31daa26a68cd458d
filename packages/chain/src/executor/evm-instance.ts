import { createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import { createEVM, type EVM, EVMError, type EVMMockBlockchainInterface } from "@ethereumjs/evm";
import { Address } from "@ethereumjs/util";
import { EVM_CRYPTO } from "./evm-crypto.ts";
import { EvmState } from "./evm-state.ts";

/**
 * Jump destinations between two returns to the event loop: every loop passes one, so long computations cannot hold up
 * votes. About 2 ms.
 */
const JUMPS_PER_TURN = 512;
const JUMPDEST = 0x5b;
const POINT_EVALUATION: Address = new Address(Uint8Array.from({ length: 20 }, (_, i) => (i === 19 ? 0x0a : 0)));

/** Answers BLOCKHASH; exchanged with every block. */
export class BlockHashes implements EVMMockBlockchainInterface {
  lookup: (number: number) => Uint8Array | undefined = () => undefined;

  getBlock(number: number): Promise<{ hash(): Uint8Array }> {
    const hash = this.lookup(number) ?? new Uint8Array(32);
    return Promise.resolve({ hash: () => hash });
  }

  putBlock(): Promise<void> {
    return Promise.resolve();
  }

  shallowCopy(): BlockHashes {
    const copy = new BlockHashes();
    copy.lookup = this.lookup;
    return copy;
  }
}

export type EvmInstance = { readonly evm: EVM; readonly state: EvmState; readonly hashes: BlockHashes };

/** An EVM with Prague's rules over flat state. Not reentrant: one message at a time. */
export async function createEvmInstance(chainId: bigint): Promise<EvmInstance> {
  const common = createCustomCommon({ chainId: chainId.toString() }, Mainnet, {
    hardfork: Hardfork.Prague,
    customCrypto: EVM_CRYPTO,
  });
  const state = new EvmState();
  const hashes = new BlockHashes();
  let jumps = 0;
  const evm = await createEVM({
    common,
    stateManager: state,
    blockchain: hashes,
    customOpcodes: [
      {
        opcode: JUMPDEST,
        opcodeName: "JUMPDEST",
        baseFee: 1,
        logicFunction: () => {
          jumps++;
          return jumps % JUMPS_PER_TURN === 0 ? new Promise<void>((resolve) => setImmediate(resolve)) : undefined;
        },
      },
    ],
    customPrecompiles: [
      {
        // There are no blobs to prove anything about: the call fails and takes its gas, as for a wrong proof.
        address: POINT_EVALUATION,
        function: ({ gasLimit }) => ({
          returnValue: new Uint8Array(0),
          executionGasUsed: gasLimit,
          exceptionError: new EVMError(EVMError.errorMessages.INVALID_PROOF),
        }),
      },
    ],
  });
  return { evm, state, hashes };
}
