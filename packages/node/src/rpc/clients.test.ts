// The libraries that people use, unchanged, against a node and against the gateway.

import { Contract, ContractFactory, JsonRpcProvider, NonceManager, Wallet, WebSocketProvider } from "ethers";
import pino from "pino";
import { Registry } from "prom-client";
import {
  type Account,
  type Chain,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  type Hex,
  http,
  numberToHex,
  type PublicClient,
  parseAbi,
  parseEther,
  type Transport,
  type WalletClient,
  webSocket,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Gateway } from "../gateway/gateway.ts";
import { fixtureBackend } from "./fixture-chain.testing.ts";
import { RpcServer } from "./server.ts";
import { SoloChain } from "./solo-chain.testing.ts";

const chainId = 4711;
const logger = pino({ level: "silent" });
const keys: readonly Hex[] = [
  `0x${"41".repeat(32)}`,
  `0x${"42".repeat(32)}`,
  `0x${"43".repeat(32)}`,
  `0x${"44".repeat(32)}`,
];
const accounts = keys.map((key) => privateKeyToAccount(key));

const abi = parseAbi([
  "constructor(uint256 first)",
  "function value() view returns (uint256)",
  "function set(uint256 next)",
  "event Changed(address indexed by, uint256 value)",
  "error Forbidden(uint256 value)",
]);

/**
 * contract Counter { uint256 public value; event Changed(address indexed by, uint256 value); error Forbidden(uint256);
 * constructor(uint256 first) { value = first; } function set(uint256 next) external { require(next != 13, "unlucky");
 * if (next == 14) revert Forbidden(next); value = next; emit Changed(msg.sender, next); } }, solc 0.8, optimised.
 */
const bytecode: Hex =
  "0x6080604052348015600e575f5ffd5b50604051610171380380610171833981016040819052602b916031565b5f556047565b5f602082840312156040575f5ffd5b5051919050565b61011d806100545f395ff3fe608060405234801561000f575f5ffd5b5060043610610034575f3560e01c80633fa4f2451461003857806360fe47b114610052575b5f5ffd5b6100405f5481565b60405190815260200160405180910390f35b610065610060366004610106565b610067565b005b80600d036100a65760405162461bcd60e51b8152602060048201526007602482015266756e6c75636b7960c81b60448201526064015b60405180910390fd5b80600e036100ca57604051631b2f250760e21b81526004810182905260240161009d565b5f81905560405181815233907fb52dda022b6c1a1f40905a85f257f689aa5d69d850e49cf939d688fbe5af59469060200160405180910390a250565b5f60208284031215610116575f5ffd5b503591905056";

let solo: SoloChain;
let server: RpcServer;
let gateway: Gateway;
const urls = { node: "", gateway: "" };

beforeAll(async () => {
  solo = await SoloChain.open(
    BigInt(chainId),
    accounts.map(({ address }) => address),
  );
  solo.mineOnArrival();
  server = new RpcServer({ logger, registry: new Registry() });
  server.addChain(BigInt(chainId), fixtureBackend(solo.chain));
  const { port } = await server.start({ port: 0 });
  gateway = new Gateway({ logger });
  gateway.setChain(BigInt(chainId), [`http://127.0.0.1:${port}`]);
  const door = await gateway.start({ port: 0 });
  urls.node = `http://127.0.0.1:${port}/chains/${chainId}`;
  urls.gateway = `http://127.0.0.1:${door.port}/chains/${chainId}`;
});

afterAll(async () => {
  await gateway.stop();
  await server.stop();
  await solo.close();
});

type Clients = {
  readonly reader: PublicClient<Transport, Chain>;
  readonly writer: WalletClient<Transport, Chain, Account>;
};

