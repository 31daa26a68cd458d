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

/** Creates the kernels of a seed, the same in every engine, and the meter. */
export async function deployKernels(engines: readonly Engine[], seed: number): Promise<Kernels> {
  const random = new Random(seed);
  let nonce = 0n;
  const deploy = async (creation: Uint8Array): Promise<Uint8Array> => {
    for (const engine of engines) await engine.deploy(creation, nonce);
    return createAddress(DEPLOYER, nonce++);
  };
  const meter = await deploy(creationOf(meterCode()));
  const callee = await deploy(creationOf(calleeCode(random)));
  const codes: readonly (readonly [string, Uint8Array])[] = [
    ["arithmetic", arithmeticCode(random)],
    ["keccak", keccakCode(random)],
    ["storage", storageCode(random)],
    ["memory copy", memoryCode(random)],
    ["calls", callsCode(random, callee)],
  ];
  const kernels: Kernel[] = [];
  for (const [name, code] of codes) {
    kernels.push({ name, address: await deploy(creationOf(code)), input: word });
  }
  const driver = await deploy(benchContract("BenchDriver"));
  const start = word(constant(random));
  for (const [name, signature] of [
    ["token transfer", "transfers(uint256,uint256)"],
    ["swap", "swaps(uint256,uint256)"],
  ] as const) {
    kernels.push({ name, address: driver, input: (count) => concat(selector(signature), word(count), start) });
  }
  return { meter, kernels };
}
