import { Agent, request } from "node:http";

export type LoadResult = {
  readonly requests: number;
  readonly failures: number;
  /** Why, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
};

/** Milliseconds before a client that was refused asks again. */
const REFUSED_MS = 100;

export type LoadOptions = {
  readonly url: string;
  readonly apiKey: string;
  readonly clients: number;
  readonly seconds: number;
  readonly to: string;
  /** A word of its own for each request. */
  readonly word: () => string;
};

/** Clients that each wait for their answer before they ask again, for so many seconds. Counts what succeeded. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const { clients, seconds } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const times: number[] = [];
  const reasons = new Map<string, number>();
  const start = performance.now();
  const end = start + seconds * 1_000;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const from = performance.now();
      const reason = await post(options, agent).catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
      if (reason === undefined) times.push(performance.now() - from);
      else {
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, REFUSED_MS));
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const elapsed = (performance.now() - start) / 1_000;
  agent.destroy();
  const failures = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  times.sort((left, right) => left - right);
  const percentile = (share: number): number => Math.round(times[Math.floor(share * (times.length - 1))] ?? Number.NaN);
  return {
    requests: times.length + failures,
    failures,
    reasons: Object.fromEntries(reasons),
    perSecond: Number((times.length / elapsed).toFixed(1)),
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
  };
}

type Answer = {
  readonly state?: string;
  readonly error?: { readonly code: string };
  readonly failure?: { readonly code: string };
};

/** Why the call was not mined or did not succeed; undefined when it did. */
function post({ url, apiKey, to, word }: LoadOptions, agent: Agent): Promise<string | undefined> {
  const body = JSON.stringify({ to, data: word() });
  const headers = {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    authorization: `Bearer ${apiKey}`,
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.on("data", (part: Buffer) => {
        text += part.toString("utf8");
      });
      response.on("end", () => {
        const { state, error, failure } = JSON.parse(text) as Answer;
        const good = response.statusCode === 200 || state === "mined" || state === "final";
        resolve(good && failure === undefined ? undefined : (error?.code ?? failure?.code ?? state ?? "refused"));
      });
      response.on("error", reject);
    });
    asked.on("error", reject);
    asked.setTimeout(90_000, () => asked.destroy(new Error("no answer")));
    asked.end(body);
  });
}
