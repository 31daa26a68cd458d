import type { Height, VoteRecord } from "@tributary/protocol/consensus/types";
import type { Availability } from "./availability.ts";
import type { Coins } from "./coins.ts";
import type { Finality } from "./finality.ts";
import type { Orders } from "./orders.ts";
import type { SlotLocks } from "./slot-locks.ts";
import type { CoinSlot } from "./statement.ts";
import type { Deferred, HeldEffect } from "./turn.ts";
import type { Votes } from "./votes.ts";

type Rooms = {
  readonly availability: Availability;
  readonly votes: Votes;
  readonly coins: Coins;
  readonly orders: Orders;
  readonly finality: Finality;
};

/**
 * Releases what one flush of the log covers: locks every binding output, makes the locks durable, then signs and sends.
 * What the journal refuses is left out. Votes of one height share one message, and so do coin shares. consensus.md 11.
 */
export function releaseOutputs(outputs: readonly (HeldEffect | Deferred)[], rooms: Rooms, locks: SlotLocks): void {
  const actions: (() => void)[] = [];
  const add = (action: (() => void) | undefined): void => {
    if (action !== undefined) actions.push(action);
  };
  const votes = new Map<Height, (readonly VoteRecord[])[]>();
  const coins = new Map<Height, CoinSlot[]>();
  for (const output of outputs) {
    switch (output.kind) {
      case "vote":
        gather(votes, output.height, output.records);
        break;
      case "coin":
        gather(coins, output.height, { seat: output.seat, round: output.round });
        break;
      case "propose":
        add(rooms.availability.propose(output.proposal));
        break;
      case "acknowledge":
        add(rooms.availability.acknowledge(output.proposal));
        break;
      case "decide":
        add(rooms.orders.release(output.order));
        break;
      case "sign-final":
        add(rooms.finality.release(output.height, output.hash));
        break;
      case "then":
        actions.push(output.run);
    }
  }
  for (const [height, parts] of votes) add(rooms.votes.release(height, parts));
  for (const [height, slots] of coins) add(rooms.coins.release(height, slots));
  locks.flush(() => {
    for (const action of actions) action();
  });
}

function gather<T>(lists: Map<Height, T[]>, height: Height, item: T): void {
  const list = lists.get(height);
  if (list === undefined) lists.set(height, [item]);
  else list.push(item);
}
