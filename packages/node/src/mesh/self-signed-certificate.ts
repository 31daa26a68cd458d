// The smallest X.509 certificate that TLS accepts (RFC 5280): a P-256 key, signed by itself. Written by hand because peers
// look at nothing in it but the key.

import { createPublicKey, type KeyObject, sign } from "node:crypto";

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const UTC_TIME = 0x17;
const EXPLICIT_0 = 0xa0;

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2. */
const ECDSA_SHA256 = der(SEQUENCE, der(OBJECT_IDENTIFIER, Buffer.from("2a8648ce3d040302", "hex")));
/** commonName, 2.5.4.3. */
const COMMON_NAME = der(OBJECT_IDENTIFIER, Buffer.from("550403", "hex"));

/** PEM of a certificate of the key for itself, valid from 2020 to the end of 9999 ("no well-defined expiration"). */
export function selfSignedCertificate(privateKey: KeyObject): string {
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from("tributary node")))));
  const validity = der(
    SEQUENCE,
    der(UTC_TIME, Buffer.from("200101000000Z")),
    der(GENERALIZED_TIME, Buffer.from("99991231235959Z")),
  );
  const info = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const version3 = der(EXPLICIT_0, der(INTEGER, Buffer.of(2)));
  const serial = der(INTEGER, Buffer.of(1));
  const body = der(SEQUENCE, version3, serial, ECDSA_SHA256, name, validity, name, info);
  const signature = der(BIT_STRING, Buffer.of(0), sign("sha256", body, privateKey));
  const base64 = der(SEQUENCE, body, ECDSA_SHA256, signature).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

/** Tag, length and content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}
