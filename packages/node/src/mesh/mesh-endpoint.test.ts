import { connect as connectPlain } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { MemberRecord } from "@tributary/protocol/ports/member-host";
import { afterEach, expect, test, vi } from "vitest";
import { CHUNK_BYTES, dataHeader, joinFrame } from "./frame-codec.ts";
import { type GroupMesh, MeshEndpoint, type MeshGroup, parseEndpoint } from "./mesh-endpoint.ts";
import { generateTransportKey, type TransportIdentity, transportIdentity } from "./transport-identity.ts";

const group: HexHash = `0x${"11".repeat(32)}`;
const otherGroup: HexHash = `0x${"22".repeat(32)}`;
const limits = { votes: 40_000, shares: 40_000, bodies: 4_000_000, snapshots: 4_000_000 };
const capacity = { votes: 100_000, shares: 100_000, bodies: 8_000_000, snapshots: 8_000_000 };

const identities: TransportIdentity[] = [0, 1, 2].map(() => transportIdentity(generateTransportKey()));

const running: { stop(): Promise<void> }[] = [];
const sockets: { destroy(): unknown }[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const endpoint of running.splice(0).reverse()) await endpoint.stop();
});

async function start(nodeId: number, identity = identities[nodeId - 1]!, port = 0): Promise<MeshEndpoint> {
  const endpoint = await MeshEndpoint.start({ nodeId, host: "127.0.0.1", port, identity });
  running.push(endpoint);
  return endpoint;
}

function member(seat: number, port: number, identity = identities[seat]!): MemberRecord {
  return {
    seat,
    nodeId: seat + 1,
    endpoint: `127.0.0.1:${port}`,
    rpc: "http://127.0.0.1:1",
    nodeAddress: "0x00",
    transportKey: identity.keyHash,
    blsKey: "0x00",
  };
}

type Heard = { readonly from: number; readonly channel: string; readonly text: string };

class Listener {
  readonly heard: Heard[] = [];
  readonly sizes: number[] = [];
  readonly events: string[] = [];
  readonly mesh: GroupMesh;

  constructor(endpoint: MeshEndpoint, members: readonly MemberRecord[], name = group, change: Partial<MeshGroup> = {}) {
    this.mesh = endpoint.join({
      group: name,
      members,
      limits,
      capacity,
      receive: (from, channel, bytes) => {
        this.heard.push({ from, channel, text: new TextDecoder().decode(bytes.subarray(0, 20)) });
        this.sizes.push(bytes.length);
      },
      peerUp: (seat) => this.events.push(`up ${seat}`),
      peerDown: (seat) => this.events.push(`down ${seat}`),
      ...change,
    });
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 15_000, interval: 5 });

async function pair(): Promise<{ a: MeshEndpoint; b: MeshEndpoint; members: MemberRecord[] }> {
  const a = await start(1);
  const b = await start(2);
  return { a, b, members: [member(0, a.port), member(1, b.port)] };
}

test("how far away a peer is gets measured; unknown ones count as near", async () => {
  const { a, b, members } = await pair();
  const [atA] = [new Listener(a, members), new Listener(b, members)];
  expect(atA.mesh.distance?.(1)).toBe(0);
  await until(() => expect(atA.mesh.distance?.(1)).toBeGreaterThan(0));
  expect(atA.mesh.distance?.(5)).toBe(0);
});

test("two nodes share one link for two chains and messages of all sizes arrive whole", async () => {
  const { a, b, members } = await pair();
  const [atA, atB] = [new Listener(a, members), new Listener(b, members)];
  const [otherA, otherB] = [new Listener(a, members, otherGroup), new Listener(b, members, otherGroup)];
  await until(() =>
    expect([atA.events, atB.events, otherA.events, otherB.events]).toEqual([["up 1"], ["up 0"], ["up 1"], ["up 0"]]),
  );
  expect([a.stats.links, b.stats.links]).toEqual([1, 1]);
  for (const size of [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3_000_000]) atA.mesh.send(1, "bodies", new Uint8Array(size));
  otherB.mesh.send(0, "votes", bytes("hello"));
  await until(() => expect(atB.sizes).toEqual([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3_000_000]));
  await until(() => expect(otherA.heard).toEqual([{ from: 1, channel: "votes", text: "hello" }]));
  expect(otherB.heard).toEqual([]);
});

