import { expect, test } from "vitest";
import { EraWatch } from "./era-watch.ts";

const group = `0x${"01".repeat(32)}` as const;
const id = `0x${"02".repeat(32)}` as const;

test("an era is open once the mainchain is heard, and silent when it was not heard for too long", () => {
  let now = 0;
  const watch = new EraWatch(100, () => now);
  expect(watch.standing(group, 1, 0)).toBe("unknown");
  // Not heard since the start: the chain's newest container tells for how long nobody could hear.
  expect(watch.standing(group, 1, 101)).toBe("silent");
  watch.heard();
  expect(watch.standing(group, 1, 101)).toBe("open");
  now = 101;
  expect(watch.standing(group, 1, 0)).toBe("silent");
});

test("what is known of a Recovery stands before silence, and is of its own era only", () => {
  let now = 0;
  const watch = new EraWatch(100, () => now);
  watch.heard();
  watch.tell(group, { era: 1, open: id });
  now = 500;
  expect(watch.standing(group, 1, 0)).toEqual({ opening: id });
  expect(watch.standing(group, 2, 0)).toBe("silent");
  watch.tell(group, { era: 1, cancelled: [id] });
  expect(watch.standing(group, 1, 0)).toBe("silent");
  watch.heard();
  expect(watch.standing(group, 1, 0)).toEqual({ cancelled: [id] });
});
