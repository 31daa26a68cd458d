import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { stoppedProof } from "@tributary/node/host/stopped-proof";
import { shapeStateProof } from "@tributary/node/rpc/shape/state-proof";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { writeAtomically } from "./atomic-file.ts";
import { chainCall } from "./chain-rpc.ts";
import { CliError } from "./cli-error.ts";
import type { Output } from "./output.ts";

export type ReadProofOptions = {
  readonly rpc?: string;
  readonly fromData?: string;
  readonly chain?: number;
  readonly slot?: readonly `0x${string}`[];
  readonly out?: string;
};

/** What a proof says of itself; only `verifyProof` makes it true. */
type Shown = {
  readonly blockNumber: number;
  readonly nonce: string;
  readonly balance: string;
  readonly storage: readonly { readonly key: string; readonly value: string }[];
};

/** Gets a proof of an account from a member's JSON-RPC, or out of the folder of a node that does not run. */
export async function readProof(account: `0x${string}`, options: ReadProofOptions, output: Output): Promise<void> {
  const { rpc, fromData, slot = [], out } = options;
  if ((rpc === undefined) === (fromData === undefined)) {
    throw new CliError("PROOF_SOURCE", "name either --rpc or --from-data");
  }
  const proof =
    fromData === undefined
      ? ((await chainCall(rpc ?? "", "tributary_getProof", account, slot)) as object)
      : await fromFolder(resolve(fromData), options.chain, account, slot);
  if (out !== undefined) await writeAtomically(out, `${JSON.stringify(proof)}\n`, 0o644);
  output.result(proof, describe(account, proof as Shown, out));
}

async function fromFolder(
  data: string,
  wanted: number | undefined,
  account: `0x${string}`,
  slots: readonly `0x${string}`[],
): Promise<object> {
  const chainId = chainIn(data, wanted);
  const folder = join(data, "chains", chainId.toString());
  const [address, ...keys] = [account, ...slots].map((text) => fromHex(text) ?? new Uint8Array());
  if (address === undefined) throw new TypeError("an account has an address");
  const report = await stoppedProof(folder, chainId, address, keys);
  if (report.kind === "too-large") {
    throw new CliError("PROOF_TOO_LARGE", "the account's buckets are too large for one proof: name fewer slots");
  }
  if (report.kind === "uncertified") {
    throw new CliError("NOT_CERTIFIED", `${folder} holds no certificate of its newest block`);
  }
  return shapeStateProof(chainId, report.proof, address, keys);
}

/** The chain whose proof is wanted; the only one of the folder where none was named. */
function chainIn(data: string, wanted: number | undefined): bigint {
  const folder = join(data, "chains");
  const present = existsSync(folder) ? readdirSync(folder).filter((name) => /^[1-9][0-9]{0,19}$/.test(name)) : [];
  const found = wanted === undefined ? present : present.filter((name) => name === String(wanted));
  const [only, ...others] = found;
  if (only === undefined) {
    throw new CliError("NO_CHAIN", `${folder} holds ${wanted === undefined ? "no chain" : `no chain ${wanted}`}`);
  }
  if (others.length > 0) throw new CliError("NO_CHAIN", `name one of its chains with --chain: ${present.join(", ")}`);
  return BigInt(only);
}

function describe(account: string, proof: Shown, out: string | undefined): string {
  return [
    `account   ${account}`,
    `block     ${proof.blockNumber}`,
    `nonce     ${BigInt(proof.nonce)}`,
    `balance   ${BigInt(proof.balance)} wei`,
    ...proof.storage.map(({ key, value }) => `slot      ${key} = ${value}`),
    out === undefined
      ? "Not verified, and not kept: --out FILE or --json keeps the proof."
      : `Not verified; kept in ${out}`,
  ].join("\n");
}