test("a vote overtakes a body that is being sent", async () => {
  const { a, b, members } = await pair();
  const [atA, atB] = [new Listener(a, members), new Listener(b, members)];
  await until(() => expect(atA.events).toEqual(["up 1"]));
  atA.mesh.send(1, "bodies", new Uint8Array(4_000_000));
  atA.mesh.send(1, "shares", bytes("share"));
  atA.mesh.send(1, "votes", bytes("vote"));
  await until(() => expect(atB.heard.length).toBe(3));
  expect(atB.heard.map(({ channel }) => channel)).toEqual(["votes", "shares", "bodies"]);
});

test("a full queue drops and keeps the link", async () => {
  const { a, b, members } = await pair();
  const [atA, atB] = [new Listener(a, members), new Listener(b, members)];
  await until(() => expect(atA.events).toEqual(["up 1"]));
  for (let i = 0; i < 4; i++) atA.mesh.send(1, "votes", new Uint8Array(30_000));
  expect(a.stats.dropped).toBe(1);
  await until(() => expect(atB.heard.length).toBe(3));
  expect(a.stats.links).toBe(1);
});

test("a peer with another key than the registered one is refused and counted by the side that sees it", async () => {
  const wrong = transportIdentity(generateTransportKey());
  const { a, b, members } = await pair();
  const atA = new Listener(a, [member(0, a.port), member(1, b.port, wrong)]);
  new Listener(b, members);
  await until(() => expect(a.stats.refused["wrong-key"]).toBeGreaterThan(0));
  expect(atA.events).toEqual([]);

  const { a: c, b: d, members: others } = await pair();
  new Listener(c, others);
  const atD = new Listener(d, [member(0, c.port, wrong), member(1, d.port)]);
  await until(() => expect(d.stats.refused.unregistered).toBeGreaterThan(0));
  expect(atD.events).toEqual([]);
  const nameless = connect({ host: "127.0.0.1", port: d.port, rejectUnauthorized: false });
  sockets.push(nameless);
  nameless.on("error", () => {});
  nameless.resume();
  await new Promise((resolve) => nameless.once("close", resolve));
  expect(d.stats.links).toBe(0);
});

test("a killed peer is found again, also on the same port with all callbacks anew", async () => {
  const { a, b, members } = await pair();
  const [atA, firstB] = [new Listener(a, members), new Listener(b, members)];
  await until(() => expect(firstB.events).toEqual(["up 0"]));
  const { port } = b;
  await b.stop();
  await until(() => expect(atA.events).toEqual(["up 1", "down 1"]));
  const again = await start(2, identities[1], port);
  const secondB = new Listener(again, members);
  await until(() => expect(atA.events).toEqual(["up 1", "down 1", "up 1"]));
  await until(() => expect(secondB.events).toEqual(["up 0"]));
  atA.mesh.send(1, "votes", bytes("back"));
  await until(() => expect(secondB.heard.map(({ text }) => text)).toEqual(["back"]));
});

test("leaving a chain keeps the link for the other, and leaving the last closes it", async () => {
  const { a, b, members } = await pair();
  const [atA, atB] = [new Listener(a, members), new Listener(b, members)];
  const [otherA, otherB] = [new Listener(a, members, otherGroup), new Listener(b, members, otherGroup)];
  await until(() => expect([atB.events, otherB.events]).toEqual([["up 0"], ["up 0"]]));
  atA.mesh.leave();
  await until(() => expect(atB.events).toEqual(["up 0", "down 0"]));
  otherA.mesh.send(1, "votes", bytes("still"));
  await until(() => expect(otherB.heard.length).toBe(1));
  atA.mesh.send(1, "votes", bytes("gone"));
  otherA.mesh.leave();
  await until(() => expect(otherB.events).toEqual(["up 0", "down 0"]));
  await until(() => expect([a.stats.links, b.stats.links]).toEqual([0, 0]));
  expect(atB.heard).toEqual([]);
});

/** A registered node (id 1) that speaks TLS and then whatever it likes. */
async function rogue(b: MeshEndpoint): Promise<TLSSocket> {
  const { privateKey, certificate } = identities[0]!;
  const socket = connect({
    host: "127.0.0.1",
    port: b.port,
    key: privateKey,
    cert: certificate,
    rejectUnauthorized: false,
    ALPNProtocols: ["tributary/1"],
  });
  sockets.push(socket);
  socket.on("error", () => {});
  socket.resume();
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  return socket;
}

