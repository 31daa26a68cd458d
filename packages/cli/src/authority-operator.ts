import { readPassword } from "@tributary/node/vault/password";
import { CliError, reasonOf } from "./cli-error.ts";
import type { Output } from "./output.ts";

export type OperatorOptions = { readonly url: string; readonly keyFile: string };

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Asks a running authority server, with an operator's API key, and prints its answer. */
export async function askAuthority(
  options: OperatorOptions,
  method: "GET" | "POST",
  path: string,
  output: Output,
): Promise<void> {
  const key = new TextDecoder().decode(readPassword({ file: options.keyFile })).trim();
  const response = await fetch(new URL(path, options.url), {
    method,
    headers: { authorization: `Bearer ${key}` },
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error) => {
    throw new CliError("AUTHORITY_UNREACHABLE", `${options.url} does not answer: ${reasonOf(error)}`);
  });
  const text = await response.text();
  if (text.length > MAX_ANSWER_BYTES) throw new CliError("AUTHORITY_ANSWER", "the answer is too long");
  const answer = answerOf(text);
  if (!response.ok) {
    const { error } = answer as { readonly error?: { readonly message?: string } };
    throw new CliError("AUTHORITY_REFUSED", `${response.status}: ${error?.message ?? "no reason given"}`);
  }
  output.result(answer, JSON.stringify(answer, undefined, 2));
}

function answerOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new CliError("AUTHORITY_ANSWER", "the answer is not JSON: another program listens there");
  }
}
