import { createAddress } from "@tributary/chain/transaction/recover";
import { compileTestContract } from "@tributary/contracts/compile";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { Random } from "../../agreement/random.ts";
import { concat } from "../../evm-hostile/assemble.ts";
import { DEPLOYER, type Engine } from "./engine.ts";
import {
  arithmeticCode,
  calleeCode,
  callsCode,
  keccakCode,
  memoryCode,
  meterCode,
  storageCode,
} from "./generated-code.ts";
import { constant, creationOf, type Kernel, word } from "./kernel.ts";

export type Kernels = { readonly meter: Uint8Array; readonly kernels: readonly Kernel[] };

/** Creation code of a contract of contracts/test/bench. */
export function benchContract(name: string): Uint8Array {
  const code = compileTestContract(`bench/${name}.sol`).get(name);
  if (code === undefined) throw new Error(`${name}.sol holds no ${name}`);
  return new Uint8Array(Buffer.from(code, "hex"));
}

function selector(signature: string): Uint8Array {
  return keccak256(new TextEncoder().encode(signature)).slice(0, 4);
}

/** Creates contracts one after the other, the same in every engine. */
class Deployments {
  readonly #engines: readonly Engine[];
  #nonce = 0n;

  constructor(engines: readonly Engine[]) {
    this.#engines = engines;
  }

  async create(creation: Uint8Array): Promise<Uint8Array> {
    for (const engine of this.#engines) await engine.deploy(creation, this.#nonce);
    return createAddress(DEPLOYER, this.#nonce++);
  }
}

async function generated(deployments: Deployments, random: Random): Promise<Kernels> {
  const meter = await deployments.create(creationOf(meterCode()));
  const callee = await deployments.create(creationOf(calleeCode(random)));
  const codes: readonly (readonly [string, Uint8Array])[] = [
    ["arithmetic", arithmeticCode(random)],
    ["keccak", keccakCode(random)],
    ["storage", storageCode(random)],
    ["memory copy", memoryCode(random)],
    ["calls", callsCode(random, callee)],
  ];
  const kernels: Kernel[] = [];
  for (const [name, code] of codes) {
    kernels.push({ name, address: await deployments.create(creationOf(code)), input: word });
  }
  return { meter, kernels };
}

/** Creates the kernels whose code is drawn, and the meter, by the first transactions of DEPLOYER. */
export function deployGenerated(engines: readonly Engine[], random: Random): Promise<Kernels> {
  return generated(new Deployments(engines), random);
}

/** As deployGenerated, and those of compiled contracts: they take seconds to compile. */
export async function deployKernels(engines: readonly Engine[], seed: number): Promise<Kernels> {
  const random = new Random(seed);
  const deployments = new Deployments(engines);
  const { meter, kernels } = await generated(deployments, random);
  const driver = await deployments.create(benchContract("BenchDriver"));
  const start = word(constant(random));
  const calls = (name: string, signature: string): Kernel => ({
    name,
    address: driver,
    input: (count) => concat(selector(signature), word(count), start),
  });
  const compiled = [calls("token transfer", "transfers(uint256,uint256)"), calls("swap", "swaps(uint256,uint256)")];
  return { meter, kernels: [...kernels, ...compiled] };
}
