import type { Halt } from "@tributary/evm/types";

/** geth's words for what ended an execution, so that clients recognise them. */
export function haltMessage(halt: Halt | undefined): string {
  switch (halt) {
    case "invalid jump":
      return "invalid jump destination";
    case "invalid code":
      return "invalid code: must not begin with 0xef";
    case "code size":
      return "max code size exceeded";
    case "init code size":
      return "max initcode size exceeded";
    case "contract collision":
      return "contract address collision";
    case "static state change":
      return "write protection";
    case "insufficient balance":
      return "insufficient balance for transfer";
    case "call depth":
      return "max call depth exceeded";
    case "nonce overflow":
      return "nonce uint64 overflow";
    case "forbidden":
      return "not permitted by the rules of this chain";
    case undefined:
      return "execution failed";
    default:
      return halt;
  }
}
