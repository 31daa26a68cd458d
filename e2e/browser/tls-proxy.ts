import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePorts, portIsFree } from "@tributary/cli/devnet/free-ports";
import { until } from "@tributary/testkit/devnet/processes";
import { findProgram } from "./find-program.ts";

/** Debian's nginx with the configuration that README.md shows, and a certificate that nobody signed. */
export class TlsProxy {
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#child = child;
  }

  /** In front of what listens on 127.0.0.1 at `upstream`. Throws where nginx or openssl is not installed. */
  static async start(upstream: number): Promise<TlsProxy> {
    const [nginx, openssl] = [findProgram("nginx"), findProgram("openssl")];
    if (nginx === undefined || openssl === undefined) throw new Error("Debian's package nginx-light is not installed");
    const folder = mkdtempSync(join(tmpdir(), "tributary-tls-"));
    const [key, certificate, file] = [join(folder, "key.pem"), join(folder, "cert.pem"), join(folder, "nginx.conf")];
    execFileSync(
      openssl,
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
        ...["-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate],
      ],
      { stdio: "ignore" },
    );
    const [port = 0] = await freePorts(1);
    writeFileSync(file, inFolder(folder, shownConfiguration({ port, upstream, key, certificate })));
    const child = spawn(nginx, ["-c", file, "-p", folder, "-e", "stderr"], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => {
      log = (log + chunk.toString("utf8")).slice(-4_000);
    });
    const proxy = new TlsProxy(port, folder, child);
    try {
      await until("nginx", 10_000, async () => {
        if (child.exitCode !== null) throw new Error(log);
        return !(await portIsFree(port));
      });
      return proxy;
    } catch (error) {
      await proxy.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((done) => this.#child.once("exit", done));
      this.#child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

type Names = { readonly port: number; readonly upstream: number; readonly key: string; readonly certificate: string };

/** The block in README.md, with this test's names in the place of the example's. */
function shownConfiguration({ port, upstream, key, certificate }: Names): string {
  const text = readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8");
  const shown = /```nginx\n([\s\S]*?)```/.exec(text)?.[1];
  if (shown === undefined) throw new Error("README.md shows no configuration of nginx");
  const names: readonly (readonly [string, string])[] = [
    ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
    ["/etc/ssl/certs/rpc.example.pem", certificate],
    ["/etc/ssl/private/rpc.example.key", key],
    ["http://127.0.0.1:8545", `http://127.0.0.1:${upstream}`],
  ];
  return names.reduce((rest, [from, to]) => {
    if (!rest.includes(from)) throw new Error(`README.md's configuration of nginx has no ${from}`);
    return rest.replace(from, to);
  }, shown);
}

/** What Debian's own file says around it, within one folder and without a service. */
function inFolder(folder: string, site: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${join(folder, name)};\n`)
    .join("");
  return `daemon off;\npid ${join(folder, "pid")};\nevents {}\nhttp {\n  access_log off;\n${temporary}${site}}\n`;
}
