import { readFile } from "node:fs/promises";
import { ChainImport, EthereumChain, EthereumError, parseGenesisFile } from "@tributary/ethereum";
import type { ChainBackend } from "@tributary/node/rpc/backend";
import { RpcServer } from "@tributary/node/rpc/server";
import { toHex } from "@tributary/protocol/bytes/hex";
import { Registry } from "prom-client";
import { CliError } from "./cli-error.ts";
import { openLog } from "./open-log.ts";
import type { Output } from "./output.ts";
import { aborted } from "./stop-signal.ts";

/** Nobody else shares the process: a budget that a test's requests do not reach. */
const UNITS_PER_SECOND = 1_000_000;
/** The largest share of a node. */
const SLOTS = 128;

export type ImportChainOptions = {
  /** Paths. */
  readonly genesis: string;
  readonly chain: string;
  /** Absent: import only. */
  readonly port?: number;
  readonly output: Output;
  readonly signal: AbortSignal;
};

/** Imports a chain and serves it until the signal. Throws CliError. */
export async function runImportChain(options: ImportChainOptions): Promise<void> {
  const { output, port, signal } = options;
  const imported = await importFiles(options.genesis, options.chain);
  const { ledger, counts } = imported;
  const { hash, header } = ledger.head.block;
  const found = { chainId: ledger.chainId, head: header.number, headHash: toHex(hash), ...counts };
  const text = `imported ${header.number} blocks (${counts.library} on the library's EVM, ${counts.own} on ours): ${toHex(hash)}`;
  if (port === undefined) {
    output.result(found, text);
    return;
  }
  const server = new RpcServer({
    ...{ logger: openLog("warn"), registry: new Registry() },
    budget: { unitsPerSecond: UNITS_PER_SECOND, surplusPerSecond: UNITS_PER_SECOND },
  });
  server.addChain(ledger.chainId, backendOf(await EthereumChain.open(ledger)));
  const { host, port: bound } = await server.start({ port });
  const url = `http://${host}:${bound}/chains/${ledger.chainId}`;
  output.result({ ...found, url }, `${text}\nJSON-RPC: ${url}`);
  await aborted(signal);
  await server.stop();
}

async function importFiles(genesis: string, chain: string): Promise<ChainImport> {
  try {
    const imported = await ChainImport.begin(parseGenesisFile(await readFile(genesis, "utf8")));
    await imported.addFile(await readFile(chain));
    return imported;
  } catch (error) {
    if (error instanceof EthereumError) throw new CliError(error.code, error.message, { cause: error });
    throw error;
  }
}

/** No committee stands behind the chain: nothing certifies its blocks, and nobody can be accused. */
function backendOf(chain: EthereumChain): ChainBackend {
  const height = chain.head.header.number;
  const since = Date.now();
  return {
    chain,
    slots: SLOTS,
    member: {
      status: () => ({ status: "running", height, highestHeight: height, membersUp: 1, quorum: 1, since }),
      finality: () => Promise.resolve(undefined),
      stateProof: () => Promise.resolve({ kind: "uncertified" }),
      evidence: () => Promise.resolve({ kept: [] }),
      handover: () => undefined,
    },
  };
}
