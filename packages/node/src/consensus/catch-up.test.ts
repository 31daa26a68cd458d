import { word } from "@tributary/protocol/evidence/evidence.testing";
import { decode, type Limits } from "@tributary/protocol/wire/index";
import { expect, test } from "vitest";
import type { Border } from "./border.ts";
import { CatchUp } from "./catch-up.ts";
import type { DriverEvent } from "./driver-event.ts";
import type { Execution } from "./execution.ts";
import type { Finality } from "./finality.ts";
import type { MemberConfig } from "./member-config.ts";
import { type DriverPorts, MemberContext } from "./member-context.ts";

type Asked = { readonly to: number; readonly height: number };

/** A member of four that has executed nothing, with links to the other three. */
function member(told: (event: DriverEvent, context: MemberContext) => void = () => undefined) {
  const asked: Asked[] = [];
  let now = 5_000;
  const limits: Limits = { members: 4, containerBytes: 1_000_000 };
  const ports = {
    clock: { now: () => now },
    observer: { event: (event: DriverEvent) => told(event, context) },
    mesh: {
      send: (to: number, _channel: string, bytes: Uint8Array) => {
        const message = decode(bytes, limits);
        if (message?.kind === "get-container") asked.push({ to, height: message.height });
      },
    },
  } as unknown as DriverPorts;
  const config = { group: word(1), era: 0, epoch: 1, seat: 0, members: 4, containerBytes: 1_000_000 };
  const context: MemberContext = new MemberContext(config as unknown as MemberConfig, ports);
  for (const seat of [1, 2, 3]) context.up.add(seat);
  const execution = {
    ...{ tip: 0, committed: 0, halted: undefined },
    ...{ starves: () => false, lacks: () => true, bare: () => false, uncertified: () => false },
  };
  const catchUp = new CatchUp(
    context,
    execution as unknown as Execution,
    {} as Finality,
    { last: Number.POSITIVE_INFINITY } as Border,
    () => false,
  );
  return {
    asked,
    catchUp,
    pass: (ms: number): void => {
      now += ms;
      catchUp.tick();
    },
  };
}

test("containers are asked of the first who is ahead", () => {
  const { asked, catchUp } = member();
  catchUp.statusElsewhere(1, 40);
  expect(asked[0]).toEqual({ to: 1, height: 1 });
});

test("where the first who is heard claims to be far ahead, others are heard before anything is asked", () => {
  const { asked, catchUp, pass } = member();
  catchUp.statusElsewhere(1, 10_000);
  pass(999);
  expect(asked).toEqual([]);
  pass(1);
  expect(asked[0]).toEqual({ to: 1, height: 1 });
});

test("what an honest member claims is told once, and before containers are asked for: who takes a snapshot asks for none", () => {
  const claims: number[] = [];
  const heard = member((event) => event.kind === "claimed" && claims.push(event.final));
  heard.catchUp.statusElsewhere(1, 10_000);
  heard.catchUp.statusElsewhere(2, 9_000);
  heard.catchUp.statusElsewhere(2, 9_000);
  expect(claims).toEqual([9_000]);
  expect(heard.asked.length).toBeGreaterThan(0);

  const joining = member((_, context) => {
    context.joining = true;
  });
  joining.catchUp.statusElsewhere(1, 10_000);
  joining.catchUp.statusElsewhere(2, 9_000);
  joining.pass(5_000);
  expect(joining.asked).toEqual([]);
});
