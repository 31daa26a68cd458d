// How contracts built from OpenZeppelin's package behave through JSON-RPC, and an indexer that keeps up with them.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { until } from "@tributary/testkit/devnet/processes";
import {
  type Abi,
  type Address,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  getAddress,
  getContractAddress,
  type Hex,
  http,
  keccak256,
  type PrivateKeyAccount,
  parseEventLogs,
  parseSignature,
  type TransactionReceipt,
  toHex,
  webSocket,
  zeroAddress,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const ZERO_HASH = `0x${"00".repeat(32)}` as const;

type Deployed = { readonly address: Address; readonly abi: Abi };
type Client = ReturnType<typeof clientOf>;

let devnet: Devnet;
let client: Client;
let owner: PrivateKeyAccount;
let user: PrivateKeyAccount;
let stranger: PrivateKeyAccount;

function clientOf(url: string, id: number) {
  const nativeCurrency = { name: "Test", symbol: "TEST", decimals: 18 };
  const chain = defineChain({ id, name: "rented", nativeCurrency, rpcUrls: { default: { http: [url] } } });
  return {
    public: createPublicClient({ chain, transport: http(url), pollingInterval: 100 }),
    wallet: createWalletClient({ chain, transport: http(url) }),
  };
}

beforeAll(async () => {
  const forge = join(root, "node_modules/.bin/forge");
  const env = { ...process.env, FOUNDRY_PROFILE: "openzeppelin" };
  await promisify(execFile)(forge, ["build"], { cwd: root, env, maxBuffer: 64 << 20 });
  devnet = await Devnet.start({ nodes: 4 });
  const { gateway, chainId } = devnet.info.chains[0]!;
  client = clientOf(gateway, chainId);
  [owner, user, stranger] = [0, 1, 2].map((index) => privateKeyToAccount(devnet.info.accounts[index]!.privateKey)) as [
    PrivateKeyAccount,
    PrivateKeyAccount,
    PrivateKeyAccount,
  ];
});
afterAll(() => devnet?.dispose());

function artifact(file: string, name: string): { readonly abi: Abi; readonly bytecode: { readonly object: Hex } } {
  return JSON.parse(readFileSync(join(root, `e2e/openzeppelin/out/${file}.sol/${name}.json`), "utf8"));
}

async function deploy(file: string, name: string, args: readonly unknown[] = []): Promise<Deployed> {
  return (await deployed(file, name, args)).contract;
}

type Deployment = { readonly contract: Deployed; readonly blockNumber: bigint };

async function deployed(file: string, name: string, args: readonly unknown[]): Promise<Deployment> {
  const { abi, bytecode } = artifact(file, name);
  const hash = await client.wallet.deployContract({ account: owner, abi, bytecode: bytecode.object, args });
  const { contractAddress, blockNumber } = await client.public.waitForTransactionReceipt({ hash });
  return { contract: { address: getAddress(contractAddress!), abi }, blockNumber };
}

function read<T>({ address, abi }: Deployed, functionName: string, ...args: unknown[]): Promise<T> {
  return client.public.readContract({ address, abi, functionName, args }) as Promise<T>;
}

/** Sends a transaction as a wallet does: simulated by eth_estimateGas first. */
async function write(
  account: PrivateKeyAccount,
  { address, abi }: Deployed,
  functionName: string,
  ...args: unknown[]
): Promise<TransactionReceipt> {
  const hash = await client.wallet.writeContract({ account, address, abi, functionName, args });
  const receipt = await client.public.waitForTransactionReceipt({ hash });
  expect(receipt.status).toBe("success");
  return receipt;
}

/** That the contract refuses, with the custom error of that name. */
async function refuses(error: string, attempt: Promise<unknown>): Promise<void> {
  await expect(attempt).rejects.toThrow(error);
}

function events(receipt: TransactionReceipt, { abi }: Deployed): readonly unknown[] {
  return parseEventLogs({ abi, logs: receipt.logs }).map(({ eventName, args }) => [eventName, args]);
}

test("ERC-20: transfers, allowances and permits by signature", async () => {
  const token = await deploy("Token", "Token", [1_000n]);
  const sent = await write(owner, token, "transfer", user.address, 300n);
  expect(events(sent, token)).toEqual([["Transfer", { from: owner.address, to: user.address, value: 300n }]]);
  await refuses("ERC20InsufficientBalance", write(user, token, "transfer", owner.address, 301n));
  await refuses("ERC20InvalidReceiver", write(user, token, "transfer", zeroAddress, 1n));
  await write(user, token, "approve", stranger.address, 50n);
  await write(stranger, token, "transferFrom", user.address, stranger.address, 50n);
  await refuses("ERC20InsufficientAllowance", write(stranger, token, "transferFrom", user.address, owner.address, 1n));
  const [deadline, value] = [2n ** 40n, 20n];
  const signature = await user.signTypedData({
    domain: { name: "Token", version: "1", chainId: client.public.chain.id, verifyingContract: token.address },
    types: {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
    primaryType: "Permit",
    message: { owner: user.address, spender: stranger.address, value, nonce: 0n, deadline },
  });
  const { r, s, yParity } = parseSignature(signature);
  const permit = [user.address, stranger.address, value, deadline, 27 + yParity, r, s];
  await write(stranger, token, "permit", ...permit);
  expect(await read(token, "allowance", user.address, stranger.address)).toBe(value);
  await refuses("ERC2612InvalidSigner", write(stranger, token, "permit", ...permit));
  const balances = await Promise.all(
    [owner, user, stranger].map((one) => read<bigint>(token, "balanceOf", one.address)),
  );
  expect(balances).toEqual([700n, 250n, 50n]);
});

test("ERC-721 and ERC-1155: safe transfers ask the receiver", async () => {
  const badge = await deploy("Collectibles", "Badge");
  const items = await deploy("Collectibles", "Items");
  const chest = await deploy("Collectibles", "Chest");
  const wall = await deploy("Collectibles", "Wall");
  await write(owner, badge, "mint", owner.address, 7n);
  await refuses("ERC721InvalidReceiver", write(owner, badge, "safeTransferFrom", owner.address, wall.address, 7n));
  await refuses("ERC721InsufficientApproval", write(user, badge, "transferFrom", owner.address, user.address, 7n));
  await write(owner, badge, "safeTransferFrom", owner.address, chest.address, 7n);
  expect(await read(badge, "ownerOf", 7n)).toBe(chest.address);
  await refuses("ERC721NonexistentToken", read(badge, "ownerOf", 8n));

  const minted = await write(owner, items, "mint", owner.address, [1n, 2n], [10n, 20n]);
  const batch = { operator: owner.address, from: zeroAddress, to: owner.address, ids: [1n, 2n], values: [10n, 20n] };
  expect(events(minted, items)).toEqual([["TransferBatch", batch]]);
  const move = (to: Address, value: bigint) => ["safeTransferFrom", owner.address, to, 2n, value, "0x"] as const;
  await refuses("ERC1155InvalidReceiver", write(owner, items, ...move(wall.address, 5n)));
  await refuses("ERC1155InsufficientBalance", write(owner, items, ...move(chest.address, 21n)));
  await write(owner, items, ...move(chest.address, 5n));
  const holders = [owner.address, chest.address];
  expect(await read(items, "balanceOfBatch", holders, [2n, 2n])).toEqual([15n, 5n]);
});

test("Governor: a proposal is voted on over blocks and executed", async () => {
  const token = await deploy("Token", "Token", [1_000n]);
  const assembly = await deploy("Assembly", "Assembly", [token.address]);
  await write(owner, token, "delegate", owner.address);
  await write(owner, token, "transfer", assembly.address, 100n);
  const pay = encodeFunctionData({ abi: token.abi, functionName: "transfer", args: [user.address, 40n] });
  const motion = [[token.address], [0n], [pay]] as const;
  const id = await read<bigint>(assembly, "hashProposal", ...motion, keccak256(toHex("pay")));
  await write(owner, assembly, "propose", ...motion, "pay");
  /** Blocks come with transactions. */
  const state = async (wanted: number): Promise<void> => {
    for (let sent = 0; (await read<number>(assembly, "state", id)) !== wanted; sent++) {
      expect(sent).toBeLessThan(20);
      await write(stranger, token, "approve", user.address, BigInt(sent));
    }
  };
  const [ACTIVE, SUCCEEDED] = [1, 4];
  await refuses(
    "GovernorUnexpectedProposalState",
    write(owner, assembly, "execute", ...motion, keccak256(toHex("pay"))),
  );
  await state(ACTIVE);
  await write(owner, assembly, "castVote", id, 1);
  await refuses("GovernorAlreadyCastVote", write(owner, assembly, "castVote", id, 1));
  await state(SUCCEEDED);
  await write(stranger, assembly, "execute", ...motion, keccak256(toHex("pay")));
  expect(await read(token, "balanceOf", user.address)).toBe(40n);
});

test("AccessManager: roles open functions, and are taken back", async () => {
  const manager = await deploy("Managed", "Manager", [owner.address]);
  const ledger = await deploy("Managed", "Ledger", [manager.address]);
  const selector = keccak256(toHex("write(uint256)")).slice(0, 10) as Hex;
  const WRITER = 42n;
  await refuses("AccessManagedUnauthorized", write(user, ledger, "write", 1n));
  await write(owner, manager, "setTargetFunctionRole", ledger.address, [selector], WRITER);
  await write(owner, manager, "grantRole", WRITER, user.address, 0);
  await write(user, ledger, "write", 5n);
  expect(await read(ledger, "entry")).toBe(5n);
  await refuses("AccessManagerUnauthorizedAccount", write(user, manager, "grantRole", WRITER, stranger.address, 0));
  await write(owner, manager, "setTargetClosed", ledger.address, true);
  await refuses("AccessManagedUnauthorized", write(user, ledger, "write", 6n));
  await write(owner, manager, "setTargetClosed", ledger.address, false);
  await write(owner, manager, "revokeRole", WRITER, user.address);
  await refuses("AccessManagedUnauthorized", write(user, ledger, "write", 7n));
});

test("proxies: UUPS, beacons and deterministic clones", async () => {
  const box = await deploy("Proxies", "Box");
  const better = await deploy("Proxies", "BetterBox");
  const start = encodeFunctionData({ abi: box.abi, functionName: "initialize", args: [owner.address, 9n] });
  const at = ({ address }: Deployed): Deployed => ({ address, abi: box.abi });

  const proxy = at(await deploy("Proxies", "Proxy", [box.address, start]));
  expect([await read(proxy, "content"), await read(proxy, "version")]).toEqual([9n, 1n]);
  await refuses("InvalidInitialization", write(user, proxy, "initialize", user.address, 1n));
  await refuses("NotKeeper", write(user, proxy, "upgradeToAndCall", better.address, "0x"));
  await write(owner, proxy, "upgradeToAndCall", better.address, "0x");
  expect([await read(proxy, "content"), await read(proxy, "version")]).toEqual([9n, 2n]);
  // ERC-1967's slot of the implementation.
  const slot = toHex(BigInt(keccak256(toHex("eip1967.proxy.implementation"))) - 1n, { size: 32 });
  const stored = await client.public.getStorageAt({ address: proxy.address, slot });
  expect(BigInt(stored!)).toBe(BigInt(better.address));

  const beacon = await deploy("Proxies", "Beacon", [box.address, owner.address]);
  const beaconBoxes = [at(await deploy("Proxies", "BeaconBox", [beacon.address, start]))];
  beaconBoxes.push(at(await deploy("Proxies", "BeaconBox", [beacon.address, start])));
  await refuses("OwnableUnauthorizedAccount", write(user, beacon, "upgradeTo", better.address));
  await write(owner, beacon, "upgradeTo", better.address);
  expect(await Promise.all(beaconBoxes.map((one) => read(one, "version")))).toEqual([2n, 2n]);

  const factory = await deploy("Proxies", "BoxFactory");
  const predicted = await read<Address>(factory, "predict", box.address, ZERO_HASH);
  const made = await write(user, factory, "make", box.address, ZERO_HASH, 11n);
  expect(events(made, factory)).toEqual([["Made", { box: predicted }]]);
  const code = `363d3d373d3d3d363d73${box.address.slice(2).toLowerCase()}5af43d82803e903d91602b57fd5bf3`;
  expect(await client.public.getCode({ address: predicted })).toBe(`0x${code}`);
  expect(await read({ address: predicted, abi: box.abi }, "keeper")).toBe(user.address);
  const bytecode = `0x3d602d80600a3d3981f3${code}` as const;
  expect(getContractAddress({ opcode: "CREATE2", from: factory.address, salt: ZERO_HASH, bytecode })).toBe(predicted);
  await refuses("FailedDeployment", write(user, factory, "make", box.address, ZERO_HASH, 11n));
});

test("an indexer that follows heads and asks for logs and receipts knows every balance", async () => {
  const { contract: token, blockNumber: first } = await deployed("Token", "Token", [1_000_000n]);
  const { ws, rpc, chainId } = devnet.info.chains[0]!;
  // From the block of the deployment on: whoever is asked for the newest one may be behind it. Another member than the one
  // that the gateway happens to ask.
  const member = clientOf(rpc[2]!, chainId).public;
  const socket = createPublicClient({ chain: member.chain, transport: webSocket(ws[2]!) });
  const heads: { readonly number: bigint; readonly hash: Hex | null; readonly parentHash: Hex }[] = [];
  const stop = socket.watchBlocks({ onBlock: (block) => heads.push(block), emitMissed: true });
  await socket.getBlockNumber();

  const accounts = [owner, user, stranger];
  const sent: Hex[] = [];
  for (let round = 0; round < 20; round++) {
    for (const [index, account] of accounts.entries()) {
      const to = accounts[(index + 1 + (round % 2)) % accounts.length]!.address;
      const value = round === 0 && account !== owner ? 0n : BigInt(1 + round);
      const call = { account, ...token, functionName: "transfer", args: [to, value], gas: 200_000n };
      sent.push(await client.wallet.writeContract(call));
    }
  }
  const receipts = await Promise.all(sent.map((hash) => client.public.waitForTransactionReceipt({ hash })));
  const last = receipts.reduce((most, { blockNumber }) => (blockNumber > most ? blockNumber : most), 0n);
  await until("the last block at the indexer", 60_000, () => (heads.at(-1)?.number ?? 0n) >= last);
  stop();

  // Heads follow each other without a gap.
  for (const [index, head] of heads.entries()) {
    if (index > 0)
      expect([head.number, head.parentHash]).toEqual([heads[index - 1]!.number + 1n, heads[index - 1]!.hash]);
  }
  const balances = new Map<string, bigint>([[owner.address, 1_000_000n]]);
  const indexed = new Set<string>();
  for (let number = first + 1n; number <= last; number++) {
    const logs = await member.getLogs({ address: token.address, fromBlock: number, toBlock: number });
    const inBlock = await member.request({ method: "eth_getBlockReceipts" as never, params: [toHex(number)] as never });
    const fromReceipts = (
      inBlock as { logs: { address: string; logIndex: string }[]; transactionHash: string }[]
    ).flatMap((receipt) => {
      indexed.add(receipt.transactionHash);
      return receipt.logs.filter((log) => log.address === token.address.toLowerCase());
    });
    expect(fromReceipts.map(({ logIndex }) => Number(logIndex))).toEqual(logs.map(({ logIndex }) => logIndex));
    for (const { args } of parseEventLogs({ abi: token.abi, eventName: "Transfer", logs })) {
      const { from, to, value } = args as unknown as { from: string; to: string; value: bigint };
      balances.set(from, (balances.get(from) ?? 0n) - value);
      balances.set(to, (balances.get(to) ?? 0n) + value);
    }
  }
  expect(sent.every((hash) => indexed.has(hash))).toBe(true);
  for (const { address } of accounts) {
    expect([address, balances.get(address)]).toEqual([address, await read(token, "balanceOf", address)]);
  }
});
