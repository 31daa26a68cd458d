import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { unsealWork } from "@tributary/protocol/gasless/proof-of-work";
import { data, parseData } from "../rpc/hex.ts";

type Request = { readonly id: unknown; readonly raw: Uint8Array };

/**
 * The answer to a request that was sent to a second member because the first one did not answer. The first one may
 * have taken its transactions all the same; then the second one calls them known, or their nonces used, and the
 * client would believe that they failed. Such answers become the hash. `isKnown` asks whether a transaction is in the
 * chain or in a pool.
 */
export async function settleResubmission(
  request: Uint8Array,
  answer: Buffer,
  isKnown: (hash: string) => Promise<boolean>,
): Promise<Buffer> {
  const sent = sentTransactions(request);
  if (sent.length === 0) return answer;
  const parsed = parse(answer);
  const items: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  let changed = false;
  for (const [index, item] of items.entries()) {
    const refused = refusalOf(item);
    const transaction = refused === undefined ? undefined : sent.find(({ id }) => id === refused.id);
    if (refused === undefined || transaction === undefined) continue;
    const hash = data(keccak256(unsealWork(transaction.raw).raw));
    if (refused.reason === "nonce too low" && !(await isKnown(hash))) continue;
    items[index] = { jsonrpc: "2.0", id: refused.id, result: hash };
    changed = true;
  }
  if (!changed) return answer;
  return Buffer.from(JSON.stringify(Array.isArray(parsed) ? items : items[0]));
}

/** The transactions that a request body sends, with the ids of their requests. */
function sentTransactions(body: Uint8Array): readonly Request[] {
  const parsed = parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  const sent: Request[] = [];
  for (const item of Array.isArray(parsed) ? (parsed as unknown[]) : [parsed]) {
    const { id, method, params } = (item ?? {}) as Readonly<Record<string, unknown>>;
    if (method !== "eth_sendRawTransaction" || !Array.isArray(params)) continue;
    const raw = parseData(params[0]);
    if ("value" in raw) sent.push({ id, raw: raw.value });
  }
  return sent;
}

function refusalOf(
  item: unknown,
): { readonly id: unknown; readonly reason: "already known" | "nonce too low" } | undefined {
  const { id, error } = (item ?? {}) as Readonly<Record<string, unknown>>;
  const { message } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof message !== "string") return undefined;
  if (message.includes("already known")) return { id, reason: "already known" };
  return message.includes("nonce too low") ? { id, reason: "nonce too low" } : undefined;
}

function parse(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString("utf8"));
  } catch {
    return undefined;
  }
}
