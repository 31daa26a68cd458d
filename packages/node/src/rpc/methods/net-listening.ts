import type { Method } from "../method.ts";

/** A member always listens to its peers. */
export const netListening: Method = {
  name: "net_listening",
  run(params) {
    params.end();
    return true;
  },
};
