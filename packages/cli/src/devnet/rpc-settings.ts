import { join } from "node:path";
import { readJson, writeAtomically } from "../atomic-file.ts";
import { NODE_CONFIG_FILE, type NodeConfig, parseNodeConfig } from "../node-config.ts";

/** What an operator may name of JSON-RPC's share of a node. */
export type RpcSettings = Pick<NodeConfig["rpc"], "unitsPerSecond" | "surplusPerSecond" | "limits">;

/** Writes the settings into the configuration of a node that does not run; the others stay as they are. */
export async function writeRpcSettings(dataDir: string, settings: RpcSettings): Promise<void> {
  if (Object.keys(settings).length === 0) return;
  const path = join(dataDir, NODE_CONFIG_FILE);
  const config = parseNodeConfig(await readJson(path), path);
  const limits = { ...config.rpc.limits, ...settings.limits };
  const rpc = { ...config.rpc, ...settings, ...(settings.limits === undefined ? {} : { limits }) };
  await writeAtomically(path, `${JSON.stringify({ ...config, rpc }, undefined, 2)}\n`);
}
