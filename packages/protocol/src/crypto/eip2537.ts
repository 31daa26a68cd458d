import { PublicKey, Signature } from "@chainsafe/blst";
import { concat } from "../bytes/bytes.ts";

// EIP-2537 writes a base field element as 64 bytes (16 zeros before the 48) and an element of Fp2 as c0 ‖ c1; the usual
// serialisation writes 48 bytes and c1 ‖ c0.

const padding = new Uint8Array(16);

/** 48 compressed bytes of G1 as the contracts take them (128); undefined where they are not a finite point of the subgroup. */
export function publicKeyToEip2537(compressed: Uint8Array): Uint8Array | undefined {
  if (compressed.length !== 48) return undefined;
  try {
    const raw = PublicKey.fromBytes(compressed, true).toBytes(false);
    return concat(padding, raw.subarray(0, 48), padding, raw.subarray(48));
  } catch {
    return undefined;
  }
}

/** The inverse of `publicKeyToEip2537`, with the same checks. */
export function publicKeyFromEip2537(bytes: Uint8Array): Uint8Array | undefined {
  const elements = fieldElements(bytes, 2);
  if (elements === undefined) return undefined;
  try {
    return PublicKey.fromBytes(concat(...elements), true).toBytes(true);
  } catch {
    return undefined;
  }
}

/** 96 compressed bytes of G2 as the contracts take them (256); undefined where they are not a finite point of the subgroup. */
export function signatureToEip2537(compressed: Uint8Array): Uint8Array | undefined {
  if (compressed.length !== 96) return undefined;
  try {
    const raw = Signature.fromBytes(compressed, true, true).toBytes(false);
    const at = (index: number): Uint8Array => raw.subarray(48 * index, 48 * index + 48);
    return concat(padding, at(1), padding, at(0), padding, at(3), padding, at(2));
  } catch {
    return undefined;
  }
}

/** The inverse of `signatureToEip2537`, with the same checks. */
export function signatureFromEip2537(bytes: Uint8Array): Uint8Array | undefined {
  const [x0, x1, y0, y1] = fieldElements(bytes, 4) ?? [];
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined) return undefined;
  try {
    return Signature.fromBytes(concat(x1, x0, y1, y0), true, true).toBytes(true);
  } catch {
    return undefined;
  }
}

function fieldElements(bytes: Uint8Array, count: number): Uint8Array[] | undefined {
  if (bytes.length !== 64 * count) return undefined;
  const elements: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const element = bytes.subarray(64 * i, 64 * i + 64);
    if (element.subarray(0, 16).some((byte) => byte !== 0)) return undefined;
    // The upper three bits would be read as flags of the usual serialisation; p has 381 bits.
    if (((element[16] ?? 0) & 0xe0) !== 0) return undefined;
    elements.push(element.subarray(16));
  }
  return elements;
}
