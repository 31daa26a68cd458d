import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { parseNodeConfig, readNodeConfig } from "./node-config.ts";

const minimal = {
  version: 1,
  mainchain: {
    rpc: "http://127.0.0.1:8545",
    chainId: 31337,
    contracts: { Nodes: `0x${"12".repeat(20)}` },
    fromBlock: 0,
  },
  rpc: { port: 4000 },
  peer: { port: 4001 },
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folderWith(content: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), "tributary-config-"));
  folders.push(folder);
  if (content !== undefined) writeFileSync(join(folder, "config.json"), content);
  return folder;
}

test("what an operator leaves out has safe defaults", () => {
  const config = parseNodeConfig(minimal, "test");
  expect(config.mainchain).toMatchObject({ confirmation: "safe", finality: "finalized", checkpointDistance: 32 });
  expect(config.rpc.host).toBe("127.0.0.1");
  expect(config.peer.host).toBe("127.0.0.1");
});

test("history is a number of blocks that members need, or an archive", () => {
  expect(parseNodeConfig({ ...minimal, history: 4_096 }, "test").history).toBe(4_096);
  expect(parseNodeConfig({ ...minimal, history: "archive" }, "test").history).toBe("archive");
  for (const history of [4_095, 5_000.5, "all"]) {
    expect(() => parseNodeConfig({ ...minimal, history }, "test")).toThrow("history");
  }
});

test("methods for developers are off, and never where others could reach them", () => {
  expect(parseNodeConfig(minimal, "test").devMethods).toBeUndefined();
  expect(parseNodeConfig({ ...minimal, devMethods: true }, "test").devMethods).toBe(true);
  const open = { ...minimal, devMethods: true, rpc: { port: 4000, host: "0.0.0.0" } };
  expect(() => parseNodeConfig(open, "test")).toThrow("devMethods");
});

test("how gas is divided may be set, and nothing else there", () => {
  const gasless = { historySeconds: 60, hashesPerGas: 0.5 };
  expect(parseNodeConfig({ ...minimal, gasless }, "test").gasless).toEqual(gasless);
  for (const wrong of [{ historySeconds: -1 }, { hashesPerGas: 0 }, { lanes: 3 }]) {
    expect(() => parseNodeConfig({ ...minimal, gasless: wrong }, "test")).toThrow(/gasless/);
  }
});

test("what JSON-RPC may take and hold open is set by name", () => {
  const rpc = { port: 4000, unitsPerSecond: 60_000, surplusPerSecond: 0, limits: { sockets: 10_000 } };
  expect(parseNodeConfig({ ...minimal, rpc }, "test").rpc).toMatchObject(rpc);
  for (const wrong of [{ surplusPerSecond: -1 }, { limits: { sockets: 1.5 } }, { limits: { bodies: 3 } }]) {
    expect(() => parseNodeConfig({ ...minimal, rpc: { port: 4000, ...wrong } }, "test")).toThrow(/rpc/);
  }
});

test("proxies are addresses and networks, and none is trusted unless named", () => {
  const rpc = { port: 4000, trustedProxies: ["127.0.0.1", "fd00::/8"] };
  expect(parseNodeConfig({ ...minimal, rpc }, "test").rpc.trustedProxies).toEqual(rpc.trustedProxies);
  expect(parseNodeConfig(minimal, "test").rpc.trustedProxies).toBeUndefined();
  for (const wrong of ["proxy.example", "10.0.0.0/33"]) {
    expect(() => parseNodeConfig({ ...minimal, rpc: { ...rpc, trustedProxies: [wrong] } }, "test")).toThrow(/proxies/i);
  }
});

test("every fault is named with its place", () => {
  const broken = {
    ...minimal,
    mainchain: { ...minimal.mainchain, rpc: "ftp://x", contracts: { Nodes: "0x12" } },
    rpc: { port: 70_000 },
    colour: "red",
  };
  let message = "";
  try {
    parseNodeConfig(broken, "there");
  } catch (error) {
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    message = (error as Error).message;
  }
  for (const part of ["there", "mainchain.rpc", "mainchain.contracts.Nodes", "rpc.port", "colour"]) {
    expect(message).toContain(part);
  }
});

test("a missing, a cut and a foreign file are told apart", async () => {
  await expect(readNodeConfig(folderWith(undefined))).rejects.toMatchObject({ code: "CONFIG_MISSING" });
  await expect(readNodeConfig(folderWith('{"version":'))).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
  await expect(readNodeConfig(folderWith("[]"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  await expect(readNodeConfig(folderWith(JSON.stringify(minimal)))).resolves.toMatchObject({ version: 1 });
});
