import { lockData } from "@tributary/node/host/data-lock";
import { FileVault } from "@tributary/node/vault/file-vault";
import { type PasswordSource, readPassword } from "@tributary/node/vault/password";
import { VaultServer } from "@tributary/node/vault/remote/vault-server";
import { openLog } from "./open-log.ts";
import type { Endpoint } from "./option-parsers.ts";
import type { Output } from "./output.ts";
import { VaultFolder } from "./vault-folder.ts";

/** Serves a vault until the signal is aborted; fails where the disk refuses, since nothing may be signed then. */
export async function serveVault(
  data: string,
  password: PasswordSource,
  listen: Endpoint,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const folder = new VaultFolder(data);
  const logger = openLog();
  // Two processes on one record would each sign what the other does not know of.
  const lock = await lockData(folder.path);
  try {
    const vault = await FileVault.open(folder.keystore, readPassword(password));
    const broken = Promise.withResolvers<void>();
    broken.promise.catch(() => undefined);
    const server = await VaultServer.start({
      vault,
      record: folder.record,
      ...listen,
      clients: () => folder.clients(),
      logger,
      failed: (error) => broken.reject(error),
    });
    try {
      const { port } = server;
      const { keyHash } = vault.identity;
      output.result({ pid: process.pid, port, keyHash }, `vault serves ${listen.host}:${port}, its key is ${keyHash}`);
      signal.addEventListener("abort", () => broken.resolve(), { once: true });
      if (signal.aborted) broken.resolve();
      await broken.promise;
    } finally {
      await server.stop();
    }
  } finally {
    await lock.release();
  }
}
