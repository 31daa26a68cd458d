import { existsSync } from "node:fs";
import { join } from "node:path";
import { unpacked, vectorsFolder } from "../statetest/fixture-files.ts";

/** The folder of execution-apis' tests with their chain; undefined where the vectors are absent and nobody named them. */
export function rpcVectors(): string | undefined {
  const archive = join(vectorsFolder(), "rpc-compat.tar.xz");
  if (!existsSync(archive) && process.env["TRIBUTARY_VECTORS"] === undefined) {
    process.stderr.write(`SKIPPED: execution-apis' vectors, for ${archive} is absent (set TRIBUTARY_VECTORS)\n`);
    return undefined;
  }
  return join(unpacked(archive), "rpc", "tests");
}
