import { nestsDeeper } from "../rpc/json-depth.ts";
import { errorText, readRequest } from "../rpc/json-rpc.ts";
import { MAX_JSON_DEPTH } from "../rpc/limits.ts";
import { RPC_CODE, RpcError } from "../rpc/rpc-error.ts";
import { BATCH_TIMEOUT_MS, CALL_TIMEOUT_MS, CHECK_TIMEOUT_MS, MAX_ATTEMPTS, MAX_HELD_BYTES } from "./limits.ts";
import { callMember } from "./member-call.ts";
import type { GatewayMember, MemberSet } from "./member-set.ts";
import type { NonceMemory } from "./nonce-memory.ts";
import { settleResubmission } from "./resubmission.ts";

/** What goes back to the client. */
export type Forwarded = { readonly status: number; readonly retryAfter: string | undefined; readonly body: Buffer };

/** Sends requests to members and on to the next one where one does not answer. */
export class Forwarder {
  #stop = new AbortController();
  /** Bytes of answers between their arrival and `release`. */
  #held = 0;

  /** Ends what is under way. */
  stop(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  /**
   * Offers a request to the members in order. Every request may be offered again: reads change nothing, and a
   * transaction that two members were given is executed once. Call `release` once the answer was written.
   */
  async forward(
    body: Uint8Array,
    members: readonly GatewayMember[],
    nonces: NonceMemory,
    client: string,
  ): Promise<Forwarded> {
    const offered = await this.#offer(body, members, client);
    const forwarded = { ...offered, body: nonces.settle(body, offered.body) };
    this.#held += forwarded.body.length;
    return forwarded;
  }

  /** The answer of `forward` was written or dropped. */
  release(forwarded: Forwarded): void {
    this.#held -= forwarded.body.length;
  }

  async #offer(body: Uint8Array, members: readonly GatewayMember[], client: string): Promise<Forwarded> {
    if (nestsDeeper(body, MAX_JSON_DEPTH)) {
      return refuse(200, new RpcError(RPC_CODE.invalidRequest, `request nested deeper than ${MAX_JSON_DEPTH} levels`));
    }
    if (this.#held > MAX_HELD_BYTES) {
      return refuse(
        429,
        new RpcError(RPC_CODE.limitExceeded, "limit exceeded: the gateway holds too many answers"),
        body,
      );
    }
    const milliseconds = isBatch(body) ? BATCH_TIMEOUT_MS : CALL_TIMEOUT_MS;
    let busy: Forwarded | undefined;
    let uncertain = false;
    for (const member of members.slice(0, MAX_ATTEMPTS)) {
      const answer = await callMember(member.url, body, milliseconds, this.#stop.signal, client);
      if (answer.kind === "failed") {
        if (answer.reason === "stopped") break;
        if (answer.reason === "too-large") {
          return refuse(200, new RpcError(RPC_CODE.tooLarge, "response too large"), body);
        }
        member.health = undefined;
        uncertain = true;
        continue;
      }
      const { status, retryAfter } = answer;
      if (status === 429) {
        busy = { status, retryAfter, body: answer.body };
        continue;
      }
      // 404: the chain is not, or not yet, served there.
      if (status === 404 || status >= 500) continue;
      const settled = uncertain
        ? await settleResubmission(body, answer.body, (hash) => this.#isKnown(member, hash))
        : answer.body;
      return { status, retryAfter, body: settled };
    }
    if (busy !== undefined) return busy;
    return refuse(503, new RpcError(RPC_CODE.timeout, "resource unavailable: no member of this chain answers"), body);
  }

  /** Asks each member how it is doing. */
  async check(set: MemberSet): Promise<void> {
    await Promise.all(
      set.members.map(async (member) => {
        const answer = await callMember(member.url, statusRequest, CHECK_TIMEOUT_MS, this.#stop.signal);
        member.health = answer.kind === "answer" && answer.status === 200 ? readHealth(answer.body) : undefined;
      }),
    );
  }

  async #isKnown(member: GatewayMember, hash: string): Promise<boolean> {
    const request = { jsonrpc: "2.0", id: 1, method: "eth_getTransactionByHash", params: [hash] };
    const answer = await callMember(
      member.url,
      Buffer.from(JSON.stringify(request)),
      CALL_TIMEOUT_MS,
      this.#stop.signal,
    );
    return answer.kind === "answer" && fieldsOf(answer.body)["result"] instanceof Object;
  }
}

const statusRequest = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tributary_status","params":[]}');

function readHealth(body: Buffer): GatewayMember["health"] {
  const result = fieldsOf(body)["result"];
  const { status, height } = (result ?? {}) as Readonly<Record<string, unknown>>;
  return typeof status === "string" && Number.isSafeInteger(height) ? { status, height: height as number } : undefined;
}

function fieldsOf(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

/** Whether the first character that counts opens an array. */
function isBatch(body: Uint8Array): boolean {
  const first = body.find((byte) => byte > 0x20);
  return first === 0x5b;
}

/** An error of the gateway itself, with the request's id where it is a single one. */
function refuse(status: number, error: RpcError, request?: Uint8Array): Forwarded {
  const read = request === undefined ? undefined : readRequest(fieldsOf(Buffer.from(request)));
  const id = read?.kind === "request" ? (read.request.id ?? null) : null;
  return { status, retryAfter: status === 200 ? undefined : "2", body: Buffer.from(errorText(id, error)) };
}
