// A program of its own, run by a devnet beside its start: bundles the command line unless that was done before.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { type Plugin, rolldown } from "rolldown";
import { writeAtomically } from "../atomic-file.ts";
import { type BundleIndex, bundledCommandLine, CACHE, checkout, INDEX, seenFile } from "./bundle.ts";

/** Not bundled: packages with native parts, files or threads of their own, and those that bundle and compile. */
const APART = [
  ...["@chainsafe/blst", "classic-level", "secp256k1", "bufferutil", "utf-8-validate", "mcl-wasm", "pino", "pg"],
  ...["rolldown", "assemblyscript", "solc"],
];
/** Bundles kept: processes that run on earlier ones may yet load parts of them. */
const KEPT = 5;
const isApart = (name: string): boolean => APART.some((own) => name === own || name.startsWith(`${own}/`));

/** Modules find what lies beside their sources, as without a bundle. */
const sourcePlaces: Plugin = {
  name: "source-places",
  transform(code, id) {
    if (!code.includes("import.meta.")) return null;
    const places = { url: pathToFileURL(id).href, dirname: dirname(id), filename: id };
    const placed = code.replace(/\bimport\.meta\.(url|dirname|filename)\b/g, (_, name: keyof typeof places) =>
      JSON.stringify(places[name]),
    );
    return { code: placed, map: null };
  },
};

async function makeBundle(): Promise<void> {
  const begun = Date.now();
  const folder = `bundle-${begun}-${process.pid}`;
  const dir = join(checkout, CACHE, folder);
  const build = await rolldown({
    input: join(checkout, "packages/cli/src/command-line.ts"),
    platform: "node",
    external: isApart,
    plugins: [sourcePlaces],
  });
  const { output } = await build.write({ dir, sourcemap: true, chunkFileNames: "[name]-[hash].js" });
  await build.close();
  writeFileSync(join(dir, "package.json"), '{"type":"module"}\n');
  const chunks = output.filter((part) => part.type === "chunk");
  const sources = chunks
    .flatMap(({ moduleIds }) => moduleIds)
    .filter((id) => id.startsWith(checkout))
    .map((id) => relative(checkout, id))
    // Not the checkout's own path, which may lie in such a folder.
    .filter((path) => !path.includes("node_modules"))
    .map((path) => seenFile(checkout, path));
  if (sources.some(([, , changed]) => changed >= begun)) throw new Error("sources changed meanwhile");
  const others = ["package-lock.json", "node_modules/.package-lock.json"];
  const own = chunks.map(({ fileName }) => join(CACHE, folder, fileName));
  const seen = [...sources, ...[...others, ...own].map((path) => seenFile(checkout, path))];
  // What cannot be loaded is not used; and it is compiled now, before several processes start at one time.
  for (const { fileName } of chunks) await import(pathToFileURL(join(dir, fileName)).href);
  const made: BundleIndex = { folder, seen };
  await writeAtomically(join(checkout, CACHE, INDEX), JSON.stringify(made));
}

function removeOld(): void {
  const bundles = readdirSync(join(checkout, CACHE)).filter((name) => /^bundle-\d+-\d+$/.test(name));
  for (const name of bundles.sort().slice(0, -KEPT)) {
    rmSync(join(checkout, CACHE, name), { recursive: true, force: true });
  }
}

enableCompileCache(join(checkout, CACHE));
mkdirSync(join(checkout, CACHE), { recursive: true });
if (bundledCommandLine() === undefined) {
  await makeBundle();
  removeOld();
}
process.exit(0);
