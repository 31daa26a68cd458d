import { WebSocket } from "ws";
import { residentSize, sleep } from "../../devnet/processes.ts";

export type IdleSockets = {
  readonly asked: number;
  readonly open: number;
  /** Bytes of the node for each socket. */
  readonly bytesEach: number;
  readonly resident: number;
  /** Sockets of a sample that answered in the end, and of how many. */
  readonly answered: number;
  readonly sample: number;
};

/** Handshakes that are under way at a time. */
const HANDSHAKES = 64;
const SAMPLE = 100;
const PATIENCE_MS = 20_000;

/** Opens WebSockets to one node and leaves them alone for a while. */
export async function holdSockets(url: string, pid: number, count: number, seconds: number): Promise<IdleSockets> {
  const sockets: WebSocket[] = [];
  const before = residentSize(pid);
  try {
    let left = count;
    const opener = async (): Promise<void> => {
      while (left-- > 0) sockets.push(await opened(url));
    };
    await Promise.all(Array.from({ length: HANDSHAKES }, opener));
    await sleep(seconds * 1_000);
    const resident = residentSize(pid);
    const open = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN);
    const sample = open.filter((_, index) => index % Math.ceil(open.length / SAMPLE) === 0);
    const answers = await Promise.all(sample.map((socket) => answersNow(socket)));
    return {
      ...{ asked: count, open: open.length, resident },
      bytesEach: Math.round((resident - before) / Math.max(1, open.length)),
      ...{ answered: answers.filter(Boolean).length, sample: sample.length },
    };
  } finally {
    for (const socket of sockets) socket.terminate();
  }
}

function opened(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once("open", () => {
      socket.off("error", reject);
      // What ends it is seen by its state.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** Whether a lookup comes back. */
function answersNow(socket: WebSocket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE_MS);
    socket.once("message", (message) => {
      clearTimeout(timer);
      resolve("result" in (JSON.parse(message.toString()) as object));
    });
    socket.send('{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}');
  });
}
