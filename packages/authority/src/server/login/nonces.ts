import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Milliseconds from a nonce to the login with it. */
export const NONCE_MS: number = 5 * 60_000;

/**
 * Nonces that need no memory: time and chance under this server's seal. Only those that were spent are remembered, so
 * that asking for them fills nothing. Letters and digits, as EIP-4361 wants.
 */
export class Nonces {
  readonly #secret: Uint8Array;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  issue(now: number): string {
    const body = now.toString(16).padStart(12, "0") + randomBytes(16).toString("hex");
    return body + this.#seal(body);
  }

  /** When the nonce expires, in milliseconds; undefined when it is not of this server or too old. */
  expiry(nonce: string, now: number): number | undefined {
    if (!/^[0-9a-f]{76}$/.test(nonce)) return undefined;
    const [body, seal] = [nonce.slice(0, 44), nonce.slice(44)];
    if (!timingSafeEqual(Buffer.from(seal), Buffer.from(this.#seal(body)))) return undefined;
    const expires = Number.parseInt(body.slice(0, 12), 16) + NONCE_MS;
    return expires > now ? expires : undefined;
  }

  #seal(body: string): string {
    return createHmac("sha256", this.#secret).update(`login nonce ${body}`).digest("hex").slice(0, 32);
  }
}
