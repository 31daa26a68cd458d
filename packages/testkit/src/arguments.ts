import { type ParseArgsConfig, parseArgs } from "node:util";

/** A count from the command line. Ends the process with 2 for anything else: nothing tried must not read as a success. */
export function count(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) refuse(`--${name}: a whole number above 0 is wanted, not "${text}"`);
  return value;
}

/** Counts with commas between them. */
export function counts(text: string, name: string): readonly number[] {
  return text.split(",").map((part) => count(part, name));
}

/** As node's parseArgs; `--help` prints the usage and ends, an unknown option ends with 2 and the usage. */
export function parse<T extends ParseArgsConfig>(usage: string, config: T): ReturnType<typeof parseArgs<T>> {
  if (process.argv.includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
