import type { HexHash, Proposal } from "@tributary/protocol/consensus/types";
import { type CertificateMessage, toProposal } from "@tributary/protocol/wire/index";
import { expect, test } from "vitest";
import type { MemberContext } from "./member-context.ts";
import { type Signed, UNSIGNED, verifyCertificate } from "./proposal-checks.ts";

const word: HexHash = `0x${"07".repeat(32)}`;
const slot = { group: word, era: 1, epoch: 1, height: 5 };
const rest = { bodyHash: word, bodyBytes: 0, txCount: 0, gas: 0 };
const proposal: Proposal = toProposal({
  ...{ version: 1, ...slot, seat: 0, anchor: word, time: 1, checkpoints: [] },
  ...rest,
});
const signature = new Uint8Array(65).fill(3);
const certificate = new Uint8Array(96).fill(4);

/** A member whose group key says yes to everything, so that only the proposer's signature decides. */
function judged(seen: Signed | undefined, given: Uint8Array): { readonly ok: boolean; readonly recovered: number } {
  let recovered = 0;
  const verifier = {
    node: (_seat: number, _digest: Uint8Array, by: Uint8Array, done: (ok: boolean) => void): void => {
      recovered++;
      done(Buffer.compare(by, signature) === 0);
    },
    certificate: (_digest: Uint8Array, _certificate: Uint8Array, done: (ok: boolean) => void): void => done(true),
  };
  const context = { ports: { verifier }, slot: () => slot } as unknown as MemberContext;
  const message: CertificateMessage = { kind: "certificate", header: proposal.header, signature: given, certificate };
  let ok: boolean | undefined;
  verifyCertificate(context, proposal, message, seen, (result) => {
    ok = result;
  });
  if (ok === undefined) throw new Error("never judged");
  return { ok, recovered };
}

test("a proposer's signature is checked once", () => {
  expect(judged(undefined, signature)).toEqual({ ok: true, recovered: 1 });
  expect(judged({ proposal, signature }, signature)).toEqual({ ok: true, recovered: 0 });
  expect(judged({ proposal, signature }, new Uint8Array(65).fill(9))).toEqual({ ok: false, recovered: 1 });
});

test("what stands for a signature that is still to be made is none", () => {
  const unsigned = { proposal, signature: UNSIGNED };
  expect(judged(unsigned, new Uint8Array(65))).toEqual({ ok: false, recovered: 1 });
  expect(judged(unsigned, signature)).toEqual({ ok: true, recovered: 1 });
});
