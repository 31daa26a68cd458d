// What the contract must judge alike, written as a Solidity library that the forge tests import. The file is made from
// this test (vitest -u) and compared with it ever after, so neither side can drift alone.

import { nativeNodeSignatures } from "@tributary/node/verifier/native-node-signatures";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { VoteRecord } from "@tributary/protocol/consensus/types";
import {
  accuseAcks,
  accuseDecides,
  accuseFinals,
  accuseProposals,
  accuseVotes,
} from "@tributary/protocol/evidence/accuse";
import { decodeEvidence, encodeEvidence } from "@tributary/protocol/evidence/codec";
import type { Evidence, EvidenceFault, Statement, VoteFault } from "@tributary/protocol/evidence/evidence";
import { record, Speaker, word } from "@tributary/protocol/evidence/evidence.testing";
import { verifyEvidence } from "@tributary/protocol/evidence/verify";
import { expect, it } from "vitest";

const MEMBERS = 7;
const SEAT = 5;
const slot = { group: word(1), era: 2, epoch: 3, height: 4 };
const keys = Array.from({ length: MEMBERS }, (_, seat) => new Uint8Array(32).fill(seat + 1));
const addresses = keys.map((key) => {
  const signature = nativeNodeSignatures.sign(key, new Uint8Array(32));
  return nativeNodeSignatures.recoverAddress(new Uint8Array(32), signature) ?? new Uint8Array(0);
});
const speaker = new Speaker(slot, SEAT, (seat, digest) =>
  nativeNodeSignatures.sign(keys[seat] ?? new Uint8Array(0), digest),
);

/** As the contract counts them. The contract looks the committee up, so that none is another's. */
const codes: { readonly [fault in Exclude<EvidenceFault, "other-committee">]: number } = {
  malformed: 1,
  "no-such-seat": 2,
  lawful: 3,
  "bad-signature": 4,
};

function judge(bytes: Uint8Array): number {
  const evidence = decodeEvidence(bytes);
  if (evidence === undefined) return codes.malformed;
  const { group, era, epoch } = evidence;
  const verdict = verifyEvidence(bytes, { group, era, epoch, addresses }, nativeNodeSignatures);
  if (verdict.ok) return 0;
  if (verdict.fault === "other-committee") throw new Error("its own committee");
  return codes[verdict.fault];
}

type Case = { readonly name: string; readonly bytes: Uint8Array };

function voteCase(name: string, kind: VoteFault, ...messages: readonly (readonly VoteRecord[])[]): Case {
  const said = messages.map((records) => speaker.vote(...records));
  const bytes = accuseVotes(kind, said);
  if (bytes === undefined) throw new Error(`no contradiction: ${name}`);
  return { name, bytes };
}

function changed({ name, bytes }: Case, what: string, change: (evidence: Evidence) => object): Case {
  const evidence = decodeEvidence(bytes);
  if (evidence === undefined) throw new Error(`not evidence: ${name}`);
  return { name: `${name}: ${what}`, bytes: encodeEvidence({ ...evidence, ...change(evidence) } as Evidence) };
}

function patched({ name, bytes }: Case, what: string, at: number, value: readonly number[]): Case {
  const copy = bytes.slice();
  copy.set(value, at < 0 ? copy.length + at : at);
  return { name: `${name}: ${what}`, bytes: copy };
}

const est = record("est", 1, 0b11n, 0b11n);

/** One of each kind, the votes in all their shapes. Every bit of these is flipped, too. */
const proven: readonly Case[] = [
  { name: "proposal", bytes: accuseProposals(speaker.proposal({ time: 1 }), speaker.proposal({ time: 2 })) },
  { name: "ack", bytes: accuseAcks(speaker.ack(3, word(5)), speaker.ack(3, word(6))) },
  { name: "decide", bytes: accuseDecides(speaker.decide(word(5)), speaker.decide(word(6))) },
  { name: "final", bytes: accuseFinals(speaker.final(word(5)), speaker.final(word(6))) },
  voteCase("aux", "aux", [est, record("aux", 1, 0b10n, 0b01n)], [record("aux", 1, 0b01n, 0n)]),
  voteCase("aux at once", "aux", [record("aux", 1, 0b11n, 0b10n)]),
  voteCase("aux in one message", "aux", [record("aux", 1, 2n, 0n), est, record("aux", 1, 0n, 2n)]),
  voteCase("conf", "conf", [record("conf", 2, 2n, 2n)], [est, record("conf", 2, 0n, 2n)]),
  voteCase("conf in one message", "conf", [record("conf", 2, 2n, 0n), record("conf", 2, 0n, 2n)]),
  voteCase("done", "done", [record("done", 0, 4n, 0n)], [record("done", 0, 0n, 4n)]),
  voteCase("done at once", "done", [record("done", 0, 4n, 4n)]),
];

