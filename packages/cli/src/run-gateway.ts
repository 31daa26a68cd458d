import { Gateway } from "@tributary/node/gateway/gateway";
import type { TlsFiles } from "@tributary/node/rpc/chain-door";
import { ListenError } from "@tributary/node/rpc/listen-error";
import type { Logger } from "pino";
import { CliError, reasonOf } from "./cli-error.ts";
import { NetworkView } from "./devnet/network-view.ts";
import { GatewayChains } from "./gateway-chains.ts";
import { connectReader, findNetwork, type NetworkOptions } from "./network.ts";
import { openLog } from "./open-log.ts";
import type { Output } from "./output.ts";
import { aborted } from "./stop-signal.ts";
import { readTlsFiles, type TlsPaths } from "./tls-files.ts";

/** Milliseconds between looks whether the certificate was renewed. */
const RENEWAL_MS = 10_000;

export type RunGatewayOptions = Pick<NetworkOptions, "data" | "network"> & {
  readonly host: string;
  readonly port: number;
  readonly cors: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly tls: TlsPaths;
  readonly output: Output;
  readonly signal: AbortSignal;
};

/** Serves the chains that the mainchain says run, until the signal. */
export async function runGateway(options: RunGatewayOptions): Promise<void> {
  const { output, signal, cors, trustedProxies } = options;
  const logger = openLog("warn");
  const tls = await readTlsFiles(options.tls);
  const network = await findNetwork(options);
  const { chain } = await connectReader(network);
  const gateway = new Gateway({ logger, cors, trustedProxies, ...(tls === undefined ? {} : { tls }) });
  const served = new GatewayChains(gateway);
  const view: NetworkView = new NetworkView(
    {
      ...{ rpc: network.rpc, addresses: network.contracts, chainId: chain.id, logger },
      confirmation: network.devnet === undefined ? "safe" : 1,
    },
    () => served.update(view.runningChains()),
  );
  const { host, port } = await listen(gateway, options);
  const renewal = tls === undefined ? undefined : setInterval(renewer(gateway, tls, options.tls, logger), RENEWAL_MS);
  view.start();
  try {
    await view.caughtUp(signal).catch(() => undefined);
    const url = `${tls === undefined ? "http" : "https"}://${host}:${port}`;
    const chains = view.runningChains().map(({ name, chainId }) => ({
      ...{ name, chainId: Number(chainId), url: `${url}/chains/${chainId}` },
    }));
    if (!signal.aborted) output.result({ url, chains }, [url, ...chains.map((one) => one.url)].join("\n"));
    await aborted(signal);
  } finally {
    clearInterval(renewal);
    await view.stop();
    await gateway.stop();
  }
}

async function listen(gateway: Gateway, where: RunGatewayOptions): Promise<{ host: string; port: number }> {
  try {
    return await gateway.start({ host: where.host, port: where.port });
  } catch (error) {
    if (error instanceof ListenError) throw new CliError("PORT_TAKEN", error.message, { cause: error });
    throw new CliError("TLS_INVALID", `the certificate does not serve: ${reasonOf(error)}`, { cause: error });
  }
}

/** Takes another certificate when the files hold one; a bad one is told of once and left. */
function renewer(gateway: Gateway, first: TlsFiles, paths: TlsPaths, logger: Logger): () => void {
  let known = first;
  return () => {
    readTlsFiles(paths)
      .then(async (found) => {
        if (found === undefined || (found.cert === known.cert && found.key === known.key)) return;
        known = found;
        await gateway.renew(found);
      })
      .catch((error: unknown) => logger.warn({ reason: reasonOf(error) }, "the new certificate does not serve"));
  };
}
