import type { Violation } from "./history.ts";

export type FaultRecord = { readonly kind: string; readonly victims: readonly number[]; readonly detail: string };

/** Faults that were there at the same time. Times in milliseconds, `at` since the beginning of the run. */
export type Incident = {
  readonly at: number;
  readonly lasted: number;
  /** More than f members were struck. */
  readonly beyond: boolean;
  readonly faults: readonly FaultRecord[];
  /** Blocks made while the faults were there. */
  readonly blocks: number;
  /** From the healing to the next block that anybody showed; undefined: none came. */
  readonly nextBlock: number | undefined;
  /** From the healing until every member had shown a newer block than any had before. */
  readonly allBack: number | undefined;
};

export type Report = {
  readonly members: number;
  readonly seed: number;
  readonly minutes: number;
  readonly interrupted: boolean;
  readonly incidents: readonly Incident[];
  /** Faults that could not be brought about here, or only in part, each with the reason. */
  readonly notInjected: readonly string[];
  readonly blocks: number;
  readonly acknowledged: number;
  readonly observations: number;
  /** Blocks read with their certificates, over all members. */
  readonly certificates: number;
  readonly violations: readonly Violation[];
};

/** Bursts of each kind that a long run should have. */
const BURSTS_WANTED = 5;

export type Summary = {
  readonly bursts: Readonly<Record<string, number>>;
  readonly belowF: number;
  /** Milliseconds from the end of a burst to the next block: median and worst; undefined without bursts. */
  readonly nextBlock: { readonly median: number; readonly worst: number } | undefined;
  readonly allBack: { readonly median: number; readonly worst: number } | undefined;
  /** Incidents within f during which no block was made. */
  readonly pausedBelowF: number;
};

export function summarise({ incidents }: Report): Summary {
  const beyond = incidents.filter((incident) => incident.beyond);
  const within = incidents.filter((incident) => !incident.beyond);
  const bursts: Record<string, number> = {};
  for (const { faults } of beyond) for (const { kind } of faults) bursts[kind] = (bursts[kind] ?? 0) + 1;
  return {
    bursts,
    belowF: within.length,
    nextBlock: spread(beyond.map(({ nextBlock }) => nextBlock)),
    allBack: spread(incidents.map(({ allBack }) => allBack)),
    pausedBelowF: within.filter(({ blocks }) => blocks === 0).length,
  };
}

export function asText(report: Report): string {
  const { incidents, notInjected, violations, members, seed, minutes, blocks, acknowledged } = report;
  const { bursts, belowF, nextBlock, allBack, pausedBelowF } = summarise(report);
  const few = Object.entries(bursts).filter(([, count]) => count < BURSTS_WANTED);
  const kinds = Object.entries(bursts).map(([kind, count]) => `${kind} ${count}`);
  return [
    "     at   lasted   blocks     next      all  faults",
    ...incidents.map(line),
    "",
    `${members} members, seed ${seed}, ${minutes} minutes: ${blocks} blocks, ${acknowledged} transactions acknowledged,`,
    `${report.observations} looks and ${report.certificates} certificates of members checked`,
    `within f: ${belowF} times, ${pausedBelowF} of them without a block meanwhile`,
    `beyond f: ${kinds.join(", ") || "never"}`,
    ...(few.length === 0 ? [] : [`!! fewer than ${BURSTS_WANTED} bursts: ${few.map(([kind]) => kind).join(", ")}`]),
    `from the end of a burst to the next block: ${shown(nextBlock)}; from any healing until all members are back: ${shown(allBack)}`,
    ...notInjected.map((what) => `!! NOT INJECTED: ${what}`),
    ...(report.interrupted ? ["!! INTERRUPTED: nothing was judged"] : []),
    ...violations.map(({ rule, what }) => `VIOLATION of "${rule}": ${what}`),
    `${violations.length} violations`,
  ].join("\n");
}

function line({ at, lasted, beyond, blocks, nextBlock, allBack, faults }: Incident): string {
  const times = [at, lasted, blocks, nextBlock, allBack].map((figure) => String(figure ?? "never").padStart(8));
  const what = faults.map(({ kind, victims, detail }) => {
    return `${kind}${victims.length === 0 ? "" : ` of ${victims.join("+")}`} (${detail})`;
  });
  return `${times.join(" ")}  ${beyond ? "BEYOND f: " : ""}${what.join("; ")}`;
}

function spread(times: readonly (number | undefined)[]): Summary["nextBlock"] {
  const known = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  const [median, worst] = [known[Math.floor((known.length - 1) / 2)], known.at(-1)];
  return median === undefined || worst === undefined ? undefined : { median, worst };
}

function shown(times: Summary["nextBlock"]): string {
  return times === undefined ? "none" : `median ${times.median} ms, worst ${times.worst} ms`;
}
