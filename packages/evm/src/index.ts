export { EMPTY_CODE_HASH } from "./empty-code.ts";
export { Evm } from "./evm.ts";
export { EvmError } from "./evm-error.ts";
export { activePrecompiles, runPrecompile } from "./precompiles/run-precompile.ts";
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
export { evmWasmHash } from "./wasm-hash.ts";
