import { sealTransaction, sendGasless } from "@tributary/node/client/send-gasless";
import { Command } from "commander";
import { chainCall } from "../chain-rpc.ts";
import { oneOf, wholeNumber } from "../option-parsers.ts";
import { createOutput, type Output } from "../output.ts";
import { stopSignal } from "../stop-signal.ts";

type SendOptions = {
  readonly rpc: string;
  readonly mine: "when-told" | "always";
  readonly threads?: number;
  readonly json?: boolean;
};

/** Milliseconds between two lines about a proof that is being mined. */
const REPORT_MS = 1_000;

export function sendCommand(): Command {
  return new Command("send")
    .description("Send a signed transaction to a chain; mine a proof of work where the chain asks for one.")
    .argument("<transaction>", "signed, in hexadecimal")
    .requiredOption("--rpc <url>", "JSON-RPC of the chain")
    .option("--mine <when>", "when-told or always", oneOf("when-told", "always"), "when-told")
    .option("--threads <number>", "threads that mine; all processors but one by default", wholeNumber(1, 256))
    .option("--json", "print JSON")
    .action((transaction: string, options: SendOptions) => send(transaction, options));
}

async function send(transaction: string, options: SendOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const client = {
    request: ({ method, params }: { readonly method: string; readonly params?: readonly unknown[] }) =>
      chainCall(options.rpc, method, ...(params ?? [])),
  };
  const mining = {
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    onProgress: reporter(output),
    signal: stopSignal(),
  };
  const hash =
    options.mine === "always"
      ? String(
          await chainCall(options.rpc, "eth_sendRawTransaction", await sealTransaction(client, transaction, mining)),
        )
      : await sendGasless(client, transaction, mining);
  output.result({ hash }, hash);
}

function reporter(output: Output): (progress: { readonly tried: number; readonly expected: number }) => void {
  let last = 0;
  return ({ tried, expected }) => {
    const now = Date.now();
    if (now - last < REPORT_MS) return;
    last = now;
    output.progress(`mining a proof of work: ${tried} hashes of ${expected} expected`);
  };
}
