// The EVM benchmark: the same generated kernels in this project's EVM, in @ethereumjs/evm and in anvil, in turn on one
// machine, and whole token transfers.
import { cpus } from "node:os";
import { anvilEngine, type RemoteEngine } from "./anvil-engine.ts";
import { agree, countFor, Disagreement, metered } from "./compare-kernels.ts";
import { deployKernels } from "./deploy-kernels.ts";
import type { Engine } from "./engine.ts";
import type { Kernel } from "./kernel.ts";
import { libraryEngine } from "./library-engine.ts";
import { ownEngine } from "./own-engine.ts";
import { ratios, type Spread, spread } from "./statistics.ts";
import { benchTransfers } from "./transfers.ts";

export type EvmBenchOptions = {
  readonly seed: number;
  readonly rounds: number;
  readonly progress: (line: string) => void;
};

/** Gas of a kernel's run in the slow engine: its rate does not depend on the length. */
const SHORT_GAS = 3_000_000;
/** Milliseconds of a run in the fast ones: beside them the cost of a request is small. */
const LONG_MS = 80;
const LONGEST_GAS = 2_000_000_000;

type Sized = { readonly kernel: Kernel; readonly count: number; readonly gas: number };

type Setting = {
  readonly ours: Engine;
  readonly library: Engine;
  readonly anvil: RemoteEngine;
  readonly meter: Uint8Array;
};

async function size(setting: Setting, kernel: Kernel, engines: readonly Engine[], target: number): Promise<Sized> {
  const count = await countFor(setting.ours, setting.meter, kernel, target);
  return { kernel, count, gas: await agree(engines, setting.meter, kernel, count) };
}

/** Gas that takes LONG_MS, once the kernel is warm. */
async function longGas({ ours, meter }: Setting, { kernel }: Sized): Promise<number> {
  const count = await countFor(ours, meter, kernel, 10 * SHORT_GAS);
  await metered(ours, meter, kernel, count);
  const { gas, milliseconds } = await metered(ours, meter, kernel, count);
  return Math.min(LONGEST_GAS, (gas * LONG_MS) / milliseconds);
}

/** Mgas/s of one run; `fixed` are milliseconds that are not the engine's. */
async function rate(engine: Engine, meter: Uint8Array, { kernel, count, gas }: Sized, fixed = 0): Promise<number> {
  const { gas: found, milliseconds } = await metered(engine, meter, kernel, count);
  if (found !== gas) throw new Disagreement(`${kernel.name}: ${engine.name} took ${found} gas, and ${gas} before`);
  return gas / (milliseconds - fixed) / 1000;
}

type Rates = {
  readonly mgasPerSecond: { readonly ours: Spread; readonly ethereumjs: Spread; readonly anvil: Spread };
  /** Times that ours is faster. */
  readonly overEthereumjs: Spread;
  readonly overAnvil: Spread;
};

/** The three in turn, `rounds` times; the order within a round turns too. */
async function measure(setting: Setting, long: Sized, short: Sized, fixed: number, rounds: number): Promise<Rates> {
  const { ours, library, anvil, meter } = setting;
  const samples = (): number[] => [];
  const found = { ours: samples(), ethereumjs: samples(), anvil: samples() };
  const turns = [
    async () => found.ours.push(await rate(ours, meter, long)),
    async () => found.anvil.push(await rate(anvil, meter, long, fixed)),
    async () => found.ethereumjs.push(await rate(library, meter, short)),
  ];
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < turns.length; i++) await turns[(round + i) % turns.length]?.();
  }
  return {
    mgasPerSecond: { ours: spread(found.ours), ethereumjs: spread(found.ethereumjs), anvil: spread(found.anvil) },
    overEthereumjs: ratios(found.ours, found.ethereumjs),
    overAnvil: ratios(found.ours, found.anvil),
  };
}

type KernelFigures = Rates & {
  readonly kernel: string;
  /** Of one run. */
  readonly gas: { readonly fast: number; readonly ethereumjs: number };
};

async function benchKernels(
  options: EvmBenchOptions,
  setting: Setting,
  kernels: readonly Kernel[],
): Promise<{ readonly emptyEthCallMilliseconds: Spread; readonly kernels: readonly KernelFigures[] }> {
  const { ours, library, anvil } = setting;
  const fixedCosts: number[] = [];
  for (let i = 0; i < 50; i++) fixedCosts.push(await anvil.emptyCall());
  const fixed = spread(fixedCosts.slice(10));
  const rows: KernelFigures[] = [];
  for (const kernel of kernels) {
    options.progress(`${kernel.name}: comparing results`);
    const short = await size(setting, kernel, [ours, library, anvil], SHORT_GAS);
    const long = await size(setting, kernel, [ours, anvil], await longGas(setting, short));
    const rates = await measure(setting, long, short, fixed.median, options.rounds);
    const { mgasPerSecond, overEthereumjs, overAnvil } = rates;
    options.progress(
      `${kernel.name}: ${mgasPerSecond.ours.median} Mgas/s, x ${overEthereumjs.median} of ethereumjs, ` +
        `x ${overAnvil.median} of anvil`,
    );
    rows.push({ kernel: kernel.name, gas: { fast: long.gas, ethereumjs: short.gas }, ...rates });
  }
  return { emptyEthCallMilliseconds: fixed, kernels: rows };
}

/** All figures. Throws Disagreement where two engines differ in gas, output or state. */
export async function benchEvm(options: EvmBenchOptions): Promise<object> {
  const { seed, rounds, progress } = options;
  progress(`seed ${seed}`);
  const ours = await ownEngine();
  const library = await libraryEngine();
  const anvil = await anvilEngine();
  try {
    const { meter, kernels } = await deployKernels([ours, library, anvil], seed);
    const figures = await benchKernels(options, { ours, library, anvil, meter }, kernels);
    const tokenTransfers = await benchTransfers(options);
    return {
      ...{ seed, rounds, node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model },
      method:
        "Mgas/s: gas that the kernel's caller lost, over the time of Evm.call, of runTx and of an eth_call less the " +
        "median of an empty one; median, least and most of the rounds, engines in turn; ratios within each round",
      ...figures,
      tokenTransfers,
    };
  } finally {
    await anvil.close();
  }
}