const [proposal, ack, , final, aux, , , conf, , done, doneAtOnce] = proven as readonly [
  Case,
  Case,
  Case,
  Case,
  Case,
  Case,
  Case,
  Case,
  Case,
  Case,
  Case,
];

/** n of secp256k1: the other signature of the same digest has n - s and the other recovery id. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function highS({ content, signature }: Statement): Statement {
  const s = BigInt(toHex(signature.slice(32, 64)));
  const other = signature.slice();
  other.set(fromHex((ORDER - s).toString(16).padStart(64, "0")) ?? [], 32);
  other[64] = 1 - (signature[64] ?? 0);
  return { content, signature: other };
}

/** Two messages with these records, the first record of each pointed at, in their one order. */
function votesOf(name: string, kind: VoteFault, a: VoteRecord, b: VoteRecord): Case {
  const base = voteCase(name, "done", [a, record("done", 0, 1n, 0n)], [b, record("done", 0, 0n, 1n)]);
  const index = 0;
  return changed(base, kind, () => ({ kind, records: [index, index] }));
}

const others: readonly Case[] = [
  { name: "nothing", bytes: new Uint8Array(0) },
  { name: "zeros", bytes: new Uint8Array(600) },
  patched(proposal, "another version", 0, [2]),
  patched(proposal, "no kind", 1, [7]),
  patched(final, "as decide", 1, [2]),
  patched(final, "a height that JavaScript cannot hold", 42, [0, 0x20, 0, 0, 0, 0, 0, 0]),
  patched(final, "the highest height", 42, [0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
  patched(final, "a seat that nobody has", 50, [0, MEMBERS]),
  patched(ack, "another proposer", 52, [0, 4]),
  patched(ack, "a proposer that nobody is", 52, [0, 63]),
  patched(ack, "a proposer that nobody can be", 52, [0, 64]),
  patched(final, "recovery id 27", -1, [27]),
  patched(final, "r of zero", -65, new Array<number>(32).fill(0)),
  patched(final, "r of n", -65, [...(fromHex(ORDER.toString(16)) ?? [])]),
  changed(final, "high s", ({ statements: [a, b] }) => ({ statements: [a, highS(b ?? a)] })),
  changed(proposal, "high s", ({ statements: [a, b] }) => ({ statements: [highS(a), b] })),
  ...[proposal, ack, final].map((one) =>
    changed(one, "the other way round", ({ statements: [a, b] }) => ({ statements: [b, a] })),
  ),
  ...[proposal, ack, final, aux, done].map((one) =>
    changed(one, "the same twice", ({ statements: [a] }) => ({ statements: [a, a] })),
  ),
  changed(aux, "the other way round", ({ statements: [a, b] }) => ({ statements: [b, a] })),
  changed(aux, "as conf", () => ({ kind: "conf" })),
  changed(conf, "as aux", () => ({ kind: "aux" })),
  changed(done, "as aux", () => ({ kind: "aux" })),
  changed(doneAtOnce, "two messages", ({ statements: [a] }) => ({ statements: [a, a] })),
  changed(proven[6] ?? aux, "records the other way round", () => ({ records: [2, 0] })),
  changed(proven[6] ?? aux, "the same record", () => ({ records: [0, 0] })),
  changed(proven[6] ?? aux, "a record of EST", () => ({ records: [0, 1] })),
  changed(proven[6] ?? aux, "a record that is not there", () => ({ records: [0, 3] })),
  changed(aux, "a first record that is not there", () => ({ records: [3, 3] })),
  patched(doneAtOnce, "no message", 52, [0]),
  patched(doneAtOnce, "three messages", 52, [3]),
  patched(doneAtOnce, "no record", 57, [0, 0]),
  patched(doneAtOnce, "more records than there are", 57, [0, 2]),
  voteCase("as many records as a message may have", "done", Array(256).fill(record("done", 0, 1n, 1n))),
  voteCase("more records than a message may have", "done", Array(257).fill(record("done", 0, 1n, 1n))),
  { name: "acks, the same digest with another share", bytes: again() },
  votesOf("aux of other rounds", "aux", record("aux", 1, 1n, 0n), record("aux", 2, 0n, 1n)),
  votesOf("aux of other seats", "aux", record("aux", 1, 1n, 0n), record("aux", 1, 0n, 2n)),
  votesOf("aux said again", "aux", record("aux", 1, 1n, 0n), record("aux", 1, 3n, 0n)),
  votesOf("aux beyond the committee", "aux", record("aux", 1, 128n, 0n), record("aux", 1, 0n, 128n)),
  votesOf("aux of the last seat", "aux", record("aux", 1, 64n, 0n), record("aux", 1, 0n, 64n)),
  votesOf("est both ways", "aux", record("est", 1, 1n, 0n), record("est", 1, 0n, 1n)),
  votesOf("conf {0} and {0,1}", "conf", record("conf", 2, 1n, 0n), record("conf", 2, 1n, 1n)),
  votesOf("conf {0,1} twice", "conf", record("conf", 2, 1n, 1n), record("conf", 2, 3n, 3n)),
  votesOf("conf and nothing", "conf", record("conf", 2, 1n, 0n), record("conf", 2, 0n, 2n)),
  votesOf("done of any round", "done", record("done", 0, 1n, 0n), record("done", 9, 0n, 1n)),
];

function again(): Uint8Array {
  return accuseAcks(speaker.ack(3, word(5)), speaker.ack(3, word(5), new Uint8Array(96).fill(1)));
}

/** Verdicts with one bit flipped, for each byte; which bit changes with the place. */
function flips(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, at) => {
    const copy = bytes.slice();
    copy[at] = byte ^ (1 << (at % 8));
    return judge(copy);
  });
}

