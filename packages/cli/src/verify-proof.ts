import { readFile, stat } from "node:fs/promises";
import type { StateProof } from "@tributary/chain/proof/state-proof";
import { type ProvenState, type TrustedEra, verifyStateProof } from "@tributary/chain/proof/verify-state-proof";
import { erasAbi } from "@tributary/contracts";
import { stateProofsAbi } from "@tributary/contracts/abi/state-proofs.generated";
import { parseStateProof } from "@tributary/node/client/state-proof";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { createPublicClient, http } from "viem";
import { CliError, reasonOf } from "./cli-error.ts";
import { findNetwork, type NetworkOptions } from "./network.ts";
import type { Output } from "./output.ts";
import { judgeOnChain, type ProofClient } from "./proof-on-chain.ts";

export type VerifyProofOptions = Pick<NetworkOptions, "data" | "network"> & {
  /** JSON-RPC of the mainchain, and the address of the contract `StateProofs` there, in place of a network's file. */
  readonly mainchain?: string;
  readonly stateProofs?: `0x${string}`;
  readonly chain?: number;
  readonly onChain?: boolean;
};

/** As much as a proof can have, in hexadecimal, and some. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** What the file says that it proves. */
export type ProofClaim = {
  readonly chainId: bigint;
  readonly address: `0x${string}`;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly codeHash: string;
  readonly storage: readonly { readonly key: `0x${string}`; readonly value: `0x${string}` }[];
};

/**
 * Judges a proof by what the mainchain's contracts say of the chain, and by nothing else: no node of it has to run.
 * PROOF_REFUSED for what proves nothing, or something else than the file says.
 */
export async function verifyProof(file: string, options: VerifyProofOptions, output: Output): Promise<void> {
  const answer = await readProofFile(file);
  const proof = parseStateProof(answer);
  const claim = claimOf(answer);
  if (proof === undefined || claim === undefined) throw new CliError("PROOF_MALFORMED", `${file} holds no proof`);
  if (options.chain !== undefined && BigInt(options.chain) !== claim.chainId) {
    throw new CliError("PROOF_REFUSED", `the proof is of chain ${claim.chainId}`);
  }
  const { rpc, contract } = await contractOf(options);
  const client = createPublicClient({ transport: http(rpc) });
  const era = await trustedEra(client, contract, claim.chainId, proof);
  const verdict = verifyStateProof(proof, era);
  if (!verdict.ok) throw new CliError("PROOF_REFUSED", `the proof is refused for its ${verdict.fault}`);
  compare(claim, verdict.state);
  const gas =
    options.onChain === true ? await judgeOnChain(client, contract, claim, proof, verdict.state, era) : undefined;
  const { number, timestamp } = verdict.state.block;
  const proven = { ...claim, era: era.era, blockNumber: number, timestamp, ...(gas === undefined ? {} : { gas }) };
  output.result({ verified: true, ...proven }, describe(proven));
}

async function readProofFile(file: string): Promise<unknown> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw new RangeError(`larger than ${MAX_FILE_BYTES} bytes`);
    return JSON.parse(await readFile(file, "utf8")) as unknown;
  } catch (error) {
    throw new CliError("PROOF_UNREADABLE", `${file}: ${reasonOf(error)}`);
  }
}

async function contractOf(options: VerifyProofOptions): Promise<{ rpc: string; contract: `0x${string}` }> {
  const { mainchain, stateProofs } = options;
  if (mainchain !== undefined && stateProofs !== undefined) return { rpc: mainchain, contract: stateProofs };
  if (mainchain !== undefined || stateProofs !== undefined) {
    throw new CliError("NETWORK_INVALID", "--mainchain and --state-proofs go together");
  }
  const { rpc, contracts } = await findNetwork(options);
  return { rpc, contract: contracts.StateProofs };
}

