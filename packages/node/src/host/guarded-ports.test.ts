import type { Executor } from "@tributary/protocol/ports/execution";
import { expect, test } from "vitest";
import { FairTurns } from "./fair-turns.ts";
import { memberGuard, sharedExecutor } from "./guarded-ports.ts";

test("the first failure is reported and nothing of the member runs after it", () => {
  const failures: unknown[] = [];
  const guard = memberGuard((error) => failures.push(error));
  const ran: number[] = [];
  const note = guard((value: number) => {
    ran.push(value);
  });
  const bad = guard(() => {
    throw new Error("broken");
  });
  note(1);
  bad();
  bad();
  note(2);
  expect(ran).toEqual([1]);
  expect(failures).toEqual([new Error("broken")]);
});

test("a rollback gives the turn back that its container held", () => {
  const calls: string[] = [];
  const chain = (name: string): Executor => ({
    committed: 0,
    knows: () => true,
    execute: () => calls.push(`execute ${name}`),
    commit: () => {},
    rollback: () => calls.push(`rollback ${name}`),
  });
  const guard = memberGuard((error) => {
    throw error;
  });
  let now = 0;
  const turns = new FairTurns(() => now);
  const container = { height: 1 } as Parameters<Executor["execute"]>[0];
  const one = sharedExecutor(chain("one"), turns.open(1), guard, () => {});
  const two = sharedExecutor(chain("two"), turns.open(1), guard, () => {});
  one.execute(container, () => {});
  now = 100;
  one.execute(container, () => {});
  two.execute(container, () => {});
  one.rollback();
  one.execute(container, () => {});
  expect(calls).toEqual(["execute one", "execute two", "rollback one", "execute one"]);
});
