import { equal } from "@tributary/protocol/bytes/bytes";
import type { Proposal, ProposalHeader } from "@tributary/protocol/consensus/types";
import {
  availableDigest,
  type CertificateMessage,
  hashBytes,
  type ProposalMessage,
} from "@tributary/protocol/wire/index";
import type { MemberContext } from "./member-context.ts";
import type { BodyVerdict } from "./ports.ts";

export type Signed = { readonly proposal: Proposal; readonly signature: Uint8Array };

/** In place of a signature that is still to be made. */
export const UNSIGNED: Uint8Array = new Uint8Array(65);

/** Signature and body at once; `done` gets the first reason to drop it, or the transactions' hashes. */
export function verifyProposal(
  context: MemberContext,
  { header, digest }: Proposal,
  message: ProposalMessage,
  done: (reason: "bad-signature" | "invalid" | undefined, hashes: readonly string[]) => void,
): void {
  const { ports } = context;
  let signed: boolean | undefined;
  let verdict: BodyVerdict | undefined;
  const settle = (): void => {
    if (signed === undefined || verdict === undefined) return;
    if (!signed) done("bad-signature", []);
    else if (!verdict.ok || !fits(context, header, verdict)) done("invalid", []);
    else done(undefined, verdict.hashes);
  };
  ports.verifier.node(header.seat, hashBytes(digest), message.signature, (ok) => {
    signed = ok;
    settle();
  });
  ports.bodies.check(message.body, (result) => {
    verdict = result;
    settle();
  });
}

/** Counts are as stated; gas is within the share, but for one transaction alone. Bytes were bounded by the codec. */
function fits(
  context: MemberContext,
  header: ProposalHeader,
  verdict: Extract<BodyVerdict, { readonly ok: true }>,
): boolean {
  if (verdict.txCount !== header.txCount || verdict.gas !== header.gas) return false;
  const { containerGas, transactionGas } = context.config;
  if (verdict.gas <= Math.ceil(containerGas / context.quorum)) return true;
  return verdict.txCount === 1 && verdict.gas <= transactionGas;
}

/** Both signatures; `seen`: the proposal of the seat that was verified before, if any. */
export function verifyCertificate(
  context: MemberContext,
  { header, digest }: Proposal,
  message: CertificateMessage,
  seen: Signed | undefined,
  done: (ok: boolean) => void,
): void {
  const { verifier } = context.ports;
  let waiting = 2;
  let good = true;
  const settle = (ok: boolean): void => {
    good &&= ok;
    waiting -= 1;
    if (waiting === 0) done(good);
  };
  // The own one may be unsigned yet: nobody's zeros are a signature.
  const known = seen?.proposal.digest === digest && seen.signature !== UNSIGNED;
  if (known && equal(seen.signature, message.signature)) settle(true);
  else verifier.node(header.seat, hashBytes(digest), message.signature, settle);
  verifier.certificate(availableDigest(context.slot(header.height), digest), message.certificate, settle);
}
