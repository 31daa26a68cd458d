import { type DevelopmentView, developmentOf } from "../development-view.ts";
import type { Method } from "../method.ts";
import { parseNumber } from "../parse-number.ts";
import { RPC_CODE, RpcError } from "../rpc-error.ts";

/** The timestamp of the next block; later ones go on from there. */
export const evmSetNextBlockTimestamp: Method = {
  name: "evm_setNextBlockTimestamp",
  async run(params, context) {
    const development = developmentOf(context, "evm_setNextBlockTimestamp");
    const seconds = params.next(parseNumber);
    params.end();
    await setNextTime(development, seconds);
    return null;
  },
};

export async function setNextTime(development: DevelopmentView, seconds: number): Promise<void> {
  if (await development.setNextTime(seconds)) return;
  const why = `timestamp ${seconds} is not after the newest block's, or too far in the future`;
  throw new RpcError(RPC_CODE.invalidParams, `invalid argument 0: ${why}`);
}
