import { accuseAcks, accuseFinals } from "@tributary/protocol/evidence/accuse";
import type { Offence } from "@tributary/protocol/evidence/evidence";
import { plainSignatures, Speaker, word } from "@tributary/protocol/evidence/evidence.testing";
import { expect, test } from "vitest";
import { EvidenceIndex } from "../store/evidence-index.ts";
import { Evidence } from "./evidence.ts";
import type { MemberConfig } from "./member-config.ts";
import { type DriverPorts, MemberContext } from "./member-context.ts";

const slot = { group: word(1), era: 1, epoch: 1, height: 9 };
const culprit = new Speaker(slot, 3);
const finals = accuseFinals(culprit.final(word(5)), culprit.final(word(6)));

/** A member in seat 0 of four with links to all others; checks are answered when `settle` is called. */
function member() {
  const told: number[] = [];
  const events: string[] = [];
  const kept: Offence[] = [];
  const checks: (() => void)[] = [];
  const index = new EvidenceIndex();
  const ports = {
    mesh: { send: (to: number) => told.push(to) },
    observer: {
      event: (event: { readonly kind: string; readonly reason?: string }) => {
        if (event.kind !== "sent") events.push(event.reason ?? event.kind);
      },
    },
    verifier: {
      node: (seat: number, digest: Uint8Array, signature: Uint8Array, done: (ok: boolean) => void) => {
        const address = plainSignatures.recoverAddress(digest, signature);
        checks.push(() => done(String(address) === String(plainSignatures.address(seat))));
      },
    },
    store: {
      wantsEvidence: (offence: Offence) => index.wants(offence),
      putEvidence: (offence: Offence) => {
        index.add(offence);
        kept.push(offence);
      },
    },
  };
  const config = { ...slot, seat: 0, members: 4 } as unknown as MemberConfig;
  const context = new MemberContext(config, ports as unknown as DriverPorts);
  for (const seat of [1, 2, 3]) context.up.add(seat);
  const settle = (): void => {
    for (let check = checks.shift(); check !== undefined; check = checks.shift()) check();
  };
  return { evidence: new Evidence(context), told, events, kept, checks, settle };
}

test("what is found here is kept and told to all, once", () => {
  const { evidence, told, events, kept, settle } = member();
  evidence.keep(finals);
  settle();
  expect(kept).toEqual([{ kind: "final", ...slot, seat: 3 }]);
  evidence.keep(accuseFinals(culprit.final(word(5)), culprit.final(word(7))));
  settle();
  expect([told, events, kept.length]).toEqual([[1, 2, 3], ["evidence"], 1]);
});

test("what another member tells is told on, but not back, and not again", () => {
  const { evidence, told, events, settle } = member();
  evidence.onEvidence(2, { kind: "evidence", evidence: finals });
  evidence.onEvidence(1, { kind: "evidence", evidence: finals });
  settle();
  evidence.onEvidence(3, { kind: "evidence", evidence: finals });
  settle();
  expect([told, events]).toEqual([
    [1, 3],
    ["duplicate", "evidence", "duplicate"],
  ]);
});

test("nothing that does not convict is kept or told", () => {
  const { evidence, told, events, kept, settle } = member();
  const elsewhere = new Speaker({ ...slot, epoch: 2 }, 3);
  const lies = [
    accuseFinals(elsewhere.final(word(5)), elsewhere.final(word(6))),
    accuseAcks(culprit.ack(1, word(5)), culprit.ack(1, word(5))),
    accuseAcks(culprit.ack(1, word(5)), new Speaker(slot, 2).ack(1, word(6))),
    new Uint8Array(0),
  ];
  for (const lie of lies) evidence.onEvidence(1, { kind: "evidence", evidence: lie });
  settle();
  expect([told, kept]).toEqual([[], []]);
  expect(events).toEqual(["invalid", "invalid", "invalid", "bad-signature"]);
});

test("no more is checked at a time than there is room for", () => {
  const { evidence, events, checks } = member();
  for (let height = 1; height <= 100; height++) {
    const speaker = new Speaker({ ...slot, height }, height % 4);
    const found = accuseFinals(speaker.final(word(5)), speaker.final(word(6)));
    evidence.onEvidence(1, { kind: "evidence", evidence: found });
  }
  expect(checks.length).toBe(64);
  expect(events).toEqual(Array.from({ length: 36 }, () => "flood"));
});
