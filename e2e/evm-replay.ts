// Runs, without its types, beside the installed package on any Node: executes the transactions of a file, asks the
// precompiles, and prints a digest of all that came out.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type BlockEnv, Evm, type Fork, runPrecompile, type Transaction } from "@tributary/evm";

export type Replay = {
  readonly scenarios: readonly {
    readonly block: BlockEnv;
    readonly transaction: Transaction;
    readonly accounts: readonly {
      readonly address: Uint8Array;
      readonly nonce: bigint;
      readonly balance: bigint;
      readonly codeHash: Uint8Array;
      readonly code: Uint8Array;
      readonly storage: readonly (readonly [slot: Uint8Array, value: Uint8Array])[];
    }[];
  }[];
  readonly precompiles: readonly { readonly id: number; readonly input: Uint8Array; readonly fork: Fork }[];
};

export type Replayed = { readonly digest: string; readonly counts: Readonly<Record<string, number>> };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** JSON with bigints and bytes as text. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return `n:${value}`;
  return value instanceof Uint8Array ? `x:${hex(value)}` : value;
}

function revive(_: string, value: unknown): unknown {
  if (typeof value !== "string" || !/^[nx]:/.test(value)) return value;
  return value.startsWith("n") ? BigInt(value.slice(2)) : new Uint8Array(Buffer.from(value.slice(2), "hex"));
}

export function encodeReplay(replay: Replay): string {
  return JSON.stringify(replay, plain);
}

async function run({ scenarios, precompiles }: Replay): Promise<Replayed> {
  const digest = createHash("sha256");
  const counts: Record<string, number> = {};
  const note = (kind: string, result: unknown): void => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    digest.update(JSON.stringify(result, plain));
  };
  const evm = await Evm.create();
  for (const { block, transaction, accounts } of scenarios) {
    const byAddress = new Map(accounts.map((account) => [hex(account.address), account]));
    const byHash = new Map(accounts.map((account) => [hex(account.codeHash), account.code]));
    const slots = new Map(
      accounts.flatMap(({ address, storage }) =>
        storage.map(([slot, value]) => [`${hex(address)} ${hex(slot)}`, value] as const),
      ),
    );
    evm.begin(block, {
      account: (address) => byAddress.get(hex(address)),
      storage: (address, slot) => slots.get(`${hex(address)} ${hex(slot)}`),
      code: (codeHash) => byHash.get(hex(codeHash)) ?? new Uint8Array(),
      blockHash: () => undefined,
    });
    const outcome = evm.execute(transaction);
    note(outcome.kind === "executed" ? outcome.status : outcome.kind, [outcome, evm.changes()]);
  }
  for (const { id, input, fork } of precompiles) {
    const result = runPrecompile(id, input, 10_000_000n, fork);
    note(`${id} ${result.ok ? "answered" : "refused"}`, result);
  }
  return { digest: digest.digest("hex"), counts };
}

const file = process.argv[2];
if (import.meta.url.endsWith("/replay.mjs") && file !== undefined) {
  console.log(JSON.stringify(await run(JSON.parse(readFileSync(file, "utf8"), revive) as Replay)));
}
