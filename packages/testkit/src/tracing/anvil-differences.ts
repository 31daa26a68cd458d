// Where anvil's traces differ from geth's, whose shapes ours have. Both sides lose what cannot be compared.

export type StructLog = {
  readonly pc: number;
  op: string;
  readonly gas: number;
  gasCost?: number;
  memory?: string[];
  returnData?: string;
  refund?: number;
  error?: string;
};
export type StructTrace = { gas: number; structLogs: StructLog[] };
export type CallTrace = { gas: string; error?: string; calls?: CallTrace[] };
export type Prestates = Record<string, { readonly balance: string; readonly nonce?: number; readonly code?: string }>;

/**
 * anvil also shows memory and return data where there are none; its refund counter is that of the frame alone and changes
 * only behind an SSTORE; of a creation's gas it counts what the init code gets.
 */
export function withoutStructDifferences(trace: unknown): StructTrace {
  const copy = structuredClone(trace) as StructTrace;
  for (const log of copy.structLogs) {
    if (log.memory?.length === 0) delete log.memory;
    if (log.returnData === "0x") delete log.returnData;
    delete log.refund;
    if (log.op === "CREATE" || log.op === "CREATE2") delete log.gasCost;
  }
  return copy;
}

/** anvil's outermost call begins with the gas that is left after the intrinsic gas; geth's with the limit. */
export function withLimit(theirs: unknown, intrinsic: bigint): CallTrace {
  const copy = structuredClone(theirs) as CallTrace;
  return { ...copy, gas: `0x${(BigInt(copy.gas) + intrinsic).toString(16)}` };
}

/** anvil, as geth before includeEmpty came, also shows accounts that do not exist. */
export function withoutEmpty(accounts: unknown): Prestates {
  const entries = Object.entries(accounts as Prestates);
  return Object.fromEntries(entries.filter(([, one]) => one.balance !== "0x0" || one.nonce || one.code));
}
