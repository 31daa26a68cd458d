// A program of its own, run by a devnet beside its start: bundles the command line unless that was done before.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { type Plugin, rolldown } from "rolldown";
import { writeAtomically } from "../atomic-file.ts";
import { type BundleIndex, bundledCommandLine, cache, index, inputOf, root } from "./bundle.ts";

/** Not bundled: packages with native parts, files or threads of their own, and those that bundle and compile. */
const APART = [
  ...["@chainsafe/blst", "classic-level", "secp256k1", "bufferutil", "utf-8-validate", "mcl-wasm", "pino", "pg"],
  ...["rolldown", "assemblyscript", "solc"],
];
/** Bundles kept: a process may yet load parts of the one before. */
const KEPT = 2;
const isApart = (name: string): boolean => APART.some((own) => name === own || name.startsWith(`${own}/`));

/** Modules find what lies beside their sources, as without a bundle. */
const sourceUrls: Plugin = {
  name: "source-urls",
  transform(code, id) {
    if (!code.includes("import.meta.url")) return null;
    return { code: code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href)), map: null };
  },
};

async function makeBundle(): Promise<void> {
  const begun = Date.now();
  const folder = `bundle-${process.pid}-${Date.now()}`;
  const build = await rolldown({
    input: join(root, "packages/cli/src/command-line.ts"),
    platform: "node",
    external: isApart,
    plugins: [sourceUrls],
  });
  try {
    const dir = join(cache, folder);
    const { output } = await build.write({ dir, sourcemap: true, chunkFileNames: "[name]-[hash].js" });
    writeFileSync(join(dir, "package.json"), '{"type":"module"}\n');
    const modules = output.flatMap((part) => (part.type === "chunk" ? part.moduleIds : []));
    const inputs = modules
      .filter((id) => id.startsWith(root) && !id.includes("node_modules"))
      .map((id) => inputOf(relative(root, id)));
    const installed = ["package-lock.json", "node_modules/.package-lock.json"].map(inputOf);
    // Also compiles it, so that the first who starts finds that done.
    for (const part of output) if (part.type === "chunk") await import(pathToFileURL(join(dir, part.fileName)).href);
    if (inputs.some(([, , changed]) => changed >= begun)) throw new Error("sources changed meanwhile");
    const made: BundleIndex = { folder, inputs: [...inputs, ...installed] };
    await writeAtomically(index, JSON.stringify(made));
  } finally {
    await build.close();
  }
  const others = readdirSync(cache).filter((name) => /^bundle-\d+-\d+$/.test(name) && name !== folder);
  const byAge = others.sort((a, b) => Number(b.split("-")[2]) - Number(a.split("-")[2]));
  for (const name of byAge.slice(KEPT - 1)) rmSync(join(cache, name), { recursive: true, force: true });
}

enableCompileCache(cache);
mkdirSync(cache, { recursive: true });
if (bundledCommandLine() === undefined) await makeBundle();
process.exit(0);
