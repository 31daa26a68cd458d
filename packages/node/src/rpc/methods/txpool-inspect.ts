import type { EthereumTransaction } from "@tributary/chain";
import { checksumAddress } from "../checksum-address.ts";
import type { Method } from "../method.ts";
import { listPool } from "../pool-listing.ts";

/** Everything that waits at this member, a line of text each. */
export const txpoolInspect: Method = {
  name: "txpool_inspect",
  run(params, context) {
    params.end();
    return listPool(context.chain, context.charge, line);
  },
};

/** geth's wording. */
function line({ to, value, gasLimit, maxFeePerGas }: EthereumTransaction): string {
  const target = to === undefined ? "contract creation" : checksumAddress(to);
  return `${target}: ${value} wei + ${gasLimit} gas × ${maxFeePerGas} wei`;
}
