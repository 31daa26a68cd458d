// Which room imports which, read from the sources as text. A room is a package, or a folder directly below a package's
// src; imports point down the list of packages, and rooms form no cycle (type-only imports leave no trace at run time
// and do not count for cycles).
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

/** Package -> packages that it may import. `testkit` may import everything and nobody imports it. */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  contracts: ["protocol"],
  evm: ["protocol"],
  chain: ["protocol", "evm"],
  ethereum: ["protocol", "evm", "chain"],
  node: ["protocol", "evm", "chain"],
  agents: ["protocol", "contracts"],
  authority: ["protocol", "contracts"],
  market: ["protocol", "contracts"],
  portal: ["protocol", "contracts"],
  cli: ["protocol", "contracts", "chain", "ethereum", "node", "agents", "authority", "market"],
  testkit: ["protocol", "contracts", "evm", "chain", "ethereum", "node", "agents", "authority", "market", "cli"],
};

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean };

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:([\s\S]*?)\s+from\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts")) yield path;
  }
}

function exists<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Folders that hold a package's sources, by package name. */
function packages(root: string): Map<string, string> {
  const found = new Map<string, string>();
  if (exists(() => readdirSync(join(root, "contracts", "ts")))) found.set("contracts", join(root, "contracts", "ts"));
  for (const name of exists(() => readdirSync(join(root, "packages"))) ?? []) {
    if (exists(() => readdirSync(join(root, "packages", name, "src")))) {
      found.set(name, join(root, "packages", name, "src"));
    }
  }
  return found;
}

function roomOf(file: string, name: string, base: string): string {
  // A file beside the folders is a room of its own: the door, the composition root.
  return `${name}/${(relative(base, file).split(sep)[0] ?? "").replace(/\.tsx?$/, "")}`;
}

function isTest(file: string): boolean {
  return /\.(test|bench)\.tsx?$/.test(file);
}

function importsOf(file: string, name: string, base: string, all: Map<string, string>): Import[] {
  const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const found: Import[] = [];
  for (const match of text.matchAll(importPattern)) {
    const target = match[3] ?? match[4] ?? "";
    const typeOnly = match[1] !== undefined;
    const from = roomOf(file, name, base);
    if (target.startsWith(".")) {
      const path = resolve(dirname(file), target);
      for (const [other, folder] of all) {
        if (path.startsWith(folder + sep)) found.push({ from, to: roomOf(path, other, folder), typeOnly });
      }
    } else if (target.startsWith("@tributary/")) {
      const [, other = "", ...rest] = target.split("/");
      found.push({ from, to: `${other}/${rest[0] ?? "index"}`, typeOnly });
    }
  }
  return found;
}

function cycleFrom(start: string, edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const path: string[] = [];
  const visited = new Set<string>();
  const visit = (room: string): string[] | undefined => {
    path.push(room);
    for (const next of edges.get(room) ?? []) {
      if (next === start) return [...path, start];
      if (!visited.has(next)) {
        visited.add(next);
        const cycle = visit(next);
        if (cycle) return cycle;
      }
    }
    path.pop();
    return undefined;
  };
  return visit(start);
}

/** Every violation below `root`, one sentence each; empty when the rooms are in order. */
export function violations(root: string): string[] {
  const all = packages(root);
  const found = new Set<string>();
  const edges = new Map<string, Set<string>>();
  for (const [name, base] of all) {
    for (const file of sources(base)) {
      for (const { from, to, typeOnly } of importsOf(file, name, base, all)) {
        const target = to.split("/")[0] ?? "";
        const where = relative(root, file);
        if (target !== name && !(allowed[name] ?? []).includes(target)) {
          found.add(`${where}: ${name} must not import ${target}`);
        }
        if (!typeOnly && !isTest(file) && from !== to) {
          const known = edges.get(from) ?? new Set<string>();
          known.add(to);
          edges.set(from, known);
        }
      }
    }
  }
  for (const room of [...edges.keys()].sort()) {
    const cycle = cycleFrom(room, edges);
    if (cycle && room === [...cycle].sort()[0]) found.add(`cycle between rooms: ${cycle.join(" -> ")}`);
  }
  return [...found].sort();
}
