import type { Method } from "../method.ts";

/** Version of the peer protocol. */
export const ethProtocolVersion: Method = {
  name: "eth_protocolVersion",
  run(params) {
    params.end();
    return "0x1";
  },
};
