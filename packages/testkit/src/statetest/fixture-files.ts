import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Where Ethereum's fixtures lie: TRIBUTARY_VECTORS, otherwise beside the checkout. */
export function vectorsFolder(): string {
  const beside = resolve(import.meta.dirname, "../../../../../shared/fixtures");
  return process.env["TRIBUTARY_VECTORS"] ?? beside;
}

/** Unpacks an archive once, into the cache of the system, by the hash of its bytes; the folder. */
export function unpacked(archive: string): string {
  const hash = createHash("sha256").update(readFileSync(archive)).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `tributary-vectors-${process.getuid?.() ?? 0}`, hash);
  if (existsSync(folder)) return folder;
  mkdirSync(join(folder, ".."), { recursive: true, mode: 0o700 });
  const unfinished = mkdtempSync(`${folder}-`);
  execFileSync("tar", ["-xJf", archive, "-C", unfinished]);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    // Another process was faster.
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** The JSON files of a file, a folder or an archive (.tar.xz), in order of their names. */
export function fixtureFiles(path: string): string[] {
  if (path.endsWith(".tar.xz")) return fixtureFiles(unpacked(path));
  if (statSync(path).isFile()) return [path];
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => join(path, name));
}
