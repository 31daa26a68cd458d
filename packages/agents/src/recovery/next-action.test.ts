import { expect, test } from "vitest";
import type { Now } from "../agent.ts";
import type { RecoveryEvent } from "../mainchain/events.ts";
import { nextRecoveryActions, type RecoveryPart, type RecoveryProgress } from "./next-action.ts";
import { cancelledOnes, noOpenings, type Opening, reduceOpenings } from "./opening.ts";

const chainId = 9n;
const openingId = `0x${"ab".repeat(32)}` as const;
const of = { chainId, openingId } as const;
const beginning = { finalHeight: 7n, finalDigest: openingId, orderHeight: 9n, orderDigest: openingId };

const challenged: RecoveryEvent = { name: "RecoveryChallenged", ...of, era: 1, opensAt: 1_000n };
const opened: RecoveryEvent = {
  name: "RecoveryOpened",
  ...of,
  group: openingId,
  era: 1,
  closesAt: 2_000n,
  nodeIds: [5, 6, 7, 8],
};
const closed: RecoveryEvent = { name: "RecoveryClosed", ...of, era: 2, beginning };

function fold(...events: readonly RecoveryEvent[]): Opening {
  let openings = noOpenings;
  for (const event of events) openings = reduceOpenings(openings, event, 10n);
  const opening = openings.get(chainId);
  if (opening === undefined) throw new Error("no opening");
  return opening;
}

const nothing: RecoveryProgress = {
  frozen: new Set(),
  thawed: new Set(),
  signed: new Set(),
  held: new Map(),
  late: new Set(),
};
const frozen: RecoveryProgress = { ...nothing, frozen: new Set([openingId]) };
const holding = (final: number, order: number): RecoveryProgress => ({
  ...frozen,
  held: new Map([[openingId, { final, order }]]),
});

/** Seat of nodes 5 to 8 by id; no quorum. */
function member(id: number, quorate = false): RecoveryPart {
  return { id, seat: id - 5, runs: true, quorate };
}

function kinds(
  opening: Opening,
  part: RecoveryPart,
  progress: RecoveryProgress = nothing,
  at: { block?: bigint; seconds?: bigint } = {},
): readonly string[] {
  const head = { number: at.block ?? 10n, timestamp: at.seconds ?? 500n, hash: openingId };
  const now: Now = { head, clock: 0 };
  return nextRecoveryActions(opening, part, progress, now).map(({ kind }) => kind);
}

test("a challenge is answered where a quorum is there, and opens in turn where none is", () => {
  const opening = fold(challenged);
  expect(kinds(opening, member(5))).toEqual([]);
  expect(kinds(opening, member(6, true))).toEqual(["sign-cancel"]);
  const signed = { ...nothing, signed: new Set([openingId]) };
  expect(kinds(opening, member(6, true), signed)).toEqual([]);
  expect(kinds(opening, member(6, true), signed, { block: 13n })).toEqual(["submit-cancel"]);
  expect(kinds(opening, member(5), nothing, { seconds: 1_000n })).toEqual([]);
  expect(kinds(opening, member(5), nothing, { seconds: 1_001n })).toEqual(["open"]);
  expect(kinds(opening, member(7), nothing, { seconds: 1_001n })).toEqual([]);
  expect(kinds(opening, member(7), nothing, { seconds: 1_007n })).toEqual(["open"]);
  // Links do not tell whether the others still have their shares.
  expect(kinds(opening, member(5, true), signed, { seconds: 1_001n })).toEqual(["submit-cancel", "open"]);
  expect(kinds(opening, { id: 1, seat: undefined, runs: false, quorate: false }, nothing, { seconds: 9_000n })).toEqual(
    [],
  );
});

test("nothing is claimed before the node signs nothing more", () => {
  const opening = fold(opened);
  expect(kinds(opening, member(5))).toEqual(["freeze"]);
  expect(kinds(opening, member(5), frozen)).toEqual(["look", "stand"]);
  expect(kinds(opening, { ...member(5), runs: false })).toEqual(["freeze"]);
  expect(kinds(opening, { ...member(5), runs: false }, frozen)).toEqual([]);
  expect(kinds(opening, { id: 1, seat: undefined, runs: false, quorate: false })).toEqual([]);
});

