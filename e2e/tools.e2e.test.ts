// What a developer does on the first day, with unmodified tools, against every member and the gateway.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { Contract, ContractFactory, JsonRpcProvider, NonceManager, Wallet } from "ethers";
import { createPublicClient, createWalletClient, defineChain, getContract, http, webSocket } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const project = join(root, "e2e/foundry");
const bin = (name: string) => join(root, "node_modules/.bin", name);
const run = promisify(execFile);

type Finality = { readonly header: { readonly committee: string } };

let devnet: Devnet;
let endpoints: string[] = [];

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  const chain = devnet.info.chains[0]!;
  endpoints = [...chain.rpc, chain.gateway];
});
afterAll(() => devnet?.dispose());

const artifact = () =>
  JSON.parse(readFileSync(join(project, "out/Counter.sol/Counter.json"), "utf8")) as {
    abi: readonly { readonly type: string; readonly name?: string }[];
    bytecode: { object: `0x${string}` };
  };

test("devnet.json has four members and ten accounts funded on both sides", async () => {
  const info = devnet.info;
  expect(info.chains[0]!.rpc).toHaveLength(4);
  expect(info.accounts).toHaveLength(10);
  for (const url of [info.mainchain.rpc, info.chains[0]!.rpc[0]!]) {
    for (const { address } of info.accounts) {
      expect(BigInt(await call<string>(url, "eth_getBalance", address, "latest"))).toBeGreaterThan(10n ** 18n);
    }
  }
});

test("forge create and cast send work against every member and the gateway", async () => {
  const { accounts } = devnet.info;
  for (const [index, url] of endpoints.entries()) {
    const key = accounts[index]!.privateKey;
    const { stdout } = await run(
      bin("forge"),
      [
        "create",
        "src/Counter.sol:Counter",
        "--rpc-url",
        url,
        "--private-key",
        key,
        "--broadcast",
        "--json",
        "--constructor-args",
        "7",
      ],
      { cwd: project },
    );
    const address = (JSON.parse(stdout.slice(stdout.indexOf("{"))) as { deployedTo: string }).deployedTo;
    const sent = await run(bin("cast"), [
      "send",
      address,
      "add(uint256)",
      "5",
      "--rpc-url",
      url,
      "--private-key",
      key,
      "--json",
    ]);
    expect((JSON.parse(sent.stdout) as { status: string }).status).toBe("0x1");
    const read = await run(bin("cast"), ["call", address, "number()(uint256)", "--rpc-url", url]);
    expect(read.stdout.trim()).toBe("12");
    const failing = run(bin("cast"), ["call", address, "fail()", "--rpc-url", url]);
    await expect(failing).rejects.toThrow(/user error/);
  }
});

test("contracts read which committee orders their blocks", async () => {
  const to = "0x7472696275746172790000000000000000000003";
  const finality = await call<Finality>(endpoints[0]!, "tributary_getFinality", "latest");
  for (const url of endpoints) {
    const ask = async (what: string) => (await run(bin("cast"), ["call", to, what, "--rpc-url", url])).stdout.trim();
    expect(await ask("members()(uint16)")).toBe("4");
    expect(await ask("quorum()(uint16)")).toBe("3");
    expect(await ask("committee()(bytes32)")).toBe(finality.header.committee);
  }
});

test("forge script broadcasts 50 transactions with CREATE2 salts", async () => {
  const key = devnet.info.accounts[9]!.privateKey;
  const gateway = devnet.info.chains[0]!.gateway;
  const { stdout } = await run(
    bin("forge"),
    ["script", "script/Many.s.sol:Many", "--rpc-url", gateway, "--private-key", key, "--broadcast", "--json"],
    { cwd: project, maxBuffer: 64 << 20 },
  );
  expect(stdout).toMatch(/ONCHAIN EXECUTION COMPLETE|"status":"success"|"status":"0x1"/i);
  const nonce = await call<string>(gateway, "eth_getTransactionCount", devnet.info.accounts[9]!.address, "latest");
  expect(Number(nonce)).toBe(50);
});

