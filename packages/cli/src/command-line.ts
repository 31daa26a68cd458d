import { CommanderError } from "commander";
import { codeOf, reasonOf } from "./cli-error.ts";
import { buildProgram } from "./program.ts";

/** Exit codes: 0 done, 1 failed, 2 wrong use. */
const FAILED = 1;
const WRONG_USE = 2;

/** Carries out one command line; the exit code. */
export async function runCommandLine(parameters: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync([...parameters]);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE;
    report(error, parameters.includes("--json"));
    return FAILED;
  }
}

function report(error: unknown, json: boolean): void {
  const code = codeOf(error) ?? "INTERNAL";
  const message = reasonOf(error);
  process.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `error ${code}: ${message}\n`);
  if (codeOf(error) === undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}
