export { EMPTY_CODE_HASH } from "./empty-code.ts";
export { Evm } from "./evm.ts";
export { EvmError } from "./evm-error.ts";
export { activePrecompiles, runPrecompile } from "./precompiles/run-precompile.ts";
export type { CallFrame, CallLog, CallTracerOptions } from "./tracers/call-tracer.ts";
export { CallTracer } from "./tracers/call-tracer.ts";
export { FourByteTracer } from "./tracers/four-byte-tracer.ts";
export type { ResultTracer, TraceOptions, TraceResult } from "./tracers/make-tracer.ts";
export { makeTracer } from "./tracers/make-tracer.ts";
export type { Prestate, PrestateAccount, PrestateDiff, PrestateTracerOptions } from "./tracers/prestate-tracer.ts";
export { PrestateTracer } from "./tracers/prestate-tracer.ts";
export type { StructLog, StructLoggerOptions, StructLoggerResult } from "./tracers/struct-logger.ts";
export { StructLogger } from "./tracers/struct-logger.ts";
export { TraceError } from "./tracers/trace-error.ts";
export type {
  CallKind,
  Step,
  StepEnd,
  TracedCall,
  TracedExit,
  Tracer,
  TraceState,
} from "./tracers/tracer.ts";
export { MAX_MOVED_PRECOMPILES } from "./transaction-codec.ts";
export type {
  AccessListEntry,
  Account,
  Authorization,
  BlockEnv,
  CallGuard,
  Changes,
  Executed,
  Fork,
  GuardedCall,
  Halt,
  Invalid,
  Log,
  PrecompileResult,
  RunPrecompile,
  StateReader,
  Transaction,
} from "./types.ts";
export { evmWasmHash } from "./wasm-hash.ts";
