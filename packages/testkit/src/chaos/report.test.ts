import { expect, test } from "vitest";
import { asText, type Incident, type Report, summarise } from "./report.ts";

function incident(kind: string, beyond: boolean, nextBlock: number | undefined, blocks = 3): Incident {
  const faults = [{ kind, victims: [1, 2], detail: "as told" }];
  return { at: 1_000, lasted: 500, beyond, faults, blocks, nextBlock, allBack: nextBlock };
}

function report(change: Partial<Report> = {}): Report {
  const bursts = [900, 20, 40, 7_000, 30].map((time) => incident("kill", true, time));
  return {
    ...{ members: 4, seed: 7, minutes: 1.5, interrupted: false, notInjected: [], blocks: 9, acknowledged: 8 },
    ...{ observations: 7, certificates: 36, violations: [] },
    incidents: [...bursts, incident("freeze", true, 10), incident("partition", false, 5, 0)],
    ...change,
  };
}

test("bursts are counted by kind, and the median and the worst wait for a block come from bursts alone", () => {
  expect(summarise(report())).toEqual({
    bursts: { kill: 5, freeze: 1 },
    belowF: 1,
    nextBlock: { median: 30, worst: 7_000 },
    allBack: { median: 30, worst: 7_000 },
    pausedBelowF: 1,
  });
  expect(summarise(report({ incidents: [] })).nextBlock).toBeUndefined();
});

test("what was not done or not kept is said loudly", () => {
  const text = asText(report());
  expect(text).toContain("!! fewer than 5 bursts: freeze\n");
  expect(text).toContain("BEYOND f: kill of 1+2 (as told)");
  expect(text).not.toMatch(/NOT INJECTED|INTERRUPTED|VIOLATION/);
  const worse = asText(
    report({
      interrupted: true,
      notInjected: ["full disk: no namespaces"],
      violations: [{ rule: "one chain", what: "two" }],
      incidents: [incident("kill", true, undefined)],
    }),
  );
  expect(worse).toContain("!! NOT INJECTED: full disk: no namespaces");
  expect(worse).toContain("!! INTERRUPTED");
  expect(worse).toContain('VIOLATION of "one chain": two');
  expect(worse).toContain("never");
  expect(worse.endsWith("1 violations")).toBe(true);
});
