import { readFile } from "node:fs/promises";
import type { TlsFiles } from "@tributary/node/rpc/chain-door";
import { CliError, reasonOf } from "./cli-error.ts";

export type TlsPaths = { readonly cert: string | undefined; readonly key: string | undefined };

/** Certificate and key of a server; undefined where neither is named. CliError `TLS_INVALID`. */
export async function readTlsFiles({ cert, key }: TlsPaths): Promise<TlsFiles | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new CliError("TLS_INVALID", "a certificate and its key belong together: --tls-cert and --tls-key");
  }
  try {
    return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
  } catch (error) {
    throw new CliError("TLS_INVALID", `the certificate or its key cannot be read: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
