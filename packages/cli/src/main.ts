import { CommanderError } from "commander";
import { codeOf, reasonOf } from "./cli-error.ts";
import { buildProgram } from "./program.ts";

/** Exit codes: 0 done, 1 failed, 2 wrong use. */
const FAILED = 1;
const WRONG_USE = 2;

const json = process.argv.includes("--json");

function report(error: unknown): void {
  const code = codeOf(error) ?? "INTERNAL";
  const message = reasonOf(error);
  process.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `error ${code}: ${message}\n`);
  if (codeOf(error) === undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}

try {
  await buildProgram().parseAsync(process.argv);
  process.exit(0);
} catch (error) {
  if (error instanceof CommanderError) {
    process.exit(error.exitCode === 0 ? 0 : WRONG_USE);
  }
  report(error);
  process.exit(FAILED);
}
