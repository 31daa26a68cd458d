import { type Abi, type Address, encodeFunctionData, type Hex, isAddress, keccak256, toHex } from "viem";
import type { Call } from "../job.ts";
import { PoolError } from "../pool-error.ts";

/** A call as bytes, or as a function of an ABI. */
export type TransactionRequest = {
  readonly to?: Address;
  readonly data?: Hex;
  /** Wei. */
  readonly value?: bigint;
  readonly gas?: bigint;
  /** The most that the estimate may come to, where `gas` is not given. */
  readonly maxGas?: bigint;
  readonly abi?: Abi;
  readonly functionName?: string;
  readonly args?: readonly unknown[];
};

export type SubmitOptions = {
  /** Two submissions with one key are one job, as long as the pool remembers it (`retentionMs`). At most 200 characters. */
  readonly idempotencyKey?: string;
  /** Who asks: its keys are its own. */
  readonly owner?: string;
  readonly route?: string;
  /** Higher goes first; 0 unless said otherwise. */
  readonly priority?: number;
  /** Unix time in milliseconds after which it must not begin; what is on its way then is competed with. */
  readonly deadline?: number;
  /** URL that a server's webhooks tell how it ends. */
  readonly webhook?: string;
};

const MOST_DATA_BYTES = 128 * 1024;
const UINT256 = 2n ** 256n;

function bad(message: string): PoolError {
  return new PoolError("BAD_REQUEST", message);
}

function dataOf(request: TransactionRequest): Hex {
  const { data, abi, functionName, args } = request;
  if (abi === undefined) return data ?? "0x";
  if (data !== undefined || functionName === undefined) throw bad("an ABI needs a function's name and no data");
  try {
    return encodeFunctionData({ abi, functionName, args: args ?? [] } as Parameters<typeof encodeFunctionData>[0]);
  } catch (cause) {
    throw new PoolError("BAD_REQUEST", "the arguments do not fit the ABI", { cause });
  }
}

/** The checked call, its address in lower case. */
export function callOf(request: TransactionRequest): Call {
  const { to, value = 0n, gas, maxGas } = request;
  const data = dataOf(request).toLowerCase() as Hex;
  if (!/^0x([0-9a-f]{2})*$/.test(data)) throw bad("data is no hex of whole bytes");
  if (data.length > 2 + 2 * MOST_DATA_BYTES) throw bad(`data is longer than ${MOST_DATA_BYTES} bytes`);
  if (to !== undefined && !isAddress(to, { strict: false })) throw bad("to is no address");
  if (to === undefined && data === "0x") throw bad("a contract needs code");
  if (typeof value !== "bigint" || value < 0n || value >= UINT256) throw bad("value is no amount of wei");
  for (const limit of [gas, maxGas]) if (!isGasLimit(limit)) throw bad("gas is no limit");
  if (gas !== undefined && maxGas !== undefined && gas > maxGas) throw bad("gas is more than maxGas");
  return {
    ...(to === undefined ? {} : { to: to.toLowerCase() as Address }),
    data,
    value,
    ...(gas === undefined ? {} : { gas }),
    ...(maxGas === undefined ? {} : { maxGas }),
  };
}

function isGasLimit(gas: bigint | undefined): boolean {
  return gas === undefined || (typeof gas === "bigint" && gas >= 21_000n && gas <= 2n ** 40n);
}

export function checkedOptions(options: SubmitOptions): SubmitOptions {
  const { idempotencyKey: key, owner = "", route = "", priority = 0, deadline, webhook } = options;
  if (key !== undefined && (key.length === 0 || key.length > 200))
    throw bad("an idempotency key has 1 to 200 characters");
  if (owner.length > 100) throw bad("an owner has at most 100 characters");
  if (route.length > 100 || route.startsWith("#")) throw bad("a route has at most 100 characters and begins without #");
  if (!Number.isSafeInteger(priority)) throw bad("priority is no whole number");
  if (deadline !== undefined && !Number.isSafeInteger(deadline)) throw bad("deadline is no time in milliseconds");
  if (webhook !== undefined && webhook.length > 2_000) throw bad("a webhook has at most 2,000 characters");
  return options;
}

/** What two submissions with the same key must have in common. */
export function fingerprintOf(call: Call, route: string): Hex {
  const { to = "", data, value, gas } = call;
  return keccak256(toHex(JSON.stringify([to, data, value.toString(), gas?.toString() ?? "", route])));
}
