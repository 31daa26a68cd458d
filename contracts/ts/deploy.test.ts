import { randomBytes } from "node:crypto";
import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import { BlsSecretKey, provePossession } from "@tributary/protocol/crypto/bls";
import { publicKeyToEip2537 } from "@tributary/protocol/crypto/eip2537";
import { createPublicClient, type Hex, http, keccak256, parseEventLogs, parseUnits } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessAbi } from "./abi/access.generated.ts";
import { chainsAbi } from "./abi/chains.generated.ts";
import { committeesAbi } from "./abi/committees.generated.ts";
import { keyGenerationAbi } from "./abi/key-generation.generated.ts";
import { nodesAbi } from "./abi/nodes.generated.ts";
import { offencesAbi } from "./abi/offences.generated.ts";
import { stateProofsAbi } from "./abi/state-proofs.generated.ts";
import { tributaryTokenAbi } from "./abi/tributary-token.generated.ts";
import type { TributaryAddresses } from "./addresses.ts";
import { Anvil } from "./anvil.fixture.ts";
import { deriveChainId, deriveGroup } from "./chain-identity.ts";
import { createChain } from "./create-chain.ts";
import { deployTributary, predictAddresses } from "./deploy.ts";
import { headerRlp, type RpcBlock, readHeaderRlp } from "./header-rlp.ts";
import { connectManager, type ManagerClient, mined } from "./manager-client.ts";
import { devnetParameters } from "./parameters.ts";
import { registerNode, registerValidator, registrationDigest } from "./register-node.ts";
import { selectCommittee } from "./select-committee.ts";

/** The accounts that anvil funds, from its well-known test mnemonic. */
const KEYS: readonly Hex[] = [
  "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
  "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
  "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
];

let anvil: Anvil;
let admin: ManagerClient;
let addresses: TributaryAddresses;

beforeAll(async () => {
  anvil = await Anvil.start();
  admin = await connectManager(anvil.rpc, privateKeyToAccount(KEYS[0]!), 20);
  addresses = await deployTributary(admin, devnetParameters);
}, 120_000);

afterAll(async () => {
  await anvil?.stop();
});

async function mint(to: Hex, amount: bigint): Promise<void> {
  const hash = await admin.writeContract({
    address: addresses.TributaryToken,
    abi: tributaryTokenAbi,
    functionName: "mint",
    args: [to, amount],
  });
  await mined(admin, "the mint", hash);
}

type TestNode = { readonly account: PrivateKeyAccount; readonly registration: Parameters<typeof registerNode>[2] };

function freshNode(index: number): TestNode {
  const account = privateKeyToAccount(toHex(randomBytes(32)));
  const secret = BlsSecretKey.generate((length) => new Uint8Array(randomBytes(length)));
  return {
    account,
    registration: {
      endpoint: `127.0.0.1:${9000 + index}`,
      rpc: `http://127.0.0.1:${8000 + index}`,
      nodeAddress: account.address,
      transportKey: new Uint8Array(randomBytes(32)),
      blsKey: secret.publicKey.bytes,
      blsProof: provePossession(secret, fromHex(account.address)!),
    },
  };
}

/** As a key vault signs: v is 0 or 1. */
function vaultSigner(account: PrivateKeyAccount): (digest: Uint8Array) => Promise<Uint8Array> {
  return async (digest) => {
    const signature = fromHex(await account.sign({ hash: toHex(digest) }))!;
    signature[64] = signature[64]! - 27;
    return signature;
  };
}

async function mine(blocks: number): Promise<void> {
  await admin.request({ method: "anvil_mine" as never, params: [`0x${blocks.toString(16)}`] as never });
}

test("the contracts know each other by the predicted addresses and the roles are set", async () => {
  expect(addresses).toEqual(predictAddresses(admin.account.address, 0));
  const offences = { address: addresses.Offences, abi: offencesAbi } as const;
  expect(await admin.readContract({ ...offences, functionName: "keyGeneration" })).toBe(addresses.KeyGeneration);
  expect(await admin.readContract({ ...offences, functionName: "nodes" })).toBe(addresses.Nodes);
  const proofs = { address: addresses.StateProofs, abi: stateProofsAbi } as const;
  expect(await admin.readContract({ ...proofs, functionName: "eras" })).toBe(addresses.Eras);
  const read = (functionName: "committees" | "keyGeneration" | "eras" | "token" | "pool") =>
    admin.readContract({ address: addresses.Chains, abi: chainsAbi, functionName });
  expect([await read("committees"), await read("keyGeneration"), await read("eras")]).toEqual([
    addresses.Committees,
    addresses.KeyGeneration,
    addresses.Eras,
  ]);
  const [allowed] = await admin.readContract({
    address: addresses.Access,
    abi: accessAbi,
    functionName: "hasRole",
    args: [1n, admin.account.address],
  });
  expect(allowed).toBe(true);
  const stranger = await connectManager(anvil.rpc, privateKeyToAccount(KEYS[1]!), 20);
  await expect(
    stranger.writeContract({
      address: addresses.TributaryToken,
      abi: tributaryTokenAbi,
      functionName: "mint",
      args: [stranger.account.address, 1n],
    }),
  ).rejects.toThrow(/AccessManagedUnauthorized/);
});