const violations: [string, Buffer][] = [
  ["garbage", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["a frame above the limit", Buffer.of(0xff, 0xff, 0xff, 0xff)],
  ["an empty frame", Buffer.of(0, 0, 0, 0)],
  ["an unknown type", Buffer.of(0, 0, 0, 1, 9)],
  ["data of an index never joined", Buffer.concat([dataHeader(7, 0, false, 1), Buffer.of(1)])],
  ["an unknown channel", Buffer.concat([joinFrame(0, group), dataHeader(0, 4, false, 1), Buffer.of(1)])],
  ["a short chunk with more to come", Buffer.concat([joinFrame(0, group), dataHeader(0, 0, true, 1), Buffer.of(1)])],
  ["a group joined twice", Buffer.concat([joinFrame(0, group), joinFrame(1, group)])],
  [
    "a message above the channel's limit",
    Buffer.concat([
      joinFrame(0, group),
      ...[0, 1, 2].flatMap(() => [dataHeader(0, 0, true, CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)]),
    ]),
  ],
  [
    "more groups than a node has",
    Buffer.concat(Array.from({ length: 600 }, (_, i) => joinFrame(i, `0x${String(i).padStart(64, "0")}`))),
  ],
];

test.each(violations)("cuts and bans a peer that sends %s", async (_, bad) => {
  const b = await start(2);
  const listener = new Listener(b, [member(0, 1), member(1, b.port)]);
  const socket = await rogue(b);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(bad);
  await closed;
  await until(() => expect(b.stats.refused.protocol).toBe(1));
  const again = await rogue(b);
  await new Promise((resolve) => again.once("close", resolve));
  await until(() => expect(b.stats.refused.banned).toBe(1));
  expect(listener.heard).toEqual([]);
});

test("data for a chain that is not served here is skipped, also when its message ends after the chain started", async () => {
  const b = await start(2);
  const members = [member(0, 1), member(1, b.port)];
  const first = new Listener(b, members);
  const socket = await rogue(b);
  socket.write(
    Buffer.concat([
      joinFrame(0, group),
      joinFrame(1, otherGroup),
      dataHeader(1, 2, true, CHUNK_BYTES),
      Buffer.alloc(CHUNK_BYTES),
      dataHeader(0, 0, false, 4),
      Buffer.from("mark"),
    ]),
  );
  await until(() => expect(first.heard.length).toBe(1));
  const second = new Listener(b, members, otherGroup);
  socket.write(
    Buffer.concat([dataHeader(1, 2, false, 4), Buffer.from("tail"), dataHeader(1, 2, false, 5), Buffer.from("whole")]),
  );
  await until(() => expect(second.heard.map(({ text }) => text)).toEqual(["whole"]));
});

test("sockets that never finish their handshake neither pile up nor keep a registered peer out for good", async () => {
  const { a, b, members } = await pair();
  const silent = Array.from({ length: 60 }, () => {
    const socket = connectPlain(b.port, "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
    return socket;
  });
  await until(() => expect(b.stats.refused.overload).toBeGreaterThan(0));
  for (const socket of silent) socket.write("not TLS at all");
  await until(() => expect(b.stats.refused.handshake).toBeGreaterThan(0));
  const [atA] = [new Listener(a, members), new Listener(b, members)];
  await until(() => expect(atA.events).toEqual(["up 1"]));
});

test("a taken port is an error that names it", async () => {
  const a = await start(1);
  await expect(start(2, identities[1], a.port)).rejects.toMatchObject({
    code: "port-taken",
    message: expect.stringContaining(`127.0.0.1:${a.port}`),
  });
});

test("reads endpoints and nothing else", () => {
  expect(parseEndpoint("127.0.0.1:30")).toEqual({ host: "127.0.0.1", port: 30 });
  expect(parseEndpoint("[::1]:30")).toEqual({ host: "::1", port: 30 });
  expect(parseEndpoint("node.example.org:65535")).toEqual({ host: "node.example.org", port: 65_535 });
  for (const bad of ["", "a", "a:", ":1", "a:0", "a:65536", "a:1:2", "a b:1", "http://a:1", "a:-1"])
    expect(parseEndpoint(bad)).toBeUndefined();
});
