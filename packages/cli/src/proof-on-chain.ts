import { bucketCalldata, certifiedCalldata } from "@tributary/chain/proof/calldata";
import type { StateProof } from "@tributary/chain/proof/state-proof";
import type { ProvenState, TrustedEra } from "@tributary/chain/proof/verify-state-proof";
import { bucketOf } from "@tributary/chain/state/bucket-set";
import { accountKey, storageKey } from "@tributary/chain/state/flat-key";
import { fromKey } from "@tributary/chain/store/key";
import { stateProofsAbi } from "@tributary/contracts/abi/state-proofs.generated";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { PublicClient } from "viem";
import { CliError, reasonOf } from "./cli-error.ts";
import type { ProofClaim } from "./verify-proof.ts";

export type ProofClient = Pick<PublicClient, "readContract" | "estimateContractGas">;

/** Gas of the calls. */
export type ProofGas = { readonly certificate: bigint; readonly entries: bigint };

/** Asks the contract `StateProofs` for its own judgement, without a transaction. PROOF_REFUSED where it is another one. */
export async function judgeOnChain(
  client: ProofClient,
  address: `0x${string}`,
  claim: ProofClaim,
  proof: StateProof,
  proven: ProvenState,
  { chainId, groupKey }: TrustedEra,
): Promise<ProofGas> {
  const certified = certifiedCalldata(proof, groupKey);
  if (certified === undefined) throw new CliError("PROOF_REFUSED", "the certificate is no point");
  const contract = { address, abi: stateProofsAbi } as const;
  const bucketWith = (key: string) => {
    const found = proof.buckets.find(({ bucket }) => bucket === bucketOf(fromKey(key)));
    if (found === undefined) throw new CliError("PROOF_REFUSED", "a bucket is missing");
    return bucketCalldata(found);
  };
  const account = fromHex(claim.address) ?? new Uint8Array();
  try {
    const call = { ...contract, functionName: "stateOf", args: [chainId, certified] } as const;
    const { root } = await client.readContract(call);
    if (root !== toHex(proven.block.stateRoot))
      throw new CliError("PROOF_REFUSED", "the contract has another state root");
    const certificate = await client.estimateContractGas(call);
    const held = {
      ...contract,
      functionName: "accountIn",
      args: [root, bucketWith(accountKey(account)), claim.address],
    } as const;
    const [nonce, balance, codeHash] = await client.readContract(held);
    if (nonce !== claim.nonce || balance !== claim.balance || codeHash !== claim.codeHash) {
      throw new CliError("PROOF_REFUSED", "the contract has another account");
    }
    let entries = await client.estimateContractGas(held);
    for (const { key, value } of claim.storage) {
      const bucket = bucketWith(storageKey(account, fromHex(key) ?? new Uint8Array()));
      const slot = { ...contract, functionName: "storageIn", args: [root, bucket, claim.address, key] } as const;
      if ((await client.readContract(slot)) !== value) {
        throw new CliError("PROOF_REFUSED", `the contract has another value of slot ${key}`);
      }
      entries += await client.estimateContractGas(slot);
    }
    return { certificate, entries };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError("PROOF_REFUSED", `the contract refuses the proof: ${reasonOf(error)}`, { cause: error });
  }
}
