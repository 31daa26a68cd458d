import type { DevnetInfo } from "../devnet/devnet.ts";

/** Counters of the nodes that are compared per height, summed over all nodes and labels. */
export async function readCounters(info: DevnetInfo): Promise<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (const node of info.nodes) {
    const text = await (await fetch(new URL("/metrics", node.rpc))).text();
    for (const line of text.split("\n")) {
      const match = /^(tributary_(?:messages|bytes|signatures)[a-z_]*_total)(?:\{[^}]*\})? ([\d.e+]+)$/.exec(line);
      if (match?.[1] !== undefined) totals[match[1]] = (totals[match[1]] ?? 0) + Number(match[2]);
    }
  }
  return totals;
}
