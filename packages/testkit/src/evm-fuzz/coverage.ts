import type { VM } from "@ethereumjs/vm";

type RunState = { env: { depth: number } };
type Entry = { opHandler: ((state: RunState, common: unknown) => unknown) | undefined };
type Inner = { _opcodeMap: (Entry | undefined)[]; _precompiles: Map<string, (input: unknown) => unknown> };

/** What the cases reached, counted where the library executes it. */
export class Coverage {
  readonly opcodes: number[] = new Array<number>(256).fill(0);
  readonly precompiles: Map<number, number> = new Map();
  /** Of the running case. */
  executed = 0;
  deepest = 0;

  /** Once for each instance of the library. */
  watch(vm: VM): void {
    const inner = vm.evm as unknown as Inner;
    inner._opcodeMap.forEach((entry, opcode) => {
      if (entry?.opHandler === undefined) return;
      const handler = entry.opHandler;
      inner._opcodeMap[opcode] = {
        ...entry,
        opHandler: (state, common) => {
          this.opcodes[opcode] = (this.opcodes[opcode] ?? 0) + 1;
          this.executed++;
          if (state.env.depth > this.deepest) this.deepest = state.env.depth;
          return handler(state, common);
        },
      };
    });
    for (const [address, run] of inner._precompiles) {
      const id = Number.parseInt(address, 16);
      inner._precompiles.set(address, (input) => {
        this.precompiles.set(id, (this.precompiles.get(id) ?? 0) + 1);
        return run(input);
      });
    }
  }

  begin(): void {
    this.executed = 0;
    this.deepest = 0;
  }
}