/** An assignment, broken where forge fmt breaks it: past 120 columns before the semicolon. */
function assign(left: string, value: Uint8Array): readonly string[] {
  const literal = `hex"${toHex(value).slice(2)}";`;
  const line = `        ${left} = ${literal}`;
  return line.length - 1 <= 120 ? [line] : [`        ${left} =`, `            ${literal}`];
}

it("agrees with the contract's vectors", async () => {
  for (const { name, bytes } of proven) expect(judge(bytes), name).toBe(0);
  const cases = [...proven, ...others];
  const verdicts = cases.map(({ bytes }) => judge(bytes));
  expect(new Set(verdicts)).toEqual(new Set([0, 1, 2, 3, 4]));
  const lines = cases.flatMap(({ name, bytes }, index) => [
    `        list[${index}].name = "${name}";`,
    `        list[${index}].verdict = ${verdicts[index]};`,
    ...assign(`list[${index}].evidence`, bytes),
  ]);
  const flipped = proven.flatMap(({ bytes }, index) => assign(`verdicts[${index}]`, flips(bytes)));
  const text = [
    "// SPDX-License-Identifier: Apache-2.0",
    "pragma solidity ^0.8.30;",
    "",
    "/// Made by packages/testkit/src/evidence/vectors.test.ts: what both sides must judge alike. The secp256k1 key of seat i",
    "/// is the byte i + 1, thirty-two times.",
    "library EvidenceVectors {",
    "    struct Case {",
    "        string name;",
    "        uint8 verdict;",
    "        bytes evidence;",
    "    }",
    "",
    `    bytes32 internal constant GROUP = ${slot.group};`,
    `    uint32 internal constant ERA = ${slot.era};`,
    `    uint32 internal constant EPOCH = ${slot.epoch};`,
    `    uint64 internal constant HEIGHT = ${slot.height};`,
    `    uint16 internal constant SEAT = ${SEAT};`,
    `    uint256 internal constant MEMBERS = ${MEMBERS};`,
    "    /// So many of the cases, from the first, prove something.",
    `    uint256 internal constant PROVEN = ${proven.length};`,
    "",
    "    function cases() internal pure returns (Case[] memory list) {",
    `        list = new Case[](${cases.length});`,
    ...lines,
    "    }",
    "",
    "    /// For each proven case and each of its bytes at i: the verdict with bit i % 8 flipped.",
    "    function flips() internal pure returns (bytes[] memory verdicts) {",
    `        verdicts = new bytes[](${proven.length});`,
    ...flipped,
    "    }",
    "}",
    "",
  ].join("\n");
  await expect(text).toMatchFileSnapshot("../../../../contracts/test/evidence/EvidenceVectors.sol");
});
