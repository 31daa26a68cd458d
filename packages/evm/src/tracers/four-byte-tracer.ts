import { hexOf } from "./hex.ts";
import { OutputBudget } from "./output-budget.ts";
import type { TracedCall, Tracer } from "./tracer.ts";

/** How often each selector was called with how many bytes of arguments: geth's 4byteTracer. */
export class FourByteTracer implements Tracer {
  readonly #counts = new Map<string, number>();
  readonly #budget: OutputBudget;

  constructor(options: { readonly maxBytes?: number } = {}) {
    this.#budget = new OutputBudget(options.maxBytes);
  }

  enter(call: TracedCall): void {
    const { kind, inputLength, isPrecompile } = call;
    if (inputLength < 4 || isPrecompile) return;
    if (kind === "CREATE" || kind === "CREATE2" || kind === "SELFDESTRUCT") return;
    const key = `${hexOf(call.input(4))}-${inputLength - 4}`;
    const count = this.#counts.get(key) ?? 0;
    if (count === 0) this.#budget.spend(key.length + 12);
    this.#counts.set(key, count + 1);
  }

  result(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
