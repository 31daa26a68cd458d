import { developmentOf } from "../development-view.ts";
import { quantity } from "../hex.ts";
import type { Method } from "../method.ts";

/** Remembers the chain as it is, for evm_revert. */
export const evmSnapshot: Method = {
  name: "evm_snapshot",
  async run(params, context) {
    const development = developmentOf(context, "evm_snapshot");
    params.end();
    return quantity(await development.snapshot());
  },
};
