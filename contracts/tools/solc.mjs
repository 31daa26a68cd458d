#!/usr/bin/env node
// forge calls one solc binary; this gives it the one from npm, spread over the processors:
// each worker sees every source but produces code for its share of the files only.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const load = () => createRequire(import.meta.url)("solc");

function shares(input, count) {
  const { "*": all, ...perFile } = input.settings.outputSelection;
  const selection = all ? Object.fromEntries(Object.keys(input.sources).map((file) => [file, all])) : perFile;
  // Largest first, each to the share that has least so far.
  const size = (file) => input.sources[file]?.content?.length ?? 0;
  const files = Object.keys(selection).sort((a, b) => size(b) - size(a));
  const parts = Array.from({ length: Math.max(1, Math.min(count, files.length)) }, () => ({ load: 0, select: {} }));
  for (const file of files) {
    const part = parts.reduce((a, b) => (b.load < a.load ? b : a));
    part.load += size(file) + 1;
    part.select[file] = selection[file];
  }
  return parts.map((part) =>
    JSON.stringify({ ...input, settings: { ...input.settings, outputSelection: part.select } }),
  );
}

const run = (part) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: part });
    worker.once("message", resolve);
    worker.once("error", reject);
  });

function merge(outputs) {
  const [first, ...rest] = outputs.map((text) => JSON.parse(text));
  const errors = new Map((first.errors ?? []).map((error) => [JSON.stringify(error), error]));
  for (const output of rest) {
    for (const error of output.errors ?? []) errors.set(JSON.stringify(error), error);
    for (const [file, contracts] of Object.entries(output.contracts ?? {})) {
      first.contracts ??= {};
      first.contracts[file] = { ...first.contracts[file], ...contracts };
    }
    for (const [file, source] of Object.entries(output.sources ?? {})) {
      first.sources ??= {};
      first.sources[file] = { ...source, ...first.sources[file] };
    }
  }
  if (errors.size > 0) first.errors = [...errors.values()];
  return JSON.stringify(first);
}

if (!isMainThread) {
  parentPort.postMessage(load().compile(workerData));
} else if (process.argv.includes("--version")) {
  console.log(
    `solc, the solidity compiler commandline interface\nVersion: ${load().version().replace("Emscripten.clang", "Linux.g++")}`,
  );
} else if (process.argv.includes("--standard-json")) {
  const parts = shares(JSON.parse(readFileSync(0, "utf8")), availableParallelism());
  process.stdout.write(merge(await Promise.all(parts.map(run))));
} else {
  console.error(`solc wrapper: unknown arguments ${process.argv.slice(2).join(" ")}`);
  process.exitCode = 2;
}
