import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePorts } from "@tributary/cli/devnet/free-ports";
import { afterEach, expect, test } from "vitest";
import { Random } from "../agreement/random.ts";
import { OPEN_LINK } from "./delayed-pipe.ts";
import { Links } from "./links.ts";
import { socketOwner } from "./socket-owner.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that echoes, behind the wires as node 1; the test's own process dials as node 0. */
async function wired(): Promise<{ links: Links; dial: () => Socket; server: Server }> {
  const [registered = 0, listens = 0] = await freePorts(2);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(listens, "127.0.0.1", resolve));
  const dialler = (from: number, to: number) => (socketOwner(from, to, [process.pid]) === undefined ? undefined : 0);
  const doors = [{ registered: (await freePorts(1))[0] ?? 0, listens: 1 }];
  const links = await Links.open([...doors, { registered, listens }], dialler, new Random(1));
  closing.push(() => links.close());
  const dial = () => {
    const socket = connect({ host: "127.0.0.1", port: registered });
    socket.on("error", () => socket.destroy());
    closing.push(() => socket.destroy());
    return socket;
  };
  return { links, dial, server };
}

async function echoed(socket: Socket, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let size = 0; size < length; ) {
    const [part] = (await once(socket, "data")) as [Buffer];
    parts.push(part);
    size += part.length;
  }
  return Buffer.concat(parts);
}

test("bytes pass in their order, delayed and with repetitions", async () => {
  const { links, dial } = await wired();
  links.set(0, 1, { cut: false, delay: 2, loss: 0.02 });
  const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
  const socket = dial();
  socket.write(sent);
  expect((await echoed(socket, sent.length)).equals(sent)).toBe(true);
});

test("a cut holds bytes and ends back, and gives them out when it is healed", async () => {
  const { links, dial } = await wired();
  const socket = dial();
  socket.write("one");
  await echoed(socket, 3);
  links.set(1, 0, { cut: true, delay: 0, loss: 0 });
  socket.write("two");
  let got = "";
  socket.on("data", (bytes) => {
    got += bytes;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(got).toBe("");
  links.set(0, 1, OPEN_LINK);
  await expect.poll(() => got).toBe("two");
});

test("who gives up behind a cut never reaches the other side", async () => {
  const { links, dial, server } = await wired();
  let connections = 0;
  server.on("connection", () => connections++);
  links.set(0, 1, { cut: true, delay: 0, loss: 0 });
  const gone = dial();
  await once(gone, "connect");
  gone.destroy();
  await once(gone, "close");
  const waits = dial();
  await once(waits, "connect");
  waits.write("later");
  await new Promise((resolve) => setTimeout(resolve, 50));
  links.open();
  expect(String(await echoed(waits, 5))).toBe("later");
  expect(connections).toBe(1);
});

test("a reset ends a pair's connections, and others dial again", async () => {
  const { links, dial } = await wired();
  const socket = dial();
  socket.write("x");
  await echoed(socket, 1);
  const ended = new Promise((resolve) => socket.once("close", resolve));
  links.reset(0, 1);
  await ended;
  const again = dial();
  again.write("y");
  expect(String(await echoed(again, 1))).toBe("y");
});