test("a header's RLP hashes to the block's hash, and a changed block is refused", async () => {
  for (const number of [0n, 1n, await admin.getBlockNumber()]) {
    const block = await admin.getBlock({ blockNumber: number });
    expect(keccak256((await readHeaderRlp(admin, number))!)).toBe(block.hash);
  }
  const raw = (await admin.request({ method: "eth_getBlockByNumber", params: ["0x1", false] })) as unknown as RpcBlock;
  expect(() => headerRlp({ ...raw, mixHash: `0x${"11".repeat(32)}` })).toThrow(
    expect.objectContaining({ code: "HEADER_MISMATCH" }),
  );
  expect(await readHeaderRlp(admin, 1_000_000n)).toBeUndefined();
});

test("four nodes with real keys get a chain selected and its key generation begun", async () => {
  const nodes = KEYS.map((_, index) => freshNode(index));
  for (const [index, key] of KEYS.entries()) {
    const client = await connectManager(anvil.rpc, privateKeyToAccount(key), 20);
    await mint(client.account.address, parseUnits("1000", 18));
    const validatorId = await registerValidator(client, addresses, devnetParameters.minimumStake);
    const { account, registration } = nodes[index]!;
    expect(await registerNode(client, addresses, registration, vaultSigner(account))).toBe(index + 1);
    const found = await client.readContract({
      address: addresses.Nodes,
      abi: nodesAbi,
      functionName: "nodeOf",
      args: [index + 1],
    });
    expect(found).toMatchObject({
      validatorId,
      nodeAddress: account.address,
      endpoint: registration.endpoint,
      state: 1,
    });
  }

  const stranger = freshNode(9);
  await expect(
    registerNode(
      admin,
      addresses,
      { ...stranger.registration, blsProof: nodes[0]!.registration.blsProof },
      vaultSigner(stranger.account),
    ),
  ).rejects.toThrow(/BadProofOfPossession/);

  const allocation = [{ account: admin.account.address, balance: parseUnits("5", 18) }];
  const order = { name: "first", size: "small", members: 4, months: 6, allocation } as const;
  const { chainId, rent, blockNumber } = await createChain(admin, addresses, order);
  expect(rent).toBe(devnetParameters.price * 4n * 6n);

  const logs = await createPublicClient({ transport: http(anvil.rpc) }).getLogs({
    address: addresses.Chains,
    fromBlock: blockNumber,
    toBlock: blockNumber,
  });
  const [requested] = parseEventLogs({ abi: chainsAbi, eventName: "ChainRequested", logs });
  const { group, nonce, timestamp, creation, slots } = requested!.args;
  expect(chainId).toBe(deriveChainId(31_337n, addresses.Chains, nonce, creation.name));
  expect(group).toBe(deriveGroup(31_337n, addresses.Chains, chainId, nonce));
  expect({ timestamp, slots, allocation: creation.allocation }).toEqual({
    timestamp: (await admin.getBlock({ blockNumber })).timestamp,
    slots: 1,
    allocation,
  });

  expect(await selectCommittee(admin, addresses, chainId)).toMatchObject({ kind: "too-early" });
  await mine(3);
  const selection = await selectCommittee(admin, addresses, chainId);
  if (selection.kind !== "selected") throw new Error(`the selection was ${selection.kind}`);
  expect([...selection.nodeIds].sort()).toEqual([1, 2, 3, 4]);
  expect(await selectCommittee(admin, addresses, chainId)).toEqual({ kind: "not-requested" });

  const chain = await admin.readContract({
    address: addresses.Chains,
    abi: chainsAbi,
    functionName: "chainOf",
    args: [chainId],
  });
  expect(chain).toMatchObject({ state: 3, escrow: rent, name: "first", era: 1, epoch: 1 });
  const generation = await admin.readContract({
    address: addresses.KeyGeneration,
    abi: keyGenerationAbi,
    functionName: "statusOf",
    args: [chainId],
  });
  expect(generation).toMatchObject({ phase: 1, group, era: 1, epoch: 1, nodeIds: selection.nodeIds });
});

test("a seed block beyond BLOCKHASH is read from the history contract", async () => {
  const { chainId } = await createChain(admin, addresses, { name: "late", size: "medium", members: 4, months: 1 });
  await mine(300);
  expect((await selectCommittee(admin, addresses, chainId)).kind).toBe("selected");
  const free = await admin.readContract({
    address: addresses.Committees,
    abi: committeesAbi,
    functionName: "slotsOf",
    args: [1],
  });
  expect(free).toEqual([true, 17n, 111n]);
});

test("the digest that a node signs is the contract's", async () => {
  const { registration } = freshNode(20);
  const mainchain = BigInt(admin.chain.id);
  const onChain = await admin.readContract({
    address: addresses.Nodes,
    abi: nodesAbi,
    functionName: "registrationDigest",
    args: [
      7,
      {
        endpoint: registration.endpoint,
        rpc: registration.rpc,
        nodeAddress: registration.nodeAddress,
        transportKey: toHex(registration.transportKey),
        blsKey: toHex(publicKeyToEip2537(registration.blsKey)!),
      },
    ],
  });
  expect(toHex(registrationDigest(mainchain, addresses.Nodes, 7, registration))).toBe(onChain);
});
