import type { VM } from "@ethereumjs/vm";

type Input = { readonly data: Uint8Array; readonly gasLimit: bigint };
type Result = {
  readonly executionGasUsed: bigint;
  readonly returnValue: Uint8Array;
  readonly exceptionError?: unknown;
};
type Precompile = (input: Input) => Result | Promise<Result>;

/** A millisecond and more a call. */
const dear: readonly number[] = [1, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 0x100];
const MOST_ANSWERS = 50_000;
/** Of all upgrades: none changed what these answer or cost. */
const answers = new Map<string, Result>();

/**
 * Lets the library compute what curves answer only once for each input; ours computes it every time. Where the gas
 * does not suffice, or the input is refused, the library runs.
 */
export function rememberAnswers(vm: VM): void {
  const precompiles = (vm.evm as unknown as { _precompiles: Map<string, Precompile> })._precompiles;
  for (const [address, run] of precompiles) {
    const id = Number.parseInt(address, 16);
    if (!dear.includes(id)) continue;
    precompiles.set(address, async (input) => {
      const key = `${id} ${Buffer.from(input.data).toString("latin1")}`;
      const known = answers.get(key);
      if (known && known.executionGasUsed <= input.gasLimit) {
        return { ...known, returnValue: known.returnValue.slice() };
      }
      const result = await run(input);
      if (result.exceptionError !== undefined) return result;
      if (answers.size >= MOST_ANSWERS) answers.clear();
      answers.set(key, { ...result, returnValue: result.returnValue.slice() });
      return result;
    });
  }
}
