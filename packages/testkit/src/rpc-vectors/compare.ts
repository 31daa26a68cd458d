import { BaseError } from "viem";
import { getNodeError } from "viem/utils";
import type { Json } from "./round-trips.ts";

type Fields = { readonly [key: string]: Json };

function isFields(value: Json | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What viem makes of a node's message: the name of its error's class. */
export function errorClass(message: string): string {
  return getNodeError(new BaseError(message, { details: message }), {}).name;
}

/** Where two errors differ for a client: code, class of the message, data. */
function errorDifference(actual: Fields, wanted: Fields): string | undefined {
  if (actual["code"] !== wanted["code"]) {
    return `error code ${show(actual["code"])} (${show(actual["message"])}), want ${show(wanted["code"])} (${show(wanted["message"])})`;
  }
  const [given, expected] = [errorClass(String(actual["message"])), errorClass(String(wanted["message"]))];
  if (given !== expected) {
    return `viem takes ${show(actual["message"])} for ${given}, but ${show(wanted["message"])} for ${expected}`;
  }
  return valueDifference(actual["data"], wanted["data"], "error.data");
}

function show(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** The first place where two values differ; undefined where they are the same. */
function valueDifference(actual: Json | undefined, wanted: Json | undefined, path: string): string | undefined {
  if (Array.isArray(actual) && Array.isArray(wanted)) {
    if (actual.length !== wanted.length) return `${path} has ${actual.length} items, want ${wanted.length}`;
    return first(wanted.keys(), (index) => valueDifference(actual[index], wanted[index], `${path}[${index}]`));
  }
  if (isFields(actual) && isFields(wanted)) {
    // A message inside a result is words for people as well.
    if (path.endsWith(".error")) return errorDifference(actual, wanted);
    const keys = new Set([...Object.keys(actual), ...Object.keys(wanted)]);
    return first(keys, (key) => valueDifference(actual[key], wanted[key], `${path}.${key}`));
  }
  return actual === wanted ? undefined : `${path} is ${show(actual)}, want ${show(wanted)}`;
}

function first<T>(items: Iterable<T>, find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Keys that are data: addresses, hashes, numbers. */
function isMap(value: Fields): boolean {
  return Object.keys(value).every((key) => /^(0x[0-9a-fA-F]+|\d+)$/.test(key));
}

/** Whether a text is hexadecimal, which is a type of its own here. */
function typeOf(value: Json | undefined): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "string" && /^0x[0-9a-fA-F]*$/.test(value)) return "hexadecimal";
  return typeof value;
}

/** The first place where keys or types differ. Of lists and maps, each item is like one that is wanted. */
function shapeDifference(actual: Json | undefined, wanted: Json | undefined, path: string): string | undefined {
  if (typeOf(actual) !== typeOf(wanted)) return `${path} is of type ${typeOf(actual)}, want ${typeOf(wanted)}`;
  if (Array.isArray(actual) && Array.isArray(wanted)) return likeOneOf(actual, wanted, path);
  if (!isFields(actual) || !isFields(wanted)) return undefined;
  if (isMap(actual) && isMap(wanted)) return likeOneOf(Object.values(actual), Object.values(wanted), path);
  const keys = new Set([...Object.keys(actual), ...Object.keys(wanted)]);
  return first(keys, (key) => {
    if (!(key in actual)) return `${path}.${key} is missing`;
    if (!(key in wanted)) return `${path}.${key} is not wanted`;
    return shapeDifference(actual[key], wanted[key], `${path}.${key}`);
  });
}

function likeOneOf(actual: readonly Json[], wanted: readonly Json[], path: string): string | undefined {
  // What is empty says nothing of its items.
  if (wanted.length === 0) return undefined;
  return first(actual.entries(), ([index, item]) => {
    let closest: string | undefined;
    for (const model of wanted) {
      closest = shapeDifference(item, model, `${path}[${index}]`);
      if (closest === undefined) return undefined;
    }
    return closest;
  });
}

/** What an answer does not have as it should; undefined where it passes. */
export function answerDifference(actual: Json, wanted: Json, specOnly: boolean): string | undefined {
  if (!isFields(actual) || !isFields(wanted)) return valueDifference(actual, wanted, "answer");
  for (const key of ["jsonrpc", "id"]) {
    if (actual[key] !== wanted[key]) return `${key} is ${show(actual[key])}, want ${show(wanted[key])}`;
  }
  const [given, expected] = [actual["error"], wanted["error"]];
  if (isFields(given) && isFields(expected)) return errorDifference(given, expected);
  if (given !== undefined || expected !== undefined) {
    return given === undefined ? `no error, want ${show(expected)}` : `error ${show(given)}`;
  }
  return specOnly
    ? shapeDifference(actual["result"], wanted["result"], "result")
    : valueDifference(actual["result"], wanted["result"], "result");
}
