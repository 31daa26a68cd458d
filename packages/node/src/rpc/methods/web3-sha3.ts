import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { data, parseData } from "../hex.ts";
import type { Method } from "../method.ts";

/** keccak256 of the argument. */
export const web3Sha3: Method = {
  name: "web3_sha3",
  run(params) {
    const bytes = params.next(parseData);
    params.end();
    return data(keccak256(bytes));
  },
};
