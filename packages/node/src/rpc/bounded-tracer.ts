import type { TracedCall, Tracer } from "@tributary/evm";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** Instructions between two looks at the clock: some hundred microseconds. */
const STEPS_BETWEEN_LOOKS = 256;

/**
 * The tracer, ended by an error once the clock passes `deadline`: nothing else runs while a transaction is traced, and
 * watching it costs far more time than its gas pays for. Both in milliseconds, monotonic.
 */
export function boundedTracer(tracer: Tracer, deadline: number, now: () => number): Tracer {
  let steps = 0;
  const look = (): void => {
    if (now() > deadline) throw new RpcError(RPC_CODE.server, "execution timeout");
  };
  const enter = (call: TracedCall): void => {
    look();
    tracer.enter?.(call);
  };
  return {
    start: (transaction, coinbase, state) => {
      look();
      tracer.start?.(transaction, coinbase, state);
    },
    step: (step) => {
      if (++steps % STEPS_BETWEEN_LOOKS === 0) look();
      tracer.step?.(step);
    },
    // The driver works harder for a tracer that has one of these.
    ...(tracer.stepEnd === undefined ? {} : { stepEnd: (end) => tracer.stepEnd?.(end) }),
    ...(tracer.enter === undefined ? {} : { enter: (call) => enter(call) }),
    exit: (exit) => tracer.exit?.(exit),
    ...(tracer.settle === undefined ? {} : { settle: () => tracer.settle?.() }),
    end: (outcome) => tracer.end?.(outcome),
  };
}
