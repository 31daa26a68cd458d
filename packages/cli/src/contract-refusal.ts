import { chainsAbi } from "@tributary/contracts/abi/chains.generated";
import { committeesAbi } from "@tributary/contracts/abi/committees.generated";
import { erasAbi } from "@tributary/contracts/abi/eras.generated";
import { forksAbi } from "@tributary/contracts/abi/forks.generated";
import { keyGenerationAbi } from "@tributary/contracts/abi/key-generation.generated";
import { nodesAbi } from "@tributary/contracts/abi/nodes.generated";
import { offencesAbi } from "@tributary/contracts/abi/offences.generated";
import { recoveryAbi } from "@tributary/contracts/abi/recovery.generated";
import { renewalsAbi } from "@tributary/contracts/abi/renewals.generated";
import { rotationsAbi } from "@tributary/contracts/abi/rotations.generated";
import { tributaryTokenAbi } from "@tributary/contracts/abi/tributary-token.generated";
import { validatorsAbi } from "@tributary/contracts/abi/validators.generated";
import { type Abi, BaseError, ContractFunctionRevertedError, decodeErrorResult } from "viem";
import { CliError } from "./cli-error.ts";

/** A call passes through several contracts, and any of them may be the one that refuses. */
const errors: Abi = [
  ...chainsAbi,
  ...committeesAbi,
  ...erasAbi,
  ...forksAbi,
  ...keyGenerationAbi,
  ...nodesAbi,
  ...offencesAbi,
  ...recoveryAbi,
  ...renewalsAbi,
  ...rotationsAbi,
  ...tributaryTokenAbi,
  ...validatorsAbi,
].filter(({ type }) => type === "error");

/** What the network's contracts said when they refused a call; undefined where the failure is another one. */
export function contractRefusal(error: unknown): CliError | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(reverted instanceof ContractFunctionRevertedError)) return undefined;
  const refused = (what: string): CliError =>
    new CliError("CONTRACT_REFUSED", `the contracts refuse: ${what}`, { cause: error });
  if (reverted.raw === undefined || reverted.raw === "0x") return refused(reverted.reason ?? "no reason given");
  try {
    const { errorName, args, abiItem } = decodeErrorResult({ abi: errors, data: reverted.raw });
    const values = (args ?? []) as readonly unknown[];
    if (errorName === "UnknownChain") {
      return new CliError("CHAIN_UNKNOWN", `there is no chain ${String(values[0])}`, { cause: error });
    }
    const inputs = "inputs" in abiItem ? abiItem.inputs : [];
    const named = values.map((value, i) => `${inputs[i]?.name ?? i} ${String(value)}`).join(", ");
    return refused(named === "" ? errorName : `${errorName} (${named})`);
  } catch {
    return refused(reverted.reason ?? reverted.raw);
  }
}
