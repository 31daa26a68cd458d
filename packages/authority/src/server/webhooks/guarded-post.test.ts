import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AddressRules } from "./address-rules.ts";
import { checkName, Forbidden, guardedPost } from "./guarded-post.ts";

let server: Server;
let asked: string[];
let port: number;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.headers.host} ${request.url}`);
    if (request.url === "/moved") response.writeHead(307, { location: `http://127.0.0.1:${port}/secret` });
    response.end("an answer");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => server.close());

const here = async () => [{ address: "127.0.0.1", family: 4 }];

test("posts to the address that was checked, under its name", async () => {
  const url = new URL(`http://game.example:${port}/hook`);
  expect(await guardedPost(url, "{}", {}, new AddressRules(["127.0.0.0/8"]), here)).toBe(200);
  expect(asked).toEqual([`game.example:${port} /hook`]);
});

test("a name that led to a public address when it was checked, and leads here when it is used, gains nothing", async () => {
  const url = new URL(`http://rebind.example:${port}/hook`);
  const answers = [[{ address: "1.1.1.1", family: 4 }], await here()];
  const resolve = async () => answers.shift() ?? [];
  const rules = new AddressRules([]);
  await checkName(url, rules, resolve);
  await expect(guardedPost(url, "{}", {}, rules, resolve)).rejects.toThrow(Forbidden);
  expect([asked, answers]).toEqual([[], []]);
});

test("does not follow a redirect", async () => {
  const url = new URL(`http://game.example:${port}/moved`);
  expect(await guardedPost(url, "{}", {}, new AddressRules(["127.0.0.0/8"]), here)).toBe(307);
  expect(asked).toHaveLength(1);
});
