import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { data } from "./hex.ts";

/** An address with the capitals of EIP-55, as geth writes the keys of its pool's listings. */
export function checksumAddress(address: Uint8Array): `0x${string}` {
  const digits = data(address).slice(2);
  const hash = data(keccak256(Buffer.from(digits, "ascii"))).slice(2);
  const cased = [...digits].map((digit, index) => ((hash[index] ?? "0") >= "8" ? digit.toUpperCase() : digit));
  return `0x${cased.join("")}`;
}
