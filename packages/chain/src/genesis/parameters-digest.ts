import { createHash } from "node:crypto";
import { concat, uint } from "@tributary/protocol/bytes/bytes";
import type { GenesisParameters } from "@tributary/protocol/ports/member-host";
import { encodeBalance } from "../state/account.ts";
import { addressOf } from "./genesis.ts";

/** Raised when the same parameters give another genesis: predeploys, header fields, the state root. */
const RULES = 1;
const ADDRESS_BYTES = 20;
const RECORD_BYTES = ADDRESS_BYTES + 32;
const RECORDS = 4_096;

/** Parameters never change; a node opens its chain with the same ones again and again. */
const known = new WeakMap<GenesisParameters, Uint8Array>();

/**
 * What tells parameters apart without building the genesis that they give, about 1 us an account, once. 32 bytes, for a
 * database of one's own only: nothing that others see hangs on it. TypeError for what is no address.
 */
export function parametersDigest(parameters: GenesisParameters): Uint8Array {
  const digest = known.get(parameters) ?? digestOf(parameters);
  known.set(parameters, digest);
  return digest;
}

function digestOf(parameters: GenesisParameters): Uint8Array {
  const { chainId, name, owner, timestamp, gasLimit, byteLimit, allocation } = parameters;
  const digest = createHash("sha256");
  const named = new TextEncoder().encode(name);
  const numbers = [RULES, chainId, timestamp, gasLimit, byteLimit, named.length].map((number) => uint(number, 8));
  digest.update(concat(...numbers, named, addressOf(owner)));
  const records = Buffer.alloc(RECORDS * RECORD_BYTES);
  let at = 0;
  for (const { address, balance } of allocation) {
    records.set(addressOf(address), at);
    encodeBalance(balance, records, at + ADDRESS_BYTES);
    at += RECORD_BYTES;
    if (at < records.length) continue;
    digest.update(records);
    at = 0;
  }
  return digest.update(records.subarray(0, at)).digest();
}
