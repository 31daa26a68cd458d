import type { Height, HexHash } from "@tributary/protocol/consensus/types";
import { containerHash } from "@tributary/protocol/container/codec";
import { decodeContainerBody, encodeContainerBody } from "@tributary/protocol/container/container-body";
import { decode, encode, type Limits } from "@tributary/protocol/wire/index";
import type { Certified } from "./finality.ts";
import type { FetchedContainer, Layer } from "./layer.ts";
import type { Inherited } from "./member-config.ts";

/**
 * Throws where what is on disk is not what the mainchain recorded of the eras before. `committed`: height of the state;
 * `hashAt`: hash of a stored container.
 */
export function requireRecord(
  { finalHeight, finalHash, orderHeight }: Inherited,
  committed: Height,
  hashAt: (height: Height) => HexHash | undefined,
): void {
  if (committed > orderHeight) throw new EraDiverged(orderHeight);
  if (finalHeight === 0 || committed < finalHeight) return;
  if (hashAt(finalHeight) !== finalHash) throw new EraDiverged(finalHeight);
}

/** A container as the store holds it; undefined where the bytes are none. */
export function readContainer(bytes: Uint8Array, limits: Limits): FetchedContainer | undefined {
  const message = decode(bytes, limits);
  if (message?.kind !== "container") return undefined;
  const body = decodeContainerBody(message.body);
  return body === undefined ? undefined : { message, bytes, hash: containerHash(message.header), body };
}

/** What the store keeps of an executed container: as it came, or with the F that was made here. */
export function containerBytes({ header, body, fetched }: Layer, { era, certificate }: Certified): Uint8Array {
  if (fetched !== undefined) return fetched.bytes;
  const encoded = encodeContainerBody(body);
  return encode({ kind: "container", header, certificateEra: era, certificate, body: encoded });
}

/** The executor holds a height whose container is not in the store. */
export class StoreDamaged extends Error {
  readonly code = "store-damaged";
  readonly height: Height;

  constructor(height: Height) {
    super(`the state stands at height ${height}, whose container is missing`);
    this.height = height;
  }
}

/**
 * What this member holds is not what the mainchain recorded of an era that ended: its state has to go, and comes back
 * with a snapshot of the others'. consensus.md 8, 15.
 */
export class EraDiverged extends Error {
  readonly code = "era-diverged";
  readonly height: Height;

  constructor(height: Height) {
    super(`what is here at height ${height} is not what the mainchain recorded of the era that ended`);
    this.height = height;
  }
}
