import { MAX_ANSWER_BYTES } from "./limits.ts";

/** What a member answered, or why it did not. */
export type MemberAnswer =
  | { readonly kind: "answer"; readonly status: number; readonly retryAfter: string | undefined; readonly body: Buffer }
  | { readonly kind: "failed"; readonly reason: "unreachable" | "timeout" | "too-large" | "stopped" };

/** Asks one member by HTTP. Never throws. `stop` ends it early. `client`: for whose sake, by address. */
export async function callMember(
  url: string,
  body: Uint8Array,
  milliseconds: number,
  stop: AbortSignal,
  client?: string,
): Promise<MemberAnswer> {
  const timeout = AbortSignal.timeout(milliseconds);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...forwardedFor(client) },
      body,
      redirect: "error",
      signal: AbortSignal.any([timeout, stop]),
    });
    const bytes = await readBounded(response);
    if (bytes === undefined) return { kind: "failed", reason: "too-large" };
    return {
      kind: "answer",
      status: response.status,
      retryAfter: response.headers.get("retry-after") ?? undefined,
      body: bytes,
    };
  } catch {
    if (stop.aborted) return { kind: "failed", reason: "stopped" };
    return { kind: "failed", reason: timeout.aborted ? "timeout" : "unreachable" };
  }
}

/** How a member learns for whom the gateway asks: it counts only where the member trusts the gateway. */
export function forwardedFor(client: string | undefined): Record<string, string> {
  return client === undefined || client === "" ? {} : { "x-forwarded-for": client };
}

async function readBounded(response: Response): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the rest of the answer.
    if (length > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
