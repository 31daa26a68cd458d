import { toBigInt } from "@tributary/protocol/bytes/index";
import { data } from "./hex.ts";
import { RPC_CODE, RpcError } from "./rpc-error.ts";

/** Selectors of Error(string) and Panic(uint256). */
const ERROR_SELECTOR = "0x08c379a0";
const PANIC_SELECTOR = "0x4e487b71";

/** geth's words for Solidity's panic codes (accounts/abi). */
const panics: Readonly<Record<number, string>> = {
  0: "generic panic",
  1: "assert(false)",
  17: "arithmetic underflow or overflow",
  18: "division or modulo by zero",
  33: "enum overflow",
  34: "invalid encoded storage byte array accessed",
  49: "out-of-bounds array access; popping on an empty array",
  50: "out-of-bounds access of an array or bytesN",
  65: "out of memory",
  81: "uninitialized function",
};

/** Code 3 with what the contract gave, as viem and ethers expect it. */
export function revertError(returned: Uint8Array): RpcError {
  const reason = revertReason(returned);
  return new RpcError(
    RPC_CODE.reverted,
    reason === undefined ? "execution reverted" : `execution reverted: ${reason}`,
    data(returned),
  );
}

/** The text in the bytes of a revert, where they hold one. */
export function revertReason(returned: Uint8Array): string | undefined {
  if (returned.length < 36) return undefined;
  const selector = data(returned.subarray(0, 4));
  if (selector === PANIC_SELECTOR && returned.length === 36) {
    const code = toBigInt(returned.subarray(4));
    return panics[Number(code)] ?? `unknown panic code: 0x${code.toString(16)}`;
  }
  if (selector !== ERROR_SELECTOR || returned.length < 68) return undefined;
  const offset = toBigInt(returned.subarray(4, 36));
  if (offset !== 32n) return undefined;
  const length = toBigInt(returned.subarray(36, 68));
  if (length > BigInt(returned.length - 68)) return undefined;
  return new TextDecoder().decode(returned.subarray(68, 68 + Number(length)));
}
