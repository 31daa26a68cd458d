import { developmentOf } from "../development-view.ts";
import type { Method } from "../method.ts";
import { parseNumber } from "../parse-number.ts";

/** Back to a snapshot, which is used up then with all later ones; false where there is none. */
export const evmRevert: Method = {
  name: "evm_revert",
  async run(params, context) {
    const development = developmentOf(context, "evm_revert");
    const id = params.next(parseNumber);
    params.end();
    const reverted = await development.revert(id);
    if (reverted) context.filters.rewound();
    return reverted;
  },
};
