import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bundledCommandLine, CACHE, INDEX, seenFile } from "./bundle.ts";

const SOURCE = "source.ts";
const PART = join(CACHE, "bundle-1-1/command-line.js");
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bundle-"));
  mkdirSync(join(root, CACHE, "bundle-1-1"), { recursive: true });
  for (const path of [SOURCE, PART]) writeFileSync(join(root, path), "export const answer = 42;\n");
  const seen = [SOURCE, PART].map((path) => seenFile(root, path));
  writeFileSync(join(root, CACHE, INDEX), JSON.stringify({ folder: "bundle-1-1", seen }));
});
afterEach(() => rmSync(root, { recursive: true }));

test("a bundle is used while its sources are what they were", () => {
  expect(bundledCommandLine(root)).toBe(pathToFileURL(join(root, PART)).href);
});

test.each([
  ["a source that changed", SOURCE, "export const answer = 43;\n"],
  ["a bundle that was cut off", PART, "export"],
  ["a damaged index", join(CACHE, INDEX), '{"folder":'],
  ["an index of something else", join(CACHE, INDEX), "[]"],
])("not after %s", (_name, path, content) => {
  writeFileSync(join(root, path), content);
  expect(bundledCommandLine(root)).toBeUndefined();
});

test.each([SOURCE, PART, join(CACHE, INDEX)])("not without %s", (path) => {
  rmSync(join(root, path));
  expect(bundledCommandLine(root)).toBeUndefined();
});