function viemClients(url: string, account: Account): Clients {
  const chain = defineChain({
    id: chainId,
    name: "solo",
    nativeCurrency: { name: "coin", symbol: "COIN", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const options = { chain, pollingInterval: 20, transport: http(url) };
  return { reader: createPublicClient(options), writer: createWalletClient({ ...options, account }) };
}

describe.each([
  ["node", 0],
  ["gateway", 1],
] as const)("viem by the %s", (place, index) => {
  const account = accounts[index] as Account;

  test("simulates, overrides, traces, and sends with the receipt for an answer", async () => {
    const { reader, writer } = viemClients(urls[place], account);
    const deployed = await writer.deployContract({ abi, bytecode, args: [5n] });
    const { contractAddress: address } = await reader.waitForTransactionReceipt({ hash: deployed });
    if (address === null || address === undefined) throw new Error("no contract address");
    const set = (next: bigint): Hex => encodeFunctionData({ abi, functionName: "set", args: [next] });
    const simulated = await reader.simulateBlocks({
      blocks: [
        { calls: [{ account, to: address, data: set(9n) }] },
        {
          blockOverrides: { time: 4_000_000_000n },
          calls: [
            { to: address, abi, functionName: "value" },
            { account, to: address, data: set(13n) },
          ],
        },
      ],
    });
    expect(simulated[0]?.calls).toMatchObject([{ status: "success", logs: [{ address: address.toLowerCase() }] }]);
    expect(simulated[1]).toMatchObject({ timestamp: 4_000_000_000n, calls: [{ result: 9n }, { status: "failure" }] });
    const slot = { slot: `0x${"00".repeat(32)}`, value: `0x${"2a".padStart(64, "0")}` } as const;
    const pretended = [{ address, state: [slot] }];
    const read = { address, abi, functionName: "value" } as const;
    expect(await reader.readContract({ ...read, stateOverride: pretended })).toBe(42n);
    expect(await reader.readContract(read)).toBe(5n);
    const data = set(6n);
    const { accessList, gasUsed } = await reader.createAccessList({ account, to: address, data });
    expect(accessList).toEqual([{ address: address.toLowerCase(), storageKeys: [`0x${"00".repeat(32)}`] }]);
    expect(gasUsed).toBeGreaterThan(21_000n);
    const receipt = await writer.sendTransactionSync({ to: address, data });
    expect(receipt).toMatchObject({ status: "success", to: address.toLowerCase() });
    const trace = await reader.request<{ Parameters: [Hex, object]; ReturnType: { input: Hex; gasUsed: Hex } }>({
      method: "debug_traceTransaction",
      params: [receipt.transactionHash, { tracer: "callTracer" }],
    });
    expect(trace).toMatchObject({ input: data, gasUsed: numberToHex(receipt.gasUsed) });
  });

  test("deploys, writes, reads, and sees events by WebSocket and by polling", async () => {
    const { reader, writer } = viemClients(urls[place], account);
    const deployed = await writer.deployContract({ abi, bytecode, args: [5n] });
    const { contractAddress: address, status } = await reader.waitForTransactionReceipt({ hash: deployed });
    if (address === null || address === undefined) throw new Error("no contract address");
    expect(status).toBe("success");
    expect(await reader.readContract({ address, abi, functionName: "value" })).toBe(5n);

    const pushed = createPublicClient({
      transport: webSocket(urls[place].replace("http", "ws"), { reconnect: false }),
    });
    const seen: bigint[] = [];
    const polled: bigint[] = [];
    const note = (into: bigint[]) => (logs: readonly { readonly args: { readonly value?: bigint | undefined } }[]) => {
      for (const { args } of logs) if (args.value !== undefined) into.push(args.value);
    };
    const blocks: bigint[] = [];
    const stops = [
      pushed.watchContractEvent({ address, abi, eventName: "Changed", onLogs: note(seen) }),
      reader.watchContractEvent({ address, abi, eventName: "Changed", onLogs: note(polled) }),
      pushed.watchBlocks({ onBlock: ({ number }) => blocks.push(number ?? -1n) }),
    ];
    // Watching begins with a request of its own; what is sent meanwhile may be missed by right.
    await expect
      .poll(
        async () => {
          const hash = await writer.writeContract({ address, abi, functionName: "set", args: [7n] });
          await reader.waitForTransactionReceipt({ hash });
          return [seen.includes(7n), polled.includes(7n), blocks.length > 0];
        },
        { timeout: 20_000 },
      )
      .toEqual([true, true, true]);
    for (const stop of stops) stop();
    const rpc = await pushed.transport.getRpcClient();
    rpc.close();

    expect(await reader.readContract({ address, abi, functionName: "value" })).toBe(7n);
    const logs = await reader.getContractEvents({ address, abi, eventName: "Changed", fromBlock: 0n });
    expect(logs.length).toBeGreaterThan(0);
    expect(logs[0]?.args).toEqual({ by: account.address, value: 7n });
    const block = await reader.getBlock({ blockHash: logs[0]?.blockHash as Hex, includeTransactions: true });
    expect(block.transactions.some(({ hash }) => hash === logs[0]?.transactionHash)).toBe(true);
  });

  test("gets reasons and custom errors of reverts, and classes of refusals", async () => {
    const { reader, writer } = viemClients(urls[place], account);
    const hash = await writer.deployContract({ abi, bytecode, args: [1n] });
    const { contractAddress } = await reader.waitForTransactionReceipt({ hash });
    const address = contractAddress as Hex;
    const failure = async (next: bigint): Promise<ContractFunctionRevertedError | undefined> => {
      try {
        await reader.simulateContract({ address, abi, functionName: "set", args: [next], account });
        return undefined;
      } catch (error) {
        const cause = (error as { walk: (test: (error: unknown) => boolean) => unknown }).walk(
          (inner) => inner instanceof ContractFunctionRevertedError,
        );
        return cause as ContractFunctionRevertedError;
      }
    };
    expect((await failure(13n))?.reason).toBe("unlucky");
    expect((await failure(14n))?.data).toMatchObject({ errorName: "Forbidden", args: [14n] });
    expect(await failure(15n)).toBeUndefined();
    await expect(writer.writeContract({ address, abi, functionName: "set", args: [13n] })).rejects.toThrow("unlucky");
    await expect(writer.sendTransaction({ to: address, value: 10n ** 30n })).rejects.toMatchObject({
      cause: { name: "InsufficientFundsError" },
    });
    await expect(writer.sendTransaction({ to: account.address, nonce: 0 })).rejects.toMatchObject({
      cause: { name: "NonceTooLowError" },
    });
    await expect(writer.sendTransaction({ to: account.address, gas: 20_000n })).rejects.toMatchObject({
      cause: { name: "IntrinsicGasTooLowError" },
    });
  });

  test("sends types 0, 1, 2 and reads them back as they were signed", async () => {
    const { reader, writer } = viemClients(urls[place], account);
    for (const type of ["legacy", "eip2930", "eip1559"] as const) {
      const list = type === "legacy" ? {} : { accessList: [{ address: account.address, storageKeys: [] }] };
      const hash = await writer.sendTransaction({
        to: account.address,
        value: parseEther("1"),
        type,
        ...list,
      } as never);
      const receipt = await reader.waitForTransactionReceipt({ hash });
      expect(receipt).toMatchObject({ status: "success", type, effectiveGasPrice: 0n });
      expect(await reader.getTransaction({ hash })).toMatchObject({ type, chainId, value: parseEther("1") });
    }
    expect(await reader.getBalance({ address: account.address })).toBe(10n ** 24n);
  });

  test("a batching transport and fee estimates work", async () => {
    const { reader } = viemClients(urls[place], account);
    const batching = createPublicClient({ transport: http(urls[place], { batch: true }) });
    const numbers = await Promise.all([
      batching.getBlockNumber({ cacheTime: 0 }),
      batching.getChainId(),
      batching.getGasPrice(),
    ]);
    expect(numbers).toEqual([expect.any(BigInt), chainId, 0n]);
    expect(await reader.estimateFeesPerGas()).toEqual({ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n });
    const history = await reader.getFeeHistory({ blockCount: 2, rewardPercentiles: [10, 50] });
    expect(history.baseFeePerGas).toEqual([0n, 0n, 0n]);
    expect(history.reward).toEqual([
      [0n, 0n],
      [0n, 0n],
    ]);
  });
});

describe.each([
  ["node", 2],
  ["gateway", 3],
] as const)("ethers by the %s", (place, index) => {
  test("deploys, writes, reads, and sees events by WebSocket", async () => {
    const provider = new JsonRpcProvider(urls[place], undefined, {
      polling: true,
      pollingInterval: 20,
      cacheTimeout: -1,
    });
    const socket = new WebSocketProvider(urls[place].replace("http", "ws"));
    try {
      const signer = new NonceManager(new Wallet(keys[index] ?? "", provider));
      const interfaceOf = [
        "constructor(uint256 first)",
        "function value() view returns (uint256)",
        "function set(uint256 next)",
        "event Changed(address indexed by, uint256 value)",
        "error Forbidden(uint256 value)",
      ];
      const factory = new ContractFactory(interfaceOf, bytecode, signer);
      const deployed = await factory.deploy(5n);
      await deployed.waitForDeployment();
      const contract = new Contract(await deployed.getAddress(), interfaceOf, signer);
      expect(await contract.getFunction("value")()).toBe(5n);

      const events: bigint[] = [];
      const watched = new Contract(await deployed.getAddress(), interfaceOf, socket);
      await watched.on("Changed", (_by: string, value: bigint) => events.push(value));
      await expect
        .poll(
          async () => {
            const sent = await contract.getFunction("set")(9n);
            expect((await sent.wait()).status).toBe(1);
            return events.includes(9n);
          },
          { timeout: 20_000 },
        )
        .toBe(true);
      expect(await contract.getFunction("value")()).toBe(9n);
      expect((await contract.queryFilter("Changed", 0)).length).toBeGreaterThan(0);
      await expect(contract.getFunction("set").staticCall(13n)).rejects.toMatchObject({ reason: "unlucky" });
      await expect(contract.getFunction("set").staticCall(14n)).rejects.toMatchObject({
        revert: { name: "Forbidden" },
      });
      const block = await provider.getBlock("latest", true);
      expect(block?.prefetchedTransactions.length).toBe(block?.length);
    } finally {
      await socket.destroy();
      provider.destroy();
    }
  });
});
