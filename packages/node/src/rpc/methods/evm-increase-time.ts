import { developmentOf } from "../development-view.ts";
import type { Method } from "../method.ts";
import { parseNumber } from "../parse-number.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";

/** Moves the clock of later blocks on; gives the seconds by which it is ahead in all. */
export const evmIncreaseTime: Method = {
  name: "evm_increaseTime",
  async run(params, context) {
    const development = developmentOf(context, "evm_increaseTime");
    const seconds = params.next(parseNumber);
    params.end();
    const ahead = await development.increaseTime(seconds);
    if (ahead === undefined) throw new RpcError(RPC_CODE.invalidParams, "invalid argument 0: too far in the future");
    return ahead;
  },
};
