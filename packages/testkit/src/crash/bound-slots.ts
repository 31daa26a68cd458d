import { forEachSeat } from "@tributary/protocol/consensus/vote-set";
import type { Message } from "@tributary/protocol/wire/index";

/** The slots of the journal that a message binds, by their names. consensus.md 11. */
export function boundSlots(message: Message): readonly string[] {
  switch (message.kind) {
    case "proposal": {
      const { era, epoch, height } = message.header;
      return [`${era}.${epoch}.${height}.proposal`];
    }
    case "ack":
      return [`${message.era}.${message.epoch}.${message.height}.ack.${message.proposer}`];
    case "decide":
      return [`${message.era}.${message.epoch}.${message.height}.order`];
    case "final":
      return [`${message.era}.${message.height}.final`];
    case "vote": {
      const slots: string[] = [];
      for (const { kind, round, zeros, ones } of message.records) {
        if (kind === "est") continue;
        forEachSeat(zeros | ones, (seat) => {
          slots.push(`${message.era}.${message.epoch}.${message.height}.${kind}.${round}.${seat}`);
        });
      }
      return slots;
    }
    default:
      return [];
  }
}
