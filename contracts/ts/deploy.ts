import {
  type Abi,
  type Address,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  toFunctionSelector,
} from "viem";
import { accessAbi } from "./abi/access.generated.ts";
import { type ContractName, contractOrder, type TributaryAddresses } from "./addresses.ts";
import { ensureContractsBuilt, readArtifact } from "./build.ts";
import { type ManagerClient, mined } from "./manager-client.ts";
import type { ManagerParameters } from "./parameters.ts";

/** Roles of the Access contract. */
export const roles = { minter: 1n, parameters: 2n, reporter: 3n, treasurer: 4n, recoverer: 5n } as const;

/** Which role each restricted function needs. */
const restricted: readonly { contract: ContractName; role: bigint; signature: string }[] = [
  { contract: "TributaryToken", role: roles.minter, signature: "mint(address,uint256)" },
  { contract: "Validators", role: roles.parameters, signature: "setMinimumStake(uint256)" },
  { contract: "Committees", role: roles.parameters, signature: "setSelectionDelay(uint32)" },
  { contract: "Chains", role: roles.parameters, signature: "setParameters((uint256,uint32,uint8,uint16))" },
  { contract: "Chains", role: roles.reporter, signature: "setPaused(uint64,bool)" },
  { contract: "Rotations", role: roles.parameters, signature: "setParameters((uint32,uint32))" },
  { contract: "Recovery", role: roles.parameters, signature: "setParameters((uint32,uint32,uint128))" },
  { contract: "Renewals", role: roles.parameters, signature: "setParameters((uint32,uint32))" },
  { contract: "Recovery", role: roles.recoverer, signature: "openNow(uint64)" },
  { contract: "Forks", role: roles.parameters, signature: "schedule(uint64,uint8,uint64)" },
  { contract: "Forks", role: roles.parameters, signature: "cancel(uint64)" },
  { contract: "RentPool", role: roles.treasurer, signature: "pay(address,uint256)" },
];

export class DeploymentError extends Error {
  readonly code = "DEPLOYMENT_FAILED";
  constructor(message: string) {
    super(message);
    this.name = "DeploymentError";
  }
}

/** The addresses that a deployment by `deployer`, starting at `nonce`, gives. */
export function predictAddresses(deployer: Address, nonce: number): TributaryAddresses {
  const at = (index: number): Address => getContractAddress({ from: deployer, nonce: BigInt(nonce + index) });
  return Object.fromEntries(contractOrder.map((name, index) => [name, at(index)])) as TributaryAddresses;
}

function constructorArguments(
  addresses: TributaryAddresses,
  deployer: Address,
  parameters: ManagerParameters,
): Readonly<Record<ContractName, readonly unknown[]>> {
  const { Access, TributaryToken, RentPool, Validators, Nodes, Committees, Chains, Eras, KeyGeneration } = addresses;
  const { Resharing, Rotations, Recovery, Renewals } = addresses;
  const { price, grace, minimumMembers, maximumMonths } = parameters;
  const parts = {
    token: TributaryToken,
    pool: RentPool,
    committees: Committees,
    keyGeneration: KeyGeneration,
    eras: Eras,
    rotations: Rotations,
  };
  const rotationParts = {
    chains: Chains,
    committees: Committees,
    nodes: Nodes,
    keyGeneration: KeyGeneration,
    resharing: Resharing,
    recovery: Recovery,
    renewals: Renewals,
  };
  const recoveryParts = {
    token: TributaryToken,
    pool: RentPool,
    chains: Chains,
    committees: Committees,
    nodes: Nodes,
    keyGeneration: KeyGeneration,
    eras: Eras,
    rotations: Rotations,
    renewals: Renewals,
  };
  const renewalParts = {
    chains: Chains,
    committees: Committees,
    keyGeneration: KeyGeneration,
    eras: Eras,
    rotations: Rotations,
    recovery: Recovery,
  };
  return {
    Access: [deployer],
    TributaryToken: [Access],
    RentPool: [Access, TributaryToken],
    Validators: [Access, TributaryToken, Nodes, parameters.minimumStake],
    Nodes: [Validators, Committees],
    Committees: [Access, Nodes, Chains, Rotations, parameters.selectionDelay],
    Chains: [Access, parts, parameters.devAllocations, { price, grace, minimumMembers, maximumMonths }],
    Eras: [Chains, Recovery, Renewals],
    KeyGeneration: [Chains, Recovery, Renewals, Nodes, parameters.windows],
    Offences: [KeyGeneration, Resharing, Nodes],
    Resharing: [Rotations, Nodes, parameters.windows],
    Rotations: [Access, rotationParts, parameters.rotation],
    Recovery: [Access, recoveryParts, parameters.recovery],
    Forks: [Access, Chains, parameters.forkNotice],
    StateProofs: [Eras],
    Renewals: [Access, renewalParts, parameters.renewal],
  };
}

/** Calls that give each restricted function its role, the roles to the admin, and at last the admin role itself. */
function accessCalls(addresses: TributaryAddresses, deployer: Address, admin: Address): Hex[] {
  const calls = restricted.map(({ contract, role, signature }) =>
    encodeFunctionData({
      abi: accessAbi,
      functionName: "setTargetFunctionRole",
      args: [addresses[contract], [toFunctionSelector(signature)], role],
    }),
  );
  for (const role of Object.values(roles)) {
    calls.push(encodeFunctionData({ abi: accessAbi, functionName: "grantRole", args: [role, admin, 0] }));
  }
  if (admin.toLowerCase() !== deployer.toLowerCase()) {
    calls.push(encodeFunctionData({ abi: accessAbi, functionName: "grantRole", args: [0n, admin, 0] }));
    calls.push(encodeFunctionData({ abi: accessAbi, functionName: "renounceRole", args: [0n, deployer] }));
  }
  return calls;
}

/**
 * Deploys the network manager with the client's account, which must send nothing else meanwhile: the contracts know each
 * other by addresses that follow from its nonce. All transactions are sent before any is waited for.
 */
export async function deployTributary(
  client: ManagerClient,
  parameters: ManagerParameters,
): Promise<TributaryAddresses> {
  await ensureContractsBuilt();
  const deployer = client.account.address;
  const nonce = await client.getTransactionCount({ address: deployer, blockTag: "pending" });
  const addresses = predictAddresses(deployer, nonce);
  const inputs = constructorArguments(addresses, deployer, parameters);

  const creations: Hex[] = [];
  for (const [index, name] of contractOrder.entries()) {
    const { abi, bytecode } = readArtifact(name);
    const data = encodeDeployData({ abi: abi as Abi, bytecode, args: inputs[name] as unknown[] });
    creations.push(await client.sendTransaction({ data, nonce: nonce + index }));
  }
  for (const [index, hash] of creations.entries()) {
    const name = contractOrder[index] as ContractName;
    const receipt = await mined(client, `the creation of ${name}`, hash);
    if (receipt.contractAddress?.toLowerCase() !== addresses[name].toLowerCase()) {
      throw new DeploymentError(`${name} got another address: the account sent something else meanwhile`);
    }
  }

  const calls: Hex[] = [];
  const first = nonce + contractOrder.length;
  for (const [index, data] of accessCalls(addresses, deployer, parameters.admin ?? deployer).entries()) {
    calls.push(await client.sendTransaction({ to: addresses.Access, data, nonce: first + index }));
  }
  for (const hash of calls) await mined(client, "setting up roles", hash);
  return addresses;
}
