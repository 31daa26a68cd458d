import { Command } from "commander";
import { DEFAULT_DATA } from "../devnet/devnet-file.ts";
import { accountAddress, slotNumbers, wholeNumber } from "../option-parsers.ts";
import { createOutput } from "../output.ts";
import type { ReadProofOptions } from "../read-proof.ts";
import type { VerifyProofOptions } from "../verify-proof.ts";

export function proofCommand(): Command {
  const proof = new Command("proof").description(
    "Prove what an account holds, of a chain that stopped for ever too, and check such a proof.",
  );
  proof
    .command("get")
    .description("Get a proof of an account and of some of its slots from a node, running or not.")
    .argument("<address>", "the account", accountAddress)
    .option("--rpc <url>", "JSON-RPC of one of the chain's members")
    .option("--from-data <folder>", "instead: the folder of a node that does not run; no node has to")
    .option(
      "--chain <id>",
      "which chain of the folder, where it holds several",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option("--slot <number...>", "slots of its storage, decimal or hexadecimal", slotNumbers)
    .option("--out <file>", "keep the proof")
    .option("--json", "print the proof")
    .action(async (address: `0x${string}`, { json, ...options }: ReadProofOptions & { readonly json?: boolean }) => {
      const { readProof } = await import("../read-proof.ts");
      await readProof(address, options, createOutput(json === true));
    });
  proof
    .command("verify")
    .description("Check a proof by the mainchain's contracts alone. Fails where it does not prove what it says.")
    .argument("<file>", "what `proof get` kept, or an answer of tributary_getProof")
    .option("--data <folder>", "the devnet's folder", DEFAULT_DATA)
    .option("--network <file>", 'another network: {"rpc": url, "contracts": {name: address}}')
    .option("--mainchain <url>", "instead of a network's file: JSON-RPC of the mainchain,")
    .option("--state-proofs <address>", "and the address of the contract StateProofs there", accountAddress)
    .option("--chain <id>", "refuse proofs of other chains", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--on-chain", "ask the contract for its judgement, too, and say what gas that takes")
    .option("--json", "print JSON")
    .action(async (file: string, { json, ...options }: VerifyProofOptions & { readonly json?: boolean }) => {
      const { verifyProof } = await import("../verify-proof.ts");
      await verifyProof(file, options, createOutput(json === true));
    });
  return proof;
}
