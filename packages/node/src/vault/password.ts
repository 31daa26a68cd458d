import { readFileSync } from "node:fs";
import { NodeError } from "../fault/node-error.ts";

const MAX_BYTES = 4096;

/** Where a password comes from: never an argument or the environment, which other processes can read. */
export type PasswordSource = { readonly file: string } | { readonly descriptor: number };

/** The password without the line end behind it. */
export function readPassword(source: PasswordSource): Uint8Array {
  const name = "file" in source ? `password file ${source.file}` : `password descriptor ${source.descriptor}`;
  let bytes: Buffer;
  try {
    bytes = readFileSync("file" in source ? source.file : source.descriptor);
  } catch (cause) {
    throw new NodeError("config", `${name} cannot be read`, { cause });
  }
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) end--;
  if (bytes[end - 1] === 0x0d) end--;
  if (end === 0) throw new NodeError("config", `${name} is empty`);
  if (end > MAX_BYTES) throw new NodeError("config", `${name} is longer than ${MAX_BYTES} bytes`);
  return new Uint8Array(bytes.subarray(0, end));
}