/** The era that certified the block, as the mainchain has it. */
async function trustedEra(
  client: ProofClient,
  contract: `0x${string}`,
  chainId: bigint,
  { certificateEra }: StateProof,
): Promise<TrustedEra> {
  const eras = await client.readContract({ address: contract, abi: stateProofsAbi, functionName: "eras" });
  const list = await client.readContract({ address: eras, abi: erasAbi, functionName: "erasOf", args: [chainId] });
  const found = list.find(({ era }) => era === certificateEra);
  if (found === undefined) {
    throw new CliError("PROOF_REFUSED", `the mainchain knows no era ${certificateEra} of chain ${chainId}`);
  }
  const { era, group, firstHeight, lastHeight, groupKey } = found;
  return {
    ...{ chainId, group, era, firstHeight: Number(firstHeight), groupKey: fromHex(groupKey) ?? new Uint8Array() },
    ...(lastHeight === 0n ? {} : { lastHeight: Number(lastHeight) }),
  };
}

/** PROOF_REFUSED where the file claims what was not proven. */
function compare(claim: ProofClaim, state: ProvenState): void {
  const address = fromHex(claim.address) ?? new Uint8Array();
  const account = state.account(address);
  const require = (what: string, holds: boolean): void => {
    if (!holds) throw new CliError("PROOF_REFUSED", `the proof does not prove the ${what} that the file names`);
  };
  require("balance", account?.balance === claim.balance);
  require("nonce", account?.nonce === claim.nonce);
  require("code hash", account !== undefined && toHex(account.codeHash) === claim.codeHash);
  for (const { key, value } of claim.storage) {
    const word = state.storage(address, fromHex(key) ?? new Uint8Array());
    require(`slot ${key}`, word !== undefined && toHex(word) === value);
  }
}

function claimOf(answer: unknown): ProofClaim | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const { chainId, address, nonce, balance, codeHash, storage } = answer as Readonly<Record<string, unknown>>;
  if (typeof chainId !== "string" || !/^[1-9][0-9]{0,19}$/.test(chainId)) return undefined;
  const [count, amount] = [quantityOf(nonce), quantityOf(balance)];
  if (!isHex(address, 20) || !isHex(codeHash, 32) || count === undefined || amount === undefined) return undefined;
  if (!Array.isArray(storage) || storage.length > 256) return undefined;
  const slots: { readonly key: `0x${string}`; readonly value: `0x${string}` }[] = [];
  for (const entry of storage as readonly unknown[]) {
    const { key, value } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    if (!isHex(key, 32) || !isHex(value, 32)) return undefined;
    slots.push({ key, value });
  }
  return { chainId: BigInt(chainId), address, nonce: count, balance: amount, codeHash, storage: slots };
}

function isHex(value: unknown, bytes: number): value is `0x${string}` {
  return typeof value === "string" && value.length === 2 + 2 * bytes && /^0x[0-9a-f]+$/.test(value);
}

function quantityOf(value: unknown): bigint | undefined {
  return typeof value === "string" && /^0x[0-9a-f]{1,64}$/.test(value) ? BigInt(value) : undefined;
}

function describe({
  chainId,
  address,
  nonce,
  balance,
  storage,
  era,
  blockNumber,
  timestamp,
  gas,
}: ProofClaim & {
  readonly era: number;
  readonly blockNumber: number;
  readonly timestamp: number;
  readonly gas?: { readonly certificate: bigint; readonly entries: bigint };
}): string {
  return [
    `proven of chain ${chainId} by the key of era ${era}`,
    `block     ${blockNumber}, ${new Date(timestamp * 1_000).toISOString()}`,
    `account   ${address}`,
    `nonce     ${nonce}`,
    `balance   ${balance} wei`,
    ...storage.map(({ key, value }) => `slot      ${key} = ${value}`),
    ...(gas === undefined
      ? []
      : [`contract  agrees: ${gas.certificate} gas for the certificate, ${gas.entries} for entries`]),
  ].join("\n");
}
