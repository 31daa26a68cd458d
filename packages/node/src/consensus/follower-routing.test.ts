import { word } from "@tributary/protocol/evidence/evidence.testing";
import { NO_SEAT } from "@tributary/protocol/ports/member-host";
import { decode } from "@tributary/protocol/wire/index";
import { expect, test } from "vitest";
import { Assignment } from "./assignment.ts";
import type { MemberConfig } from "./member-config.ts";
import { type DriverPorts, MemberContext } from "./member-context.ts";
import type { PoolEntry } from "./ports.ts";
import { ProposalBuilder } from "./proposal-builder.ts";
import { TransactionRouting } from "./transaction-routing.ts";
import type { Turn } from "./turn.ts";

const raw = Uint8Array.of(2, 1);
const entry: PoolEntry = {
  hash: word(7),
  sender: `0x${"11".repeat(20)}`,
  raw,
  sealed: raw,
  gas: 21_000,
  age: 0,
  lane: "history",
};

/** Who follows a chain of seven far from its beginning, with one transaction that waits here. */
function follower() {
  const sent: number[] = [];
  let now = 0;
  let due: { readonly at: number; readonly run: () => void } | undefined;
  const waiting = [entry];
  const ports = {
    clock: {
      now: () => now,
      after: (wait: number, run: () => void) => {
        due = { at: now + wait, run };
        return () => undefined;
      },
    },
    pool: { onArrival: () => undefined, ready: () => waiting, executable: () => waiting },
    observer: { event: () => undefined },
    mesh: {
      send: (to: number, _channel: string, bytes: Uint8Array) => {
        const message = decode(bytes, { members: 7, containerBytes: 1_000_000 });
        if (message?.kind === "forward" && message.transactions.length === 1) sent.push(to);
      },
    },
  };
  const config = { group: word(1), era: 0, epoch: 3, seat: NO_SEAT, members: 7, containerBytes: 1_000_000 };
  const context = new MemberContext(config as unknown as MemberConfig, ports as unknown as DriverPorts);
  context.ordered = 900;
  for (let seat = 0; seat < 7; seat++) context.up.add(seat);
  const turn = { input: () => undefined } as unknown as Turn;
  const routing = new TransactionRouting(context, turn, new Assignment(7, word(0)), new ProposalBuilder(context));
  /** Looks once a second, as a driver does; the seats that were sent something meanwhile. */
  const seconds = (count: number): readonly number[] => {
    sent.length = 0;
    for (let second = 0; second < count; second++) {
      now += 1_000;
      routing.look();
      due?.run();
    }
    return [...sent].sort((a, b) => a - b);
  };
  routing.start();
  return { seconds, waiting };
}

test("who follows hands a transaction to enough members once, and to all again while it is not mined", () => {
  const { seconds, waiting } = follower();
  // One of f + 1 is honest.
  expect(seconds(20)).toEqual([0, 1, 2]);
  expect(seconds(20)).toEqual([]);
  expect(seconds(60)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(seconds(60)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  waiting.pop();
  expect(seconds(600)).toEqual([]);
});
