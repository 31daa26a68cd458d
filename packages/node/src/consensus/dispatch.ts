import type { Seat } from "@tributary/protocol/consensus/types";
import type { Message } from "@tributary/protocol/wire/index";
import type { Amnesia } from "./amnesia.ts";
import type { Availability } from "./availability.ts";
import type { Bodies } from "./bodies.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Coins } from "./coins.ts";
import type { Evidence } from "./evidence.ts";
import type { Finality } from "./finality.ts";
import type { Inheritance } from "./inheritance.ts";
import type { MemberContext } from "./member-context.ts";
import type { Orders } from "./orders.ts";
import type { Resync } from "./resync.ts";
import type { TransactionRouting } from "./transaction-routing.ts";
import type { Votes } from "./votes.ts";

type Rooms = {
  readonly availability: Availability;
  readonly votes: Votes;
  readonly coins: Coins;
  readonly orders: Orders;
  readonly finality: Finality;
  readonly bodies: Bodies;
  readonly evidence: Evidence;
  readonly amnesia: Amnesia;
  readonly catchUp: CatchUp;
  readonly resync: Resync;
  readonly routing: TransactionRouting;
  readonly inheritance: Inheritance;
};

/** Takes each message to the room that it concerns. */
export class Dispatch {
  readonly #context: MemberContext;
  readonly #rooms: Rooms;

  constructor(context: MemberContext, rooms: Rooms) {
    this.#context = context;
    this.#rooms = rooms;
  }

  /** Between those who follow and anybody else there is only what is final, and what a client gave. */
  follow(from: Seat, message: Message, bytes: Uint8Array): void {
    switch (message.kind) {
      case "status":
        this.#rooms.resync.onStatus(from, message);
        break;
      case "get-container":
        this.#rooms.catchUp.onGetContainer(from, message);
        break;
      case "container":
        if (!this.#inherit(from, message, bytes)) this.#rooms.catchUp.onContainer(from, message, bytes);
        break;
      case "forward":
        if (!this.#context.observer) this.#rooms.routing.onForward(message);
        break;
      default:
        if (!this.#inherit(from, message, bytes)) this.#context.drop(from, message.kind, "outside-window");
    }
  }

  /** What an era left belongs to whoever needs it, with or without a seat. False where the message is about something else. */
  #inherit(from: Seat, message: Message, bytes: Uint8Array): boolean {
    switch (message.kind) {
      case "order":
        return this.#rooms.inheritance.onOrder(from, message, bytes);
      case "container":
        return this.#rooms.inheritance.onContainer(from, message);
      case "get-order":
        if (!this.#rooms.inheritance.covers(message.height)) return false;
        this.#rooms.orders.serve(from, message.height);
        return true;
      case "get-body":
        if (!this.#rooms.inheritance.covers(message.height)) return false;
        this.#rooms.bodies.onGetBody(from, message);
        return true;
      case "body":
        if (!this.#rooms.inheritance.covers(message.height)) return false;
        this.#rooms.bodies.onBody(from, message);
        return true;
      default:
        return false;
    }
  }

  take(from: Seat, message: Message, bytes: Uint8Array): void {
    if (this.#inherit(from, message, bytes)) return;
    switch (message.kind) {
      case "proposal":
        this.#rooms.availability.onProposal(from, message, bytes);
        this.#stale(from, message.header.height);
        break;
      case "ack":
        this.#rooms.availability.onAck(from, message);
        break;
      case "certificate":
        this.#rooms.availability.onCertificate(from, message, bytes);
        break;
      case "vote":
        this.#rooms.votes.onVote(from, message, bytes);
        this.#stale(from, message.height);
        break;
      case "coin":
        this.#rooms.coins.onCoin(from, message);
        break;
      case "decide":
        this.#rooms.orders.onDecide(from, message);
        break;
      case "order":
        this.#rooms.amnesia.onOrder(from, message);
        this.#rooms.orders.onOrder(from, message, bytes);
        break;
      case "final":
        this.#rooms.finality.onFinal(from, message);
        break;
      case "finality":
        this.#rooms.finality.onFinality(from, message);
        break;
      case "container":
        this.#rooms.catchUp.onContainer(from, message, bytes);
        break;
      case "status":
        this.#rooms.amnesia.onStatus(from, message);
        this.#rooms.resync.onStatus(from, message);
        break;
      case "get-certificate":
        this.#rooms.availability.onGetCertificate(from, message.height, message.seat);
        break;
      case "get-body":
        this.#rooms.bodies.onGetBody(from, message);
        break;
      case "body":
        this.#rooms.bodies.onBody(from, message);
        break;
      case "get-order":
        this.#rooms.orders.serve(from, message.height);
        break;
      case "get-container":
        this.#rooms.catchUp.onGetContainer(from, message);
        break;
      case "repeat":
        this.#rooms.resync.onRepeat(from, message.height);
        break;
      case "forward":
        this.#rooms.routing.onForward(message);
        break;
      case "evidence":
        this.#rooms.evidence.onEvidence(from, message);
    }
  }

  #stale(from: Seat, height: number): void {
    if (height < this.#context.ordered) this.#rooms.resync.answerStale(from, height);
  }
}
