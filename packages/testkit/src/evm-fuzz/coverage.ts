import type { VM } from "@ethereumjs/vm";
import type { Tally } from "./tally.ts";

type RunState = { env: { depth: number } };
type Entry = {
  readonly opcodeInfo: { readonly isInvalid: boolean };
  readonly opHandler: ((state: RunState, common: unknown) => unknown) | undefined;
};
type Result = { readonly exceptionError?: unknown };
type Precompile = (input: unknown) => Result | Promise<Result>;
type Inner = { readonly _opcodeMap: Entry[]; readonly _precompiles: Map<string, Precompile> };

const INVALID = 0xfe;

/** Counts where the library executes, into the tally of the run. */
export class Coverage {
  readonly #tally: Tally;
  /** Of the running case. */
  executed = 0;
  /** Of the running case: the transaction's own frame is 1. */
  deepest = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Once for each instance of the library. */
  watch(vm: VM): void {
    const { _opcodeMap, _precompiles } = vm.evm as unknown as Inner;
    _opcodeMap.forEach((entry, opcode) => {
      _opcodeMap[opcode] = entry.opcodeInfo.isInvalid ? this.#invalid(entry, opcode) : this.#executing(entry, opcode);
    });
    for (const [address, run] of _precompiles) {
      const id = Number.parseInt(address, 16);
      _precompiles.set(address, async (input) => {
        const result = await run(input);
        this.#tally.countPrecompile(id, result.exceptionError === undefined);
        return result;
      });
    }
  }

  #executing(entry: Entry, opcode: number): Entry {
    const handler = entry.opHandler;
    if (handler === undefined) throw new Error(`the library has no handler of opcode ${opcode}`);
    const { opcodes } = this.#tally;
    return {
      ...entry,
      opHandler: (state, common) => {
        opcodes[opcode] = (opcodes[opcode] ?? 0) + 1;
        this.executed++;
        if (state.env.depth >= this.deepest) this.deepest = state.env.depth + 1;
        return handler(state, common);
      },
    };
  }

  /** The library refuses it without calling a handler, but asks once whether it has to. Only 0xfe is an instruction. */
  #invalid(entry: Entry, opcode: number): Entry {
    const { opcodes } = this.#tally;
    const isInvalid = (): boolean => {
      if (opcode === INVALID) opcodes[INVALID] = (opcodes[INVALID] ?? 0) + 1;
      this.executed++;
      return true;
    };
    return { ...entry, opcodeInfo: Object.create(entry.opcodeInfo, { isInvalid: { get: isInvalid } }) };
  }

  begin(): void {
    this.executed = 0;
    this.deepest = 0;
  }
}
