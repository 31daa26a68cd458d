import { sleep } from "../../devnet/processes.ts";

/** Milliseconds for a question: a full collection of some hundred megabytes takes a fraction of a second. */
const ANSWER_MS = 20_000;
const OPEN_MS = 10_000;

type Answer = { readonly id: number; readonly result?: unknown; readonly error?: { readonly message: string } };
type HeapUsage = { readonly usedSize: number; readonly backingStorageSize: number };

export type CollectedHeap = {
  /** Bytes of objects. */
  readonly objects: number;
  /** Bytes behind array buffers: addresses that WebAssembly's memories reserve and never touch are counted too. */
  readonly buffers: number;
};

/**
 * Has a process of ours collect its garbage and says what is left. By the inspector, which Node opens on SIGUSR1 at the
 * port of `--inspect-port`: the program itself needs nothing for it.
 */
export async function collectedHeap(pid: number, port: number): Promise<CollectedHeap> {
  const socket = await connect(await debuggerUrl(pid, port));
  try {
    await ask(socket, 1, "HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = (await ask(socket, 2, "Runtime.getHeapUsage")) as HeapUsage;
    return { objects: usedSize, buffers: backingStorageSize };
  } finally {
    socket.close();
  }
}

async function debuggerUrl(pid: number, port: number): Promise<string> {
  for (const end = Date.now() + OPEN_MS; ; ) {
    try {
      const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as readonly {
        readonly webSocketDebuggerUrl: string;
      }[];
      const url = targets[0]?.webSocketDebuggerUrl;
      if (url !== undefined) return url;
    } catch (error) {
      if (Date.now() > end) throw error;
      process.kill(pid, "SIGUSR1");
    }
    await sleep(200);
  }
}

async function connect(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error(`the inspector at ${url} does not answer`)), {
      once: true,
    });
  });
  return socket;
}

function ask(socket: WebSocket, id: number, method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${method}: no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
    const listen = ({ data }: MessageEvent): void => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== id) return;
      clearTimeout(timer);
      socket.removeEventListener("message", listen);
      if (answer.error === undefined) resolve(answer.result);
      else reject(new Error(`${method}: ${answer.error.message}`));
    };
    socket.addEventListener("message", listen);
    socket.send(JSON.stringify({ id, method }));
  });
}
