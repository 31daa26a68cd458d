import { concat, toHex } from "@tributary/protocol/bytes/index";
import { publicKeyToEip2537, signatureToEip2537 } from "@tributary/protocol/crypto/eip2537";
import { type Address, encodePacked, keccak256, parseEventLogs, stringToHex } from "viem";
import { nodesAbi } from "./abi/nodes.generated.ts";
import { tributaryTokenAbi } from "./abi/tributary-token.generated.ts";
import { validatorsAbi } from "./abi/validators.generated.ts";
import type { TributaryAddresses } from "./addresses.ts";
import { type ManagerClient, mined } from "./manager-client.ts";

/** What a node shows to be registered; a KeyVault has all of it but the addresses. */
export type NodeRegistration = {
  /** host:port of the peer port. */
  readonly endpoint: string;
  /** http(s)://host:port of the JSON-RPC, without a path. */
  readonly rpc: string;
  readonly nodeAddress: Address;
  /** SHA-256 of the transport key's SubjectPublicKeyInfo, 32 bytes. */
  readonly transportKey: Uint8Array;
  /** Compressed, 48 bytes, and its proof of possession, 96 bytes. */
  readonly blsKey: Uint8Array;
  readonly blsProof: Uint8Array;
};

export class InvalidNodeKeyError extends Error {
  readonly code = "INVALID_NODE_KEY";
  constructor(what: string) {
    super(`${what} is not a valid point`);
    this.name = "InvalidNodeKeyError";
  }
}

/** What the node's account signs to be registered under a validator: see INodes.registrationDigest. */
export function registrationDigest(
  mainchainId: bigint,
  nodes: Address,
  validatorId: number,
  node: Pick<NodeRegistration, "nodeAddress" | "transportKey" | "blsKey">,
): Uint8Array {
  const packed = encodePacked(
    ["bytes32", "uint256", "address", "uint32", "address", "bytes32", "bytes"],
    [
      keccak256(stringToHex("tributary/v1/register")),
      mainchainId,
      nodes,
      validatorId,
      node.nodeAddress,
      toHex(node.transportKey),
      toHex(node.blsKey),
    ],
  );
  return keccak256(packed, "bytes");
}

/** Registers the client's account as a validator (unless it is one) and tops its stake up to `stake`. */
export async function registerValidator(
  client: ManagerClient,
  addresses: TributaryAddresses,
  stake: bigint,
): Promise<number> {
  const validators = { address: addresses.Validators, abi: validatorsAbi } as const;
  const owner = client.account.address;
  let id = await client.readContract({ ...validators, functionName: "validatorOf", args: [owner] });
  if (id === 0) {
    const hash = await client.writeContract({ ...validators, functionName: "register", args: [] });
    await mined(client, "the validator's registration", hash);
    id = await client.readContract({ ...validators, functionName: "validatorOf", args: [owner] });
  }
  const [present] = await client.readContract({ ...validators, functionName: "stakeOf", args: [id] });
  if (present < stake) {
    await approve(client, addresses, addresses.Validators, stake - present);
    const hash = await client.writeContract({ ...validators, functionName: "deposit", args: [id, stake - present] });
    await mined(client, "the deposit", hash);
  }
  return id;
}

/**
 * Registers a node of the client's validator. `signNode` signs 32 bytes with the node's key: r ‖ s ‖ v, 65 bytes, v = 0
 * or 1 (as KeyVault.signNode).
 */
export async function registerNode(
  client: ManagerClient,
  addresses: TributaryAddresses,
  node: NodeRegistration,
  signNode: (digest: Uint8Array) => Promise<Uint8Array>,
): Promise<number> {
  const blsKey = publicKeyToEip2537(node.blsKey);
  const proof = signatureToEip2537(node.blsProof);
  if (blsKey === undefined) throw new InvalidNodeKeyError("the BLS key");
  if (proof === undefined) throw new InvalidNodeKeyError("the proof of possession");
  const validatorId = await client.readContract({
    address: addresses.Validators,
    abi: validatorsAbi,
    functionName: "validatorOf",
    args: [client.account.address],
  });
  const digest = registrationDigest(BigInt(client.chain.id), addresses.Nodes, validatorId, node);
  const signature = await signNode(digest);
  const recovery = signature[64] ?? 0;
  const registration = {
    endpoint: node.endpoint,
    rpc: node.rpc,
    nodeAddress: node.nodeAddress,
    transportKey: toHex(node.transportKey),
    blsKey: toHex(blsKey),
  };
  const ethereumSignature = concat(signature.subarray(0, 64), Uint8Array.of(recovery < 27 ? recovery + 27 : recovery));
  const hash = await client.writeContract({
    address: addresses.Nodes,
    abi: nodesAbi,
    functionName: "register",
    args: [registration, toHex(ethereumSignature), toHex(proof)],
  });
  const { logs } = await mined(client, "the node's registration", hash);
  const [event] = parseEventLogs({ abi: nodesAbi, eventName: "NodeRegistered", logs });
  if (event === undefined) throw new Error("a registration without its event");
  return event.args.nodeId;
}

/** Allows `spender` to take `amount` of the client's tokens. */
export async function approve(
  client: ManagerClient,
  addresses: TributaryAddresses,
  spender: Address,
  amount: bigint,
): Promise<void> {
  const hash = await client.writeContract({
    address: addresses.TributaryToken,
    abi: tributaryTokenAbi,
    functionName: "approve",
    args: [spender, amount],
  });
  await mined(client, "the approval", hash);
}
