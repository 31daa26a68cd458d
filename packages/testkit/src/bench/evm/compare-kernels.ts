import { toHex } from "@tributary/protocol/bytes/hex";
import { concat } from "../../evm-hostile/assemble.ts";
import type { Engine } from "./engine.ts";
import { type Kernel, padded } from "./kernel.ts";

/** What all engines must agree on. */
export type Metered = { readonly gas: number; readonly output: Uint8Array; readonly milliseconds: number };

/** Engines computed different things: their speed says nothing. */
export class Disagreement extends Error {
  override readonly name = "Disagreement";
}

/** Calls the kernel through the meter. */
export async function metered(engine: Engine, meter: Uint8Array, kernel: Kernel, count: number): Promise<Metered> {
  const { output, milliseconds } = await engine.call(meter, concat(padded(kernel.address), kernel.input(count)));
  const view = Buffer.from(output);
  if (view.length < 96 || view[63] !== 1) throw new Disagreement(`${engine.name} fails ${kernel.name}`);
  return { gas: Number(view.readBigUInt64BE(24)), output: output.slice(64), milliseconds };
}

/** Throws Disagreement unless all give the same output for the same gas, which is given back. */
export async function agree(
  engines: readonly Engine[],
  meter: Uint8Array,
  kernel: Kernel,
  count: number,
): Promise<number> {
  let first: Metered | undefined;
  for (const engine of engines) {
    const found = await metered(engine, meter, kernel, count);
    first ??= found;
    const same = found.gas === first.gas && Buffer.compare(found.output, first.output) === 0;
    if (same) continue;
    const text = ({ gas, output }: Metered): string => `${gas} gas, ${toHex(output)}`;
    throw new Disagreement(`${kernel.name} x ${count}: ${engine.name} ${text(found)}, others ${text(first)}`);
  }
  return first?.gas ?? 0;
}

/** The count with which the kernel takes about `target` gas. */
export async function countFor(engine: Engine, meter: Uint8Array, kernel: Kernel, target: number): Promise<number> {
  const few = await metered(engine, meter, kernel, 100);
  const more = await metered(engine, meter, kernel, 200);
  return Math.max(1, Math.round((100 * target) / (more.gas - few.gas)));
}
