import { Command } from "commander";
import { DEFAULT_DATA } from "../devnet/devnet-file.ts";
import { proxyNames, wholeNumber } from "../option-parsers.ts";
import { createOutput } from "../output.ts";
import { stopSignal } from "../stop-signal.ts";

type Options = {
  readonly data: string;
  readonly network?: string;
  readonly host: string;
  readonly port: number;
  readonly cors?: readonly string[];
  readonly trustedProxies?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly json?: boolean;
};

export function gatewayCommand(): Command {
  return new Command("gateway")
    .description("Serve one URL for each chain of a network, HTTP and WebSocket, whichever of its members are up.")
    .option("--data <folder>", "the devnet's folder", DEFAULT_DATA)
    .option("--network <file>", 'another network: {"rpc": url, "contracts": {name: address}}')
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("--port <port>", "0 takes a free one", wholeNumber(0, 65_535), 8_545)
    .option("--cors <origin...>", 'origins of web pages that may call; "*" for all')
    .option(
      "--trusted-proxies <network...>",
      "addresses or networks of web servers in front, whose X-Forwarded-For names the client; nobody else's counts",
      proxyNames,
    )
    .option(
      "--tls-cert <file>",
      "serve https and wss: certificate and those that vouch for it, PEM; read again when it changes",
    )
    .option("--tls-key <file>", "the certificate's private key, PEM")
    .option("--json", "print where it listens as JSON, once it does")
    .action(async ({ tlsCert, tlsKey, cors, trustedProxies, json, ...options }: Options) => {
      const { runGateway } = await import("../run-gateway.ts");
      await runGateway({
        ...options,
        cors: cors ?? [],
        trustedProxies: trustedProxies ?? [],
        tls: { cert: tlsCert, key: tlsKey },
        output: createOutput(json === true),
        signal: stopSignal(),
      });
    });
}
