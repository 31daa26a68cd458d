import { readHash, readSafe, writeHash } from "../bytes/fields.ts";
import { toHex } from "../bytes/hex.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import type { HexHash } from "../consensus/types.ts";
import { keccak256 } from "../crypto/keccak.ts";
import type { ContainerHeader } from "./header.ts";

/** The format of headers that this code writes. */
export const CONTAINER_VERSION = 1;

/** All fields have fixed widths, so a contract can read any of them from the preimage at a constant offset. */
export const CONTAINER_HEADER_BYTES: number = 2 + 4 + 32 + 4 + 4 + 8 + 4 * 32 + 6 + 8 + 3 * 32;

export function writeContainerHeader(writer: Writer, header: ContainerHeader): void {
  writer.u16(header.version).u32(header.rules);
  writeHash(writer, header.group);
  writer.u32(header.era).u32(header.epoch).u64(BigInt(header.height));
  writeHash(writer, header.committee);
  writeHash(writer, header.parent);
  writeHash(writer, header.order);
  writeHash(writer, header.beacon);
  writer.u48(header.time).u64(BigInt(header.mainchainNumber));
  writeHash(writer, header.mainchainHash);
  writeHash(writer, header.bodyRoot);
  writeHash(writer, header.segmentsRoot);
}

export function readContainerHeader(reader: Reader): ContainerHeader {
  return {
    version: reader.u16(),
    rules: reader.u32(),
    group: readHash(reader),
    era: reader.u32(),
    epoch: reader.u32(),
    height: readSafe(reader),
    committee: readHash(reader),
    parent: readHash(reader),
    order: readHash(reader),
    beacon: readHash(reader),
    time: reader.u48(),
    mainchainNumber: readSafe(reader),
    mainchainHash: readHash(reader),
    bodyRoot: readHash(reader),
    segmentsRoot: readHash(reader),
  };
}

export function encodeContainerHeader(header: ContainerHeader): Uint8Array {
  const writer = new Writer(CONTAINER_HEADER_BYTES);
  writeContainerHeader(writer, header);
  return writer.finish();
}

/** Undefined where the bytes are not exactly one header. */
export function decodeContainerHeader(bytes: Uint8Array): ContainerHeader | undefined {
  if (bytes.length !== CONTAINER_HEADER_BYTES) return undefined;
  const reader = new Reader(bytes);
  const header = readContainerHeader(reader);
  return reader.complete ? header : undefined;
}

/** keccak256 of the encoded header: the parent of the next container, and what F(h) signs (`finalDigest`). */
export function containerHash(header: ContainerHeader): HexHash {
  return toHex(keccak256(encodeContainerHeader(header)));
}
