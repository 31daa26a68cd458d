import { createServer } from "node:net";
import { expect, test } from "vitest";
import { freePorts, portIsFree } from "./free-ports.ts";

test("ports are distinct, free, and none that an outgoing connection may be given", async () => {
  const ports = await freePorts(40);
  expect(new Set(ports).size).toBe(40);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(10_000);
    expect(port).toBeLessThan(49_152);
  }
  const [port = 0] = ports;
  expect(await portIsFree(port)).toBe(true);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ port, host: "127.0.0.1" }, resolve));
  expect(await portIsFree(port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
});
