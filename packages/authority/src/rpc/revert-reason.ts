import { type Abi, decodeErrorResult, type Hex } from "viem";
import { bytesOf, fieldsOf } from "./decode.ts";

/** The bytes that a contract reverted with, wherever the node puts them (geth: `data`; others: inside it). */
export function revertData(data: unknown): Hex | undefined {
  const direct = bytesOf(data);
  if (direct !== undefined) return direct;
  const fields = fieldsOf(data);
  return bytesOf(fields?.["data"]) ?? bytesOf(fields?.["result"]);
}

/** `Error(string)`, `Panic(uint256)` and the errors of `abi` in words; the node's message where nothing decodes. */
export function revertReason(data: Hex | undefined, message: string, abi: Abi | undefined): string {
  if (data === undefined || data === "0x") return message;
  try {
    const { errorName, args } = decodeErrorResult({ abi: abi ?? [], data });
    if (errorName === "Error") return String(args?.[0] ?? "").slice(0, 1_000);
    return `${errorName}(${(args ?? []).map(String).join(", ")})`.slice(0, 1_000);
  } catch {
    return message;
  }
}

/** Whether the node ran the call and it failed, as opposed to not being able to run it. */
export function isRevert(code: number, message: string): boolean {
  return (
    code === 3 ||
    /revert|invalid opcode|out of gas|gas required exceeds|always fail|stack|(vm|evm) (exception|error)|invalid ?jump/i.test(
      message,
    )
  );
}