test("what is higher than what was posted is claimed, in turn", () => {
  const stands: RecoveryEvent = { name: "MemberStands", ...of, nodeId: 5 };
  const final: RecoveryEvent = { name: "FinalClaimed", ...of, height: 20n, digest: openingId };
  const order: RecoveryEvent = { name: "OrderClaimed", ...of, height: 22n, digest: openingId };
  expect(kinds(fold(opened, stands), member(5), holding(18, 19))).toEqual(["claim"]);
  expect(kinds(fold(opened, stands), member(5), holding(0, 0))).toEqual([]);
  const claimed = fold(opened, stands, final);
  // What is final was ordered.
  expect(claimed.orderHeight).toBe(20);
  expect(kinds(claimed, member(5), holding(20, 20))).toEqual([]);
  expect(kinds(claimed, member(5), holding(20, 21))).toEqual(["claim"]);
  expect(kinds(fold(opened, stands, final, order), member(5), holding(20, 22))).toEqual([]);
  expect(kinds(fold(opened, stands, final, order), member(5), holding(21, 21))).toEqual(["claim"]);
  const late: RecoveryEvent = { name: "MemberStands", ...of, nodeId: 7 };
  expect(kinds(fold(opened, late), member(7), holding(18, 19))).toEqual([]);
  expect(kinds(fold(opened, late), member(7), holding(18, 19), { block: 16n })).toEqual(["claim"]);
});

test("claims end in time, and not before anybody gave a sign of life", () => {
  const stands: RecoveryEvent = { name: "MemberStands", ...of, nodeId: 5 };
  const extended: RecoveryEvent = { name: "ClaimsExtended", ...of, closesAt: 3_000n };
  const silent = { ...fold(opened), standing: [5] };
  expect(kinds(silent, member(5), holding(0, 0), { seconds: 9_000n })).toEqual([]);
  const opening = fold(opened, stands, extended);
  expect(kinds(opening, member(5), holding(9, 9), { seconds: 3_000n })).toEqual([]);
  expect(kinds(opening, member(5), holding(9, 9), { seconds: 3_001n })).toEqual(["close"]);
});

test("a quorum that is back cancels an open Recovery, and then signs again", () => {
  const stands: RecoveryEvent = { name: "MemberStands", ...of, nodeId: 5 };
  expect(kinds(fold(opened, stands), member(5, true), holding(0, 0))).toEqual(["sign-cancel"]);
  const cancelled = fold(opened, stands, { name: "RecoveryCancelled", ...of });
  expect(kinds(cancelled, member(5), frozen)).toEqual(["thaw"]);
  expect(kinds(cancelled, member(5), { ...frozen, thawed: new Set([openingId]) })).toEqual([]);
  expect(kinds(cancelled, { ...member(5), runs: false }, frozen)).toEqual([]);
});

test("who was down when an opening was cancelled hears of it with those that came after it", () => {
  const [second, third] = [`0x${"02".repeat(32)}`, `0x${"03".repeat(32)}`] as const;
  const first = [opened, { name: "RecoveryCancelled", ...of }] as const satisfies readonly RecoveryEvent[];
  const again = { ...challenged, openingId: second };
  const answered: RecoveryEvent = { name: "RecoveryCancelled", chainId, openingId: second };
  expect(cancelledOnes(fold(...first))).toEqual([openingId]);
  expect(cancelledOnes(fold(...first, again))).toEqual([openingId]);
  expect(kinds(fold(...first, again), member(5))).toEqual(["thaw"]);
  expect(kinds(fold(...first, again), member(5), { ...nothing, thawed: new Set([openingId]) })).toEqual([]);
  expect(cancelledOnes(fold(...first, again, answered))).toEqual([openingId, second]);
  // Opened it has another name than the challenge had, which froze nobody.
  const reopened = fold(...first, again, { ...opened, openingId: third });
  expect(cancelledOnes(reopened)).toEqual([openingId]);
  expect(kinds(reopened, member(5))).toEqual(["freeze"]);
  expect(cancelledOnes(fold(...first, { ...again, era: 2 }))).toEqual([]);
});

