import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** Serves a folder of files on loopback, as a page's own web server would: another origin than the chain's. */
export class PageServer {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Names are looked up as they are asked for, so the folder may be filled later. */
  static async start(folder: string): Promise<PageServer> {
    const server = createServer(async ({ url = "/" }, response) => {
      // A URL's path has no dots that lead out of the folder: they are resolved as it is parsed.
      const { pathname } = new URL(url, "http://page");
      const name = pathname === "/" ? "/index.html" : pathname;
      try {
        const body = await readFile(join(folder, name));
        response.writeHead(200, { "content-type": types[extname(name)] ?? "application/octet-stream" }).end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((done, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", done);
    });
    return new PageServer(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}
