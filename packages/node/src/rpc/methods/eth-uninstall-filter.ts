import type { Method } from "../method.ts";
import { parseId } from "../parse-id.ts";

export const ethUninstallFilter: Method = {
  name: "eth_uninstallFilter",
  run(params, context) {
    const id = params.next(parseId);
    params.end();
    return context.filters.remove(id);
  },
};
