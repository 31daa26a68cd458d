import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { selfSignedCertificate } from "./self-signed-certificate.ts";

/** What a node shows and proves on its links: a certificate that nobody signed but its own key. */
export type TransportIdentity = {
  /** PEM, PKCS #8. Secret. */
  readonly privateKey: string;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the key's SubjectPublicKeyInfo, as registered on the mainchain. */
  readonly keyHash: HexHash;
};

/** A fresh P-256 key as PKCS #8 DER, for the vault. */
export function generateTransportKey(): Uint8Array {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return new Uint8Array(privateKey.export({ format: "der", type: "pkcs8" }));
}

/** SHA-256 of the public key's SubjectPublicKeyInfo. */
export function transportKeyHash(publicKey: KeyObject): HexHash {
  const info = publicKey.export({ format: "der", type: "spki" });
  return `0x${createHash("sha256").update(info).digest("hex")}`;
}

/** The identity of a transport key (PKCS #8 DER). */
export function transportIdentity(pkcs8: Uint8Array): TransportIdentity {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  return {
    privateKey: key.export({ format: "pem", type: "pkcs8" }).toString(),
    certificate: selfSignedCertificate(key),
    keyHash: transportKeyHash(createPublicKey(key)),
  };
}
