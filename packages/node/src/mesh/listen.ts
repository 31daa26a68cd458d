import type { Server } from "node:net";
import { NodeError } from "../fault/node-error.ts";

/** Starts listening; the port that it got. `port-taken` names the purpose and the port. */
export function listen(server: Server, purpose: string, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on("error", (cause: NodeJS.ErrnoException) => {
      reject(listenError(purpose, host, port, cause));
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** Why a port cannot be listened on, in words that name it. */
export function listenError(purpose: string, host: string, port: number, cause: NodeJS.ErrnoException): NodeError {
  const why =
    cause.code === "EADDRINUSE"
      ? "is taken by another program"
      : cause.code === "EACCES"
        ? "is not allowed for this user"
        : `cannot be listened on (${cause.code ?? cause.message})`;
  return new NodeError("port-taken", `${purpose} port ${host}:${port} ${why}`, { cause });
}
