import { isProxyName } from "@tributary/node/rpc/trusted-proxies";
import { InvalidArgumentError } from "commander";
import { parseEther } from "viem";

/** A parser for whole numbers between two bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`a whole number from ${least} to ${most}`);
    return value;
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): (text: string) => T {
  return (text) => {
    const found = values.find((value) => value === text);
    if (found === undefined) throw new InvalidArgumentError(`one of ${values.join(", ")}`);
    return found;
  };
}

export function accountAddress(text: string): `0x${string}` {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new InvalidArgumentError("0x and 40 hexadecimal digits");
  return text as `0x${string}`;
}

/** Numbers of storage slots as words of 32 bytes, gathered one by one as commander hands them over. */
export function slotNumbers(text: string, before: readonly `0x${string}`[] = []): readonly `0x${string}`[] {
  if (!/^(0x[0-9a-fA-F]{1,64}|[0-9]{1,77})$/.test(text)) throw new InvalidArgumentError("a number below 2^256");
  return [...before, `0x${BigInt(text).toString(16).padStart(64, "0")}`];
}

export function etherAmount(text: string): bigint {
  try {
    const value = parseEther(text);
    if (value >= 0n) return value;
  } catch {
    // Falls through to the one message.
  }
  throw new InvalidArgumentError("an amount like 10 or 0.5");
}

/** As the contracts take it. */
export function chainName(text: string): string {
  if (!/^[a-z0-9-]{1,32}$/.test(text)) throw new InvalidArgumentError("1 to 32 of a-z, 0-9 and '-'");
  return text;
}

/** Ids of nodes with commas between. */
export function nodeIds(text: string): readonly number[] {
  const ids = text.split(",");
  if (!ids.every((id) => /^[1-9][0-9]{0,9}$/.test(id))) throw new InvalidArgumentError("node ids with commas between");
  return ids.map(Number);
}

/** Addresses and networks of proxies, gathered one by one as commander hands them over. */
export function proxyNames(text: string, before: readonly string[] = []): readonly string[] {
  if (!isProxyName(text)) throw new InvalidArgumentError("an address, or a network as 10.0.0.0/8");
  return [...before, text];
}

export type Endpoint = { readonly host: string; readonly port: number };

/** Host and port; port 0 takes a free one. */
export function endpoint(text: string): Endpoint {
  const match = /^(.+):([0-9]{1,5})$/.exec(text);
  const [, host, digits] = match ?? [];
  const port = Number(digits ?? Number.NaN);
  if (host === undefined || !(port <= 65_535)) throw new InvalidArgumentError("HOST:PORT");
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port };
}

export function sha256Hash(text: string): `0x${string}` {
  if (!/^0x[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError("0x and 64 hexadecimal digits");
  return text as `0x${string}`;
}
