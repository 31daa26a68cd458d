export { Evm } from "./evm.ts";
export { EvmError } from "./evm-error.ts";
export type {
  AccessListEntry,
  Account,
  Authorization,
  BlockEnv,
  Changes,
  Executed,
  Fork,
  Halt,
  Invalid,
  Log,
  PrecompileResult,
  RunPrecompile,
  StateReader,
  Transaction,
} from "./types.ts";
export { EvmBuildError, evmWasm } from "./wasm-build.ts";
