import { constants, type X509Certificate } from "node:crypto";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { type TransportIdentity, transportKeyHash } from "./transport-identity.ts";

/** Milliseconds for TCP and TLS together. */
const HANDSHAKE_MS = 5_000;
const PROTOCOL = "tributary/1";

/**
 * No authority vouches for a certificate: TLS proves that the peer holds its key, and the caller compares the key with
 * the registered one. Without tickets no session is resumed, so every connection proves it anew.
 */
function options(
  identity: TransportIdentity,
  protocol: string,
): {
  key: string;
  cert: string;
  minVersion: "TLSv1.3";
  rejectUnauthorized: false;
  ALPNProtocols: string[];
  secureOptions: number;
} {
  return {
    key: identity.privateKey,
    cert: identity.certificate,
    minVersion: "TLSv1.3",
    rejectUnauthorized: false,
    ALPNProtocols: [protocol],
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** `protocol`: what both ends must name (ALPN); the links' own where it is left out. */
export function tlsServer(identity: TransportIdentity, protocol: string = PROTOCOL): Server {
  return createServer({ ...options(identity, protocol), requestCert: true, handshakeTimeout: HANDSHAKE_MS });
}

/** Connects; calls back once, with the socket after the handshake or with undefined. The returned function gives up. */
export function tlsConnect(
  identity: TransportIdentity,
  host: string,
  port: number,
  done: (socket: TLSSocket | undefined) => void,
  protocol: string = PROTOCOL,
): () => void {
  const socket = connect({ ...options(identity, protocol), host, port });
  const timer = setTimeout(() => finish(false), HANDSHAKE_MS);
  let finished = false;
  function finish(connected: boolean): void {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    socket.off("close", fail);
    if (!connected) socket.destroy();
    done(connected ? socket : undefined);
  }
  const fail = (): void => finish(false);
  // Stays: an error without a listener would end the process.
  socket.on("error", fail);
  socket.on("close", fail);
  socket.once("secureConnect", () => finish(true));
  return fail;
}

/** SHA-256 of the peer's SubjectPublicKeyInfo; undefined where it showed no certificate. */
export function peerKeyHash(socket: TLSSocket): HexHash | undefined {
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  try {
    return certificate === undefined ? undefined : transportKeyHash(certificate.publicKey);
  } catch {
    return undefined;
  }
}
