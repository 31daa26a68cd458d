import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { HttpReadyBoard, parseCancel, parseEntry } from "./http-ready-board.ts";

const entry = {
  group: `0x${"11".repeat(32)}`,
  era: 0,
  epoch: 0,
  seat: 3,
  digest: `0x${"22".repeat(32)}`,
  registered: new Uint8Array(96).fill(1),
  share: new Uint8Array(96).fill(2),
} as const;

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(answer: (path: string) => string | undefined): Promise<string> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? "");
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("what one node publishes, another reads", async () => {
  const board = new HttpReadyBoard();
  board.publish(7n, entry);
  const rpc = await serve((path) => {
    const id = /^\/keygen\/(\d+)$/.exec(path)?.[1];
    const shown = id === undefined ? undefined : board.shown(id);
    return shown === undefined ? undefined : JSON.stringify(shown);
  });
  const other = new HttpReadyBoard();
  const signal = AbortSignal.timeout(5_000);
  expect(await other.read(rpc, 7n, signal)).toEqual(entry);
  expect(await other.read(rpc, 8n, signal)).toBeUndefined();
  board.withdraw(7n);
  expect(await other.read(rpc, 7n, signal)).toBeUndefined();
});

test("an answer that is too long, malformed or missing reads as nothing", async () => {
  const board = new HttpReadyBoard();
  const signal = AbortSignal.timeout(5_000);
  expect(await board.read(await serve(() => `"${"x".repeat(5_000)}"`), 7n, signal)).toBeUndefined();
  expect(await board.read(await serve(() => "{"), 7n, signal)).toBeUndefined();
  expect(await board.read("http://127.0.0.1:1", 7n, signal)).toBeUndefined();
});

test("an entry with a field of another shape is refused", () => {
  const good = { ...entry, registered: `0x${"01".repeat(96)}`, share: `0x${"02".repeat(96)}` };
  expect(parseEntry(good)).toEqual(entry);
  for (const bad of [
    { seat: -1 },
    { seat: "3" },
    { era: 0.5 },
    { group: "0x11" },
    { digest: undefined },
    { share: `0x${"02".repeat(95)}` },
    { registered: 5 },
  ]) {
    expect(parseEntry({ ...good, ...bad })).toBeUndefined();
  }
  expect(parseEntry(null)).toBeUndefined();
});

test("a share that cancels is shown beside, before or after a READY signature", async () => {
  const cancel = { openingId: entry.digest, era: 1, epoch: 2, seat: 3, share: new Uint8Array(96).fill(4) } as const;
  const board = new HttpReadyBoard();
  const rpc = await serve(() => {
    const shown = board.shown("7");
    return shown === undefined ? undefined : JSON.stringify(shown);
  });
  const signal = AbortSignal.timeout(5_000);
  expect(await board.readCancel(rpc, 7n, signal)).toBeUndefined();
  board.publishCancel(7n, cancel);
  expect(await board.readCancel(rpc, 7n, signal)).toEqual(cancel);
  expect(await board.read(rpc, 7n, signal)).toBeUndefined();
  board.publish(7n, entry);
  expect(await board.readCancel(rpc, 7n, signal)).toEqual(cancel);
  expect(await board.read(rpc, 7n, signal)).toMatchObject(entry);
  board.withdrawCancel(7n);
  expect(await board.readCancel(rpc, 7n, signal)).toBeUndefined();
  const good = { ...cancel, share: `0x${"04".repeat(96)}` };
  for (const bad of [{ openingId: "0x11" }, { seat: "3" }, { epoch: -1 }, { era: undefined }, { share: "0x" }]) {
    expect(parseCancel({ cancel: { ...good, ...bad } })).toBeUndefined();
  }
  expect(parseCancel({ cancel: 5 })).toBeUndefined();
});
