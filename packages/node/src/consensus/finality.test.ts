import { word } from "@tributary/protocol/evidence/evidence.testing";
import type { FinalityMessage } from "@tributary/protocol/wire/index";
import { expect, test } from "vitest";
import type { Evidence } from "./evidence.ts";
import { Finality } from "./finality.ts";
import type { MemberConfig } from "./member-config.ts";
import { type DriverPorts, MemberContext } from "./member-context.ts";
import type { OwnMessages } from "./own-messages.ts";
import type { SlotLocks } from "./slot-locks.ts";
import type { Turn } from "./turn.ts";

/** A member that has committed so much; every certificate is good. */
function member(committed = 0) {
  const inputs: number[] = [];
  const ports = {
    executor: { committed },
    observer: { event: () => undefined },
    verifier: {
      certificate: (_digest: Uint8Array, _bytes: Uint8Array, done: (ok: boolean) => void) => done(true),
      node: (_seat: number, _digest: Uint8Array, _bytes: Uint8Array, done: (ok: boolean) => void) => done(true),
    },
  };
  const turn = { input: ({ height }: { height: number }) => inputs.push(height) };
  const config = { group: word(1), era: 0, epoch: 0, seat: 0, members: 4 } as unknown as MemberConfig;
  const context = new MemberContext(config, ports as unknown as DriverPorts);
  context.committed = committed;
  const finality = new Finality(
    context,
    turn as unknown as Turn,
    {} as OwnMessages,
    {} as SlotLocks,
    {} as Evidence,
    () => 0,
    () => undefined,
  );
  const message = (height: number): FinalityMessage => ({
    kind: "finality",
    epoch: 0,
    height,
    hash: word(height % 256),
    certificateEra: 0,
    certificate: new Uint8Array(96),
  });
  const hear = (height: number): void => finality.onFinality(1, message(height));
  const replay = (height: number): void => finality.replay(message(height), new Uint8Array(1));
  return { finality, context, inputs, hear, replay };
}

test("a member far behind keeps the certificates that it commits next, however many come after them", () => {
  const { finality, context, inputs, hear } = member();
  for (let height = 2; height <= 1_000; height++) hear(height);
  // The lowest one comes last, with its container.
  hear(1);
  expect([finality.certified(1)?.hash, finality.certified(2)?.hash]).toEqual([word(1), word(2)]);
  expect(finality.certified(999)).toBeUndefined();
  // The core hears of all of them.
  expect([context.final, inputs.length]).toEqual([1_000, 1_000]);
  finality.forget(1);
  expect([finality.certified(1), finality.certified(2)?.hash]).toEqual([undefined, word(2)]);
});

test("what a log says of heights committed long ago takes no place of the certificate that is awaited", () => {
  const { finality, context, inputs, hear, replay } = member(302);
  for (let height = 1; height <= 302; height++) replay(height);
  expect(context.final).toBe(302);
  expect([finality.certified(1), finality.certified(302)]).toEqual([undefined, undefined]);
  // As catching up brings them, with their containers.
  for (let height = 303; height <= 310; height++) hear(height);
  expect(finality.certified(303)?.hash).toBe(word(303 % 256));
  expect(finality.certified(310)?.hash).toBe(word(310 % 256));
  expect(inputs).toEqual([303, 304, 305, 306, 307, 308, 309, 310]);
});

test("FINALs that leave no hash with a quorum are a split, and others are not", () => {
  const { finality, context } = member(6);
  context.ordered = 7;
  const say = (seat: number, hash: number): void =>
    finality.onFinal(seat, {
      kind: "final",
      group: word(1),
      era: 0,
      epoch: 0,
      height: 7,
      seat,
      hash: word(hash),
      share: new Uint8Array(96),
      signature: new Uint8Array(64),
    });
  say(1, 20);
  say(2, 21);
  // The two that are silent could still bring either of them to three.
  expect(finality.split).toBeUndefined();
  say(3, 21);
  expect(finality.split).toBeUndefined();
  say(0, 20);
  const hashes = [
    { hash: word(20), seats: [1, 0] },
    { hash: word(21), seats: [2, 3] },
  ];
  expect(finality.split).toEqual({ height: 7, hashes });
});
