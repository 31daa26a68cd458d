import type { ProposalHeader } from "@tributary/protocol/consensus/types";
import { orderDigest, toProposal } from "@tributary/protocol/wire/index";
import fc from "fast-check";
import { expect, test } from "vitest";
import { boundBy, type Statement } from "../../consensus/statement.ts";
import { at, final, word } from "./served-vault.fixture.ts";
import { decodeSigned, decodeStatement, encodeSigned, encodeStatement } from "./statement-codec.ts";

const slot = at(9);
const header = (seat: number): ProposalHeader => ({
  version: 1,
  ...slot,
  seat,
  anchor: word(2),
  time: 1_700_000_000_000,
  checkpoints: [{ number: 32, hash: word(3) }],
  bodyHash: word(4),
  bodyBytes: 10,
  txCount: 1,
  gas: 21_000,
});
const accepted = [1, 3].map((seat) => ({ seat, proposal: toProposal(header(seat)) }));
const order = { height: 9, previous: word(6), accepted, digest: orderDigest(slot, word(6), accepted) };
const statements: readonly Statement[] = [
  { kind: "proposal", proposal: toProposal(header(2)) },
  { kind: "ack", slot, proposer: 1, digest: word(5) },
  {
    kind: "vote",
    slot,
    records: [
      { kind: "est", round: 1, zeros: 1n, ones: 1n },
      { kind: "aux", round: 1, zeros: 0b10n, ones: 0b101n },
      { kind: "conf", round: 2, zeros: 1n, ones: 1n },
    ],
  },
  { kind: "coin", slot, coins: [{ seat: 2, round: 7 }] },
  { kind: "decide", slot, order },
  final(9, 8),
];

test("statements survive the wire, and every digest is made anew at the other end", () => {
  for (const statement of statements) {
    expect(decodeStatement(encodeStatement(2, statement))).toEqual({ seat: 2, statement });
  }
  const lie: Statement = { kind: "decide", slot, order: { ...order, digest: word(9) } };
  expect(decodeStatement(encodeStatement(2, lie))).toEqual({ seat: 2, statement: statements[4] });
});

test("a statement binds its slots by the names that the node's own record has", () => {
  expect(statements.map(boundBy)).toEqual([
    [["1.2.9.proposal", toProposal(header(2)).digest]],
    [["1.2.9.ack.1", word(5)]],
    [
      ["1.2.9.aux.1.0", "0x02"],
      ["1.2.9.aux.1.1", "0x01"],
      ["1.2.9.aux.1.2", "0x02"],
      ["1.2.9.conf.2.0", "0x03"],
    ],
    [],
    [["1.2.9.order", order.digest]],
    [["1.9.final", word(8)]],
  ]);
});

test("bytes that are not exactly one statement are none", () => {
  const rest: Statement = { kind: "decide", slot: at(10), order };
  expect(decodeStatement(encodeStatement(2, rest))).toBeUndefined();
  for (const statement of statements) {
    const bytes = encodeStatement(2, statement);
    expect(decodeStatement(new Uint8Array([...bytes, 0]))).toBeUndefined();
    for (let end = 0; end < bytes.length; end++) expect(decodeStatement(bytes.subarray(0, end))).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const decoded = decodeStatement(bytes);
      return decoded === undefined || encodeStatement(decoded.seat, decoded.statement).length === bytes.length;
    }),
  );
});

test("what was signed survives the wire", () => {
  const share = new Uint8Array(96).fill(3);
  const signature = new Uint8Array(65).fill(4);
  for (const signed of [
    { signature, shares: [] },
    { signature, shares: [share] },
    { signature: new Uint8Array(0), shares: [share, share] },
  ]) {
    expect(decodeSigned(encodeSigned(signed))).toEqual(signed);
  }
  for (const bad of [[], [2], [1, 0], [0, 1, 2]]) expect(decodeSigned(Uint8Array.from(bad))).toBeUndefined();
});