test("seats and key follow the close, again after a failure, until the era has its key", () => {
  const stands: RecoveryEvent = { name: "MemberStands", ...of, nodeId: 5 };
  const base = [opened, stands, closed] as const;
  expect(kinds(fold(...base), member(5), frozen)).toEqual(["start"]);
  // Late, but seats were not asked for yet.
  expect(kinds(fold(...base), member(6), frozen)).toEqual(["stand"]);
  const requested: RecoveryEvent = { name: "RecoverySeatsRequested", chainId, leaving: [6, 7, 8] };
  expect(kinds(fold(...base, requested), member(5), frozen)).toEqual([]);
  const none: RecoveryEvent = { name: "RecoverySeatsUnavailable", chainId, retryAt: 700n };
  expect(kinds(fold(...base, requested, none), member(5), frozen)).toEqual([]);
  expect(kinds(fold(...base, requested, none), member(5), frozen, { seconds: 701n })).toEqual(["start"]);
  const selected: RecoveryEvent = { name: "RecoverySeatsSelected", chainId, nodeIds: [5, 1, 2, 3] };
  expect(kinds(fold(...base, requested, selected), member(5), frozen)).toEqual(["start"]);
  const slot = { chainId, era: 2, epoch: 1 };
  const keygen: RecoveryEvent = { name: "RecoveryKeygen", ...slot, nodeIds: [5, 1, 2, 3] };
  const running = [...base, requested, selected, keygen] as const;
  expect(kinds(fold(...running), member(5), frozen)).toEqual([]);
  const failed: RecoveryEvent = { name: "RecoveryAttemptFailed", ...slot, culprits: [5, 1] };
  expect(fold(...running, failed).standing).toEqual([]);
  expect(kinds(fold(...running, failed), member(5), frozen)).toEqual(["stand", "start"]);
  const recovered: RecoveryEvent = {
    name: "EraRecovered",
    ...slot,
    group: openingId,
    groupKey: "0x01",
    keysHash: openingId,
    beginning,
  };
  expect(kinds(fold(...running, recovered), member(5), frozen)).toEqual([]);
  // A restart in between: still nothing may be signed.
  expect(kinds(fold(...running), member(5))).toEqual(["freeze"]);
});

test("what belongs to another opening changes nothing", () => {
  const other: RecoveryEvent = { name: "RecoveryCancelled", chainId, openingId: `0x${"cd".repeat(32)}` };
  expect(fold(opened, other)).toEqual(fold(opened));
});

test("what the era took over and nobody serves is said to be lacking, late, and what is below it is claimed", () => {
  const opening = fold(opened);
  const held = (lower: number | undefined) => ({ final: 0, order: 0, ...(lower === undefined ? {} : { lower }) });
  const knows = (lower: number | undefined, late: boolean): RecoveryProgress => ({
    ...frozen,
    held: new Map([[openingId, held(lower)]]),
    late: new Set(late ? [openingId] : []),
  });
  expect(kinds(opening, member(5), knows(undefined, true))).toEqual(["stand"]);
  expect(kinds(opening, member(5), knows(0, false))).toEqual(["stand"]);
  expect(kinds(opening, member(5), knows(0, true))).toEqual(["lack", "stand"]);
  expect(kinds(opening, member(5), knows(8, true))).toEqual(["claim", "lack", "stand"]);
  // Only a member of the era that lacks it says so, once.
  expect(kinds(opening, { ...member(5), id: 1 }, knows(0, true))).toEqual([]);
  const said = fold(opened, { name: "InheritedLacks", ...of, nodeId: 5 });
  expect([said.alive, kinds(said, member(5), knows(0, true))]).toEqual([true, ["stand"]]);
  const lower: RecoveryEvent = { name: "InheritedClaimed", ...of, height: 8n, digest: openingId };
  expect(kinds(fold(opened, lower), member(5), knows(8, false))).toEqual(["stand"]);
  expect(kinds(fold(opened, lower), member(5), knows(9, false))).toEqual(["claim", "stand"]);
});
