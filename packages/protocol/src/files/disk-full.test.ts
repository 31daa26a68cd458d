import { expect, test } from "vitest";
import { isDiskFull } from "./disk-full.ts";

test("a full disk is known by the system's code or LevelDB's words, however deep", () => {
  const system = Object.assign(new Error("write failed"), { code: "ENOSPC" });
  const level = new Error("IO error: /x/000003.log: No space left on device");
  for (const cause of [system, level, Object.assign(new Error("quota"), { code: "EDQUOT" })]) {
    expect(isDiskFull(cause)).toBe(true);
    expect(isDiskFull(new Error("cannot write", { cause }))).toBe(true);
  }
});

test("other failures are not one", () => {
  const damaged = new Error("a hole", { cause: Object.assign(new Error("x"), { code: "EIO" }) });
  const circle = new Error("circle");
  circle.cause = circle;
  for (const error of [damaged, circle, undefined, "ENOSPC", { code: "ENOSPC" }]) expect(isDiskFull(error)).toBe(false);
});
