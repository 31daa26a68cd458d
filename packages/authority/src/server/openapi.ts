import { z } from "zod";
import { submissionShape } from "./messages.ts";

type Json = Readonly<Record<string, unknown>>;

const text = { type: "string" };
const count = { type: "integer", minimum: 0 };
const object = (properties: Json, ...required: readonly string[]): Json => ({ type: "object", properties, required });
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const content = (schema: Json, type = "application/json"): Json => ({ [type]: { schema } });
const answer = (description: string, schema?: Json, type?: string): Json => ({
  description,
  ...(schema === undefined ? {} : { content: content(schema, type) }),
});
const refusal = (description: string): Json => answer(description, ref("Refusal"));
const body = (schema: Json): Json => ({ required: true, content: content(schema) });
const jobId = { name: "id", in: "path", required: true, schema: text };

const REFUSED: Json = {
  "401": refusal("no key or session, or a wrong one"),
  "403": refusal("the caller may not do this"),
  "429": refusal("beyond a rate or a quota; Retry-After says when to ask again"),
};

const SCHEMAS: Json = {
  Refusal: object({ error: object({ code: text, message: text }, "code", "message") }, "error"),
  Job: object(
    {
      id: text,
      state: { enum: ["queued", "signed", "sent", "mined", "reverted", "final", "failed", "cancelled"] },
      route: text,
      signer: text,
      nonce: count,
      receipt: object({ hash: text, status: { enum: ["success", "reverted"] }, blockNumber: count, gasUsed: text }),
      failure: object({ code: text, message: text, data: text }, "code", "message"),
      createdAt: count,
      updatedAt: count,
    },
    "id",
    "state",
  ),
  Ticket: object({ token: text, expiresAt: count, account: text }, "token", "expiresAt", "account"),
};

const TRANSACTIONS: Json = {
  "/v1/transactions": {
    post: {
      summary: "Have a transaction carried out, once",
      parameters: [
        { name: "Idempotency-Key", in: "header", schema: { type: "string", minLength: 1, maxLength: 128 } },
        { name: "wait", in: "query", schema: { enum: ["mined", "final"] } },
      ],
      requestBody: body(ref("Transaction")),
      responses: {
        "202": answer("it is durable", ref("Job")),
        "400": refusal("the body is wrong, or its webhook may not be called"),
        "409": refusal("the key belongs to another request"),
        "413": refusal("the body is too long"),
        "503": refusal("the queue is full, or the server ends; Retry-After says when to ask again"),
        ...REFUSED,
      },
    },
  },
  "/v1/transactions/{id}": {
    get: {
      summary: "One's own transaction",
      parameters: [jobId],
      responses: { "200": answer("the job", ref("Job")), "404": refusal("no job of the caller's"), ...REFUSED },
    },
  },
  "/v1/transactions/{id}/events": {
    get: {
      summary: "Its states as server-sent events, until it is done",
      parameters: [jobId],
      responses: {
        "200": answer("events named by the state, with the job", text, "text/event-stream"),
        "404": refusal("no job of the caller's"),
        ...REFUSED,
      },
    },
  },
};

const operation = (summary: string, status: string, schema: Json): Json => ({
  summary,
  responses: { [status]: answer("done", schema), ...REFUSED },
});

const OPERATION: Json = {
  "/v1/status": { get: operation("Signers and open work (operators)", "200", { type: "object" }) },
  "/v1/signers": { post: operation("Add a signer (operators)", "201", object({ address: text }, "address")) },
  "/v1/sweep": {
    post: operation("Send home what idle signers have left (operators)", "202", object({ jobs: { type: "array" } })),
  },
  "/v1/drain": { post: operation("End when all is done (operators)", "202", object({ open: count })) },
};

const LOGIN: Json = {
  "/v1/login/nonce": {
    post: {
      summary: "What a login's message needs",
      security: [],
      responses: {
        "200": answer("a nonce for one login", object({ nonce: text, domain: text, chainId: count, expiresAt: count })),
        "429": REFUSED["429"],
      },
    },
  },
  "/v1/login": {
    post: {
      summary: "Log in with a wallet (EIP-4361, ERC-1271)",
      security: [],
      requestBody: body(object({ message: text, signature: text }, "message", "signature")),
      responses: { "200": answer("a session", ref("Ticket")), "400": refusal("the body is wrong"), ...REFUSED },
    },
  },
  "/v1/logout": { post: { summary: "End the session", responses: { "204": answer("ended"), ...REFUSED } } },
  "/v1/guests": {
    post: { summary: "A guest", security: [], responses: { "201": answer("its session", ref("Ticket")), ...REFUSED } },
  },
  "/v1/guests/claim": {
    post: {
      summary: "Make a guest the wallet's",
      requestBody: body(object({ guestToken: text }, "guestToken")),
      responses: {
        "200": answer("its account", object({ account: text })),
        "404": refusal("no guest to claim"),
        ...REFUSED,
      },
    },
  },
  "/v1/account": {
    get: {
      summary: "Whose session it is",
      responses: { "200": answer("the account", { type: "object" }), ...REFUSED },
    },
  },
};

/** The server's OpenAPI document; `withLogin`: people can log in here. */
export function openApi(withLogin: boolean): Json {
  return {
    openapi: "3.1.0",
    info: { title: "Tributary authority server", version: "1", license: { name: "Apache-2.0" } },
    security: [{ token: [] }],
    paths: { ...TRANSACTIONS, ...OPERATION, ...(withLogin ? LOGIN : {}) },
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "an API key or a session's token" } },
      schemas: { ...SCHEMAS, Transaction: z.toJSONSchema(submissionShape) },
    },
  };
}
