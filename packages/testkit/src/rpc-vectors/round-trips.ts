import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A test of execution-apis: requests with the answers that they should get, one after the other. */
export type RoundTrips = {
  /** Folder and file without its ending. */
  readonly name: string;
  /** Only keys and types of the answers are prescribed. */
  readonly specOnly: boolean;
  readonly steps: readonly { readonly request: string; readonly answer: Json }[];
};

/** Throws where the file is no test. */
function readRoundTrips(file: string, name: string): RoundTrips {
  const steps: { request: string; answer: Json }[] = [];
  let request: string | undefined;
  let specOnly = false;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line.startsWith("//")) specOnly ||= /^\/\/ *speconly/i.test(line);
    else if (line.startsWith(">> ")) request = line.slice(3);
    else if (line.startsWith("<< ") && request !== undefined) {
      steps.push({ request, answer: JSON.parse(line.slice(3)) as Json });
      request = undefined;
    } else if (line.trim() !== "") throw new TypeError(`${name}: a line is neither request nor answer`);
  }
  if (steps.length === 0 || request !== undefined) throw new TypeError(`${name}: a request without an answer`);
  return { name, specOnly, steps };
}

/** All tests below a folder, in the order of their names. */
export function readFolder(folder: string): readonly RoundTrips[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".io"));
  return files.sort().map((file) => {
    const path = join(folder, file);
    return readRoundTrips(path, relative(folder, path).replace(/\.io$/, ""));
  });
}
