import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { auditDirectory } from "@tributary/chain/chain/audit-directory";
import { fromKey } from "@tributary/chain/store/key";
import { toHex } from "@tributary/protocol/bytes/hex";
import { CliError, codeOf, reasonOf } from "./cli-error.ts";
import type { Output } from "./output.ts";

/** What the stored state of one chain came to. */
export type ChainAudit = {
  readonly chainId: number;
  readonly ok: boolean;
  readonly blockNumber?: number;
  readonly blockHash?: string;
  /** As the block's header says. */
  readonly stateRoot?: string;
  /** From the raw entries of the database. */
  readonly recomputed?: string;
  readonly accounts?: number;
  readonly slots?: number;
  /** Hashes of contract codes that are missing or wrong. */
  readonly badCode?: readonly string[];
  /** Why the chain could not be checked. */
  readonly error?: { readonly code: string; readonly message: string };
};

/**
 * Recomputes the state root of each chain of a stopped node from the raw database and compares it with the header of the
 * newest block. Reads only. AUDIT_FAILED where one does not agree.
 */
export async function auditNode(data: string, chain: number | undefined, output: Output): Promise<void> {
  const folder = join(resolve(data), "chains");
  const present = existsSync(folder) ? readdirSync(folder).filter((name) => /^[1-9][0-9]{0,15}$/.test(name)) : [];
  const wanted = present.map(Number).filter((chainId) => chain === undefined || chainId === chain);
  if (wanted.length === 0) {
    throw new CliError("NOTHING_TO_AUDIT", `${folder} holds ${chain === undefined ? "no chain" : `no chain ${chain}`}`);
  }
  const audits: ChainAudit[] = [];
  for (const chainId of wanted) audits.push(await auditChain(join(folder, String(chainId), "chain"), chainId, output));
  output.result(audits, audits.map(describe).join("\n"));
  const bad = audits.filter(({ ok }) => !ok).map(({ chainId }) => chainId);
  if (bad.length > 0) throw new CliError("AUDIT_FAILED", `the state of ${bad.join(", ")} is not what its blocks say`);
}

async function auditChain(directory: string, chainId: number, output: Output): Promise<ChainAudit> {
  output.progress(`chain ${chainId}: reading ${directory}`);
  try {
    const audit = await auditDirectory(directory, (entries) => output.progress(`chain ${chainId}: ${entries} entries`));
    const { ok, blockNumber, accounts, slots } = audit;
    return {
      chainId,
      ok,
      blockNumber,
      blockHash: toHex(audit.blockHash),
      stateRoot: toHex(audit.expected),
      recomputed: toHex(audit.root),
      accounts,
      slots,
      badCode: audit.badCode.map((key) => toHex(fromKey(key).subarray(1))),
    };
  } catch (error) {
    const code = codeOf(error);
    // The node runs: nothing was found out about its state.
    if (code === undefined || code === "store-locked") throw error;
    return { chainId, ok: false, error: { code, message: reasonOf(error) } };
  }
}

function describe(audit: ChainAudit): string {
  const { chainId, ok, error, blockNumber, stateRoot, recomputed, accounts, slots, badCode = [] } = audit;
  if (error !== undefined) return `chain ${chainId}: ${error.code}: ${error.message}`;
  if (ok)
    return `chain ${chainId}: sound at block ${blockNumber}: ${accounts} accounts, ${slots} slots, root ${stateRoot}`;
  const roots = `block ${blockNumber} has state root ${stateRoot}, the entries give ${recomputed}`;
  return `chain ${chainId}: DAMAGED: ${roots}${badCode.length === 0 ? "" : `; codes missing: ${badCode.join(", ")}`}`;
}