test("viem deploys, writes, reads and watches events over WebSocket", async () => {
  const info = devnet.info.chains[0]!;
  const { abi, bytecode } = artifact();
  for (const [index, url] of endpoints.entries()) {
    const ws = url === info.gateway ? url.replace(/^http/, "ws") : info.ws[index]!;
    const chain = defineChain({
      id: info.chainId,
      name: info.name,
      nativeCurrency: { name: "Test", symbol: "TEST", decimals: 18 },
      rpcUrls: { default: { http: [url] } },
    });
    const account = privateKeyToAccount(devnet.info.accounts[index]!.privateKey);
    const reader = createPublicClient({ chain, transport: http(url), pollingInterval: 100 });
    const watcher = createPublicClient({ chain, transport: webSocket(ws) });
    const wallet = createWalletClient({ chain, account, transport: http(url) });
    const hash = await wallet.deployContract({ abi: abi as never, bytecode: bytecode.object, args: [1n] as never });
    const receipt = await reader.waitForTransactionReceipt({ hash });
    const address = receipt.contractAddress!;
    const seen: bigint[] = [];
    const stop = watcher.watchContractEvent({
      address,
      abi: abi as never,
      eventName: "Changed" as never,
      onLogs: (logs) => {
        for (const log of logs as unknown as { args: { number: bigint } }[]) seen.push(log.args.number);
      },
    });
    const heads: bigint[] = [];
    const stopHeads = watcher.watchBlocks({ onBlock: (block) => heads.push(block.number) });
    // The subscription is a message on the socket that must be answered before the first write is made.
    await watcher.getBlockNumber();
    const counter = getContract({ address, abi: abi as never, client: { public: reader, wallet } }) as unknown as {
      write: { add(args: [bigint]): Promise<`0x${string}`> };
      read: { number(): Promise<bigint> };
    };
    await reader.waitForTransactionReceipt({ hash: await counter.write.add([41n]) });
    expect(await counter.read.number()).toBe(42n);
    await until("the event", 10_000, () => seen.includes(42n));
    await until("a head", 20_000, () => heads.length > 0);
    stop();
    stopHeads();
  }
});

test("ethers deploys, writes, reads and watches events", async () => {
  const { abi, bytecode } = artifact();
  // One member and the gateway: ethers waits for a block after each transaction, and an idle chain makes one in ten seconds.
  for (const [index, url] of [...endpoints.entries()].slice(-2)) {
    const provider = new JsonRpcProvider(url, undefined, { polling: true, pollingInterval: 100 });
    const wallet = new NonceManager(new Wallet(devnet.info.accounts[index]!.privateKey, provider));
    const factory = new ContractFactory(abi as never, bytecode.object, wallet);
    const deployed = await factory.deploy(3n);
    await deployed.waitForDeployment();
    const counter = new Contract(await deployed.getAddress(), abi as never, wallet);
    const seen: bigint[] = [];
    await counter.on("Changed", (_by: string, number: bigint) => seen.push(number));
    const response = (await counter["add"]!(4n)) as { wait(): Promise<{ status: number }> };
    expect((await response.wait()).status).toBe(1);
    expect(await (counter["number"]! as () => Promise<bigint>)()).toBe(7n);
    await until("the event", 10_000, () => seen.includes(7n));
    await counter.removeAllListeners();
    provider.destroy();
  }
});

test("all members report the same blocks, state roots and receipts", async () => {
  const members = devnet.info.chains[0]!.rpc;
  const heads = await Promise.all(members.map((url) => call<string>(url, "eth_blockNumber")));
  const lowest = Math.min(...heads.map(Number));
  expect(lowest).toBeGreaterThan(1);
  for (let number = 0; number <= lowest; number++) {
    const tag = `0x${number.toString(16)}`;
    const blocks = await Promise.all(
      members.map((url) => call<{ stateRoot: string }>(url, "eth_getBlockByNumber", tag, true)),
    );
    for (const block of blocks) expect(block).toEqual(blocks[0]);
    const receipts = await Promise.all(members.map((url) => call(url, "eth_getBlockReceipts", tag)));
    for (const list of receipts) expect(list).toEqual(receipts[0]);
  }
});
