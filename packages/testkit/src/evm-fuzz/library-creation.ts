import type { VM } from "@ethereumjs/vm";

type Result = { readonly exceptionError?: { readonly error: string }; returnValue: Uint8Array };
type Internals = {
  runInterpreter(message: { readonly isCreate?: boolean }, ...rest: unknown[]): Promise<Result>;
  _executeCreate(...parameters: unknown[]): Promise<{ readonly execResult: Result }>;
};

/** First byte that no code may have (EIP-3541). */
const FORMAT = 0xef;

/**
 * The library takes what a creation *reverted* with for code: where it begins with 0xef, all gas is gone. EIP-3541 speaks
 * of the code that a successful creation would leave. Here such data goes past its check under another first byte.
 */
export function mendRevertedCreations(vm: VM): void {
  const evm = vm.evm as unknown as Internals;
  const [run, create] = [evm.runInterpreter.bind(evm), evm._executeCreate.bind(evm)];
  const originals = new WeakMap<Uint8Array, Uint8Array>();
  evm.runInterpreter = async (message, ...rest) => {
    const result = await run(message, ...rest);
    const { returnValue, exceptionError } = result;
    if (message.isCreate !== true || exceptionError?.error !== "revert" || returnValue[0] !== FORMAT) return result;
    const disguised = returnValue.slice();
    disguised[0] = 0;
    originals.set(disguised, returnValue);
    return { ...result, returnValue: disguised };
  };
  evm._executeCreate = async (...parameters) => {
    const outcome = await create(...parameters);
    const { execResult } = outcome;
    execResult.returnValue = originals.get(execResult.returnValue) ?? execResult.returnValue;
    return outcome;
  };
}
