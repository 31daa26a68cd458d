import { CommanderError } from "commander";
import { CliError, codeOf, reasonOf } from "./cli-error.ts";
import { buildProgram } from "./program.ts";

/** Exit codes: 0 done, 1 failed, 2 wrong use. */
const FAILED = 1;
const WRONG_USE = 2;

/** Carries out one command line; the exit code. */
export async function runCommandLine(parameters: readonly string[]): Promise<number> {
  try {
    await buildProgram(parameters.includes("--json")).parseAsync([...parameters]);
    return 0;
  } catch (error) {
    const json = parameters.includes("--json");
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Without --json the parser has said it already, with a hint at the usage.
      if (json) report(new CliError("USAGE", error.message.replace(/^error: /, "")), json);
      return WRONG_USE;
    }
    // Large, and seldom needed.
    const { contractRefusal } = await import("./contract-refusal.ts");
    report(contractRefusal(error) ?? error, json);
    return codeOf(error) === "PASSWORD_MISSING" ? WRONG_USE : FAILED;
  }
}

function report(error: unknown, json: boolean): void {
  const code = codeOf(error) ?? "INTERNAL";
  // What we say ourselves is meant to be read whole: the end of a node's log comes in several lines.
  const message = error instanceof CliError ? error.message.trimEnd() : reasonOf(error);
  process.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `error ${code}: ${message}\n`);
  if (codeOf(error) === undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}
