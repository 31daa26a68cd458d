import type { Input, Seat } from "@tributary/protocol/consensus/types";
import { decode } from "@tributary/protocol/wire/index";
import type { Availability } from "./availability.ts";
import type { Bodies } from "./bodies.ts";
import type { Border } from "./border.ts";
import type { Execution } from "./execution.ts";
import type { Finality } from "./finality.ts";
import type { Freeze } from "./freeze.ts";
import type { LogRecord } from "./log-record.ts";
import type { MemberContext } from "./member-context.ts";
import type { Orders } from "./orders.ts";
import type { Timers } from "./timers.ts";
import type { TransactionRouting } from "./transaction-routing.ts";
import type { Votes } from "./votes.ts";

/** What keeps something of its own of what the log says again. */
export type ReplayRooms = {
  readonly availability: Availability;
  readonly bodies: Bodies;
  readonly border: Border;
  readonly execution: Execution;
  readonly finality: Finality;
  readonly freeze: Freeze;
  readonly orders: Orders;
  readonly routing: TransactionRouting;
  readonly timers: Timers;
  readonly votes: Votes;
};

/** The input that a record of the log stands for, with what the rooms keep of it. */
export function replayedInput(
  context: MemberContext,
  rooms: ReplayRooms,
  record: Exclude<LogRecord, { readonly kind: "base" }>,
): Input | undefined {
  switch (record.kind) {
    case "work":
      rooms.routing.replayWork(record.pending);
      return { kind: "work", pending: record.pending };
    case "coin":
      return record;
    case "executed": {
      const { height } = record.header;
      const hash = rooms.execution.replayExecuted(record.header);
      return hash === undefined ? undefined : { kind: "executed", height, hash };
    }
    case "timer":
      rooms.timers.fired(record.timer);
      return { kind: "timer", timer: record.timer };
    case "border":
      rooms.border.replay(record.first);
      return record;
    case "freeze":
      rooms.freeze.replay(record.opening);
      return undefined;
    case "thaw":
      rooms.freeze.replay(undefined);
      return undefined;
    case "message":
      return messageInput(context, rooms, record.from, record.message);
  }
}

function messageInput(context: MemberContext, rooms: ReplayRooms, from: Seat, bytes: Uint8Array): Input | undefined {
  const message = decode(bytes, context.limits);
  switch (message?.kind) {
    case "proposal":
      if (from === context.config.seat) {
        const proposal = rooms.availability.replayOwn(message);
        return { kind: "built", proposal };
      }
      return { kind: "proposal", proposal: rooms.availability.replayProposal(message) };
    case "certificate":
      return { kind: "certificate", proposal: rooms.availability.replayCertificate(message, bytes) };
    case "vote":
      rooms.votes.replay(from, message);
      return { kind: "vote", height: message.height, from, records: message.records };
    case "order":
      return { kind: "order", order: rooms.orders.replay(message, bytes) };
    case "finality":
      rooms.finality.replay(message, bytes);
      return { kind: "final", height: message.height, hash: message.hash };
    case "body":
      rooms.bodies.replay(message);
      return undefined;
    default:
      return undefined;
  }
}
