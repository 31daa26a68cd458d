// Projects as their authors would write them, with tools that are no part of this workspace: each is installed by a lock
// file of its own, knows a chain's URL and nothing else of Tributary, and is judged by what the chain says afterwards.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { sleep } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { createWalletClient, decodeErrorResult, http, parseAbi, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "./project.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
const RECIPIENT = "0x00000000000000000000000000000000005eb300";

type Receipt = { readonly status: string; readonly blockNumber: string; readonly contractAddress: string | null };

let devnet: Devnet;
let chain: Devnet["info"]["chains"][number];
let accounts: Devnet["info"]["accounts"];
const projects: Project[] = [];

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  chain = devnet.info.chains[0]!;
  accounts = devnet.info.accounts;
});
afterAll(async () => {
  for (const project of projects) project.dispose();
  await devnet?.dispose();
});

async function install(name: string): Promise<Project> {
  const project = await Project.install(name);
  projects.push(project);
  return project;
}

/** What an account of its own does meanwhile, so that blocks come as on a chain that has users. */
async function traffic(signal: AbortSignal): Promise<void> {
  const account = privateKeyToAccount(accounts[8]!.privateKey);
  const wallet = createWalletClient({ account, transport: http(chain.gateway) });
  while (!signal.aborted) {
    await wallet.sendTransaction({ to: account.address, value: 1n, chain: null });
    await sleep(300);
  }
}

const receiptOf = (hash: string): Promise<Receipt> => call<Receipt>(chain.gateway, "eth_getTransactionReceipt", hash);
const read = (to: string, data: string): Promise<string> => call(chain.gateway, "eth_call", { to, data }, "latest");

test("web3.js 4 sends, deploys, calls and subscribes through the gateway and through a member", async () => {
  const [project] = await Promise.all([
    install("web3"),
    run(join(root, "node_modules/.bin/forge"), ["build"], { cwd: join(root, "e2e/foundry") }),
  ]);
  const artifact = readFileSync(join(root, "e2e/foundry/out/Counter.sol/Counter.json"), "utf8");
  const { bytecode } = JSON.parse(artifact) as { readonly bytecode: { readonly object: string } };
  const value = parseEther("0.25");
  const routes = [
    { url: chain.gateway, ws: chain.gateway.replace(/^http/, "ws") },
    { url: chain.rpc[2]!, ws: chain.ws[2]! },
  ];
  for (const [index, { url, ws }] of routes.entries()) {
    const plan = {
      http: url,
      ws,
      privateKey: accounts[index]!.privateKey,
      recipient: RECIPIENT,
      value: String(value),
      bytecode: bytecode.object,
    };
    const balance = BigInt(await call<string>(chain.gateway, "eth_getBalance", RECIPIENT, "latest"));
    const output = await project.node(["main.ts"], { input: JSON.stringify(plan) });
    const report = JSON.parse(output) as Readonly<Record<string, string>> & {
      readonly hashes: readonly string[];
      readonly pending: readonly string[];
    };
    expect(report).toMatchObject({ chainId: String(chain.chainId), number: "12", past: ["12"], events: ["12"] });
    expect(report).toMatchObject({ statuses: ["1", "1", "1"], logs: [`0x${(12).toString(16).padStart(64, "0")}`] });
    const abi = parseAbi(["error TooLarge(uint256 number)"]);
    expect(decodeErrorResult({ abi, data: report["refusal"] as `0x${string}` }).args).toEqual([2000n]);
    expect(report.pending).toContain(report.hashes[2]);
    for (const hash of report.hashes) expect((await receiptOf(hash)).status).toBe("0x1");
    expect(BigInt(await read(report["address"]!, "0x8381f58a"))).toBe(12n);
    const after = BigInt(await call<string>(chain.gateway, "eth_getBalance", RECIPIENT, "latest"));
    expect(after - balance).toBe(2n * value);
  }
});

test("a Hardhat 3 project compiles, deploys with Ignition and viem, and waits for confirmations", async () => {
  const project = await install("hardhat");
  const hardhat = (...args: string[]): Promise<string> =>
    project.node(["node_modules/hardhat/dist/src/cli.js", ...args], {
      env: {
        TRIBUTARY_RPC: chain.gateway,
        TRIBUTARY_KEY: accounts[2]!.privateKey,
        TRIBUTARY_OTHER_KEY: accounts[3]!.privateKey,
        XDG_CACHE_HOME: join(project.folder, ".cache"),
        HARDHAT_IGNITION_CONFIRM_DEPLOYMENT: "true",
        CI: "true",
      },
    });
  expect(await hardhat("build")).toContain("Compiled 2 Solidity files");
  const busy = new AbortController();
  const others = traffic(busy.signal);
  try {
    expect(await hardhat("ignition", "deploy", "ignition/modules/ledger.ts", "--network", "tributary")).toContain(
      "successfully deployed",
    );
    const deployments = join(project.folder, "ignition/deployments");
    expect(readdirSync(deployments)).toEqual([`chain-${chain.chainId}`]);
    const file = join(deployments, `chain-${chain.chainId}`, "deployed_addresses.json");
    const deployed = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, string>>;
    const [ledger, reader] = [deployed["LedgerModule#Ledger"]!, deployed["LedgerModule#Reader"]!];
    expect(BigInt(await call<string>(chain.gateway, "eth_getBalance", ledger, "latest"))).toBe(7n);
    expect(await balanceOf(reader)).toBe(30n);

    const output = await hardhat("run", "scripts/use.ts", "--network", "tributary");
    const report = JSON.parse(output.trim().split("\n").at(-1)!) as Readonly<Record<string, string>>;
    expect(report).toMatchObject({ networkName: "tributary", status: "success", title: "by a script", balance: "12" });
    expect(Number(report["confirmations"])).toBeGreaterThanOrEqual(3);
    expect(report["events"]).toEqual([[accounts[2]!.address, accounts[3]!.address, "12"]]);
    expect(report["refusal"]).toContain("OnlyKeeper");
    const receipt = await receiptOf(report["hash"]!);
    expect(receipt.status).toBe("0x1");
  } finally {
    busy.abort();
    await others;
  }
});

test("forge and cast serve a user who owns nothing and has never been here", async () => {
  const key = generatePrivateKey();
  const { address } = privateKeyToAccount(key);
  const foundry = async (program: "forge" | "cast", ...args: string[]): Promise<string> => {
    const env = { ...process.env, ETH_RPC_URL: chain.gateway };
    const options = { cwd: join(root, "e2e/foundry"), env, maxBuffer: 1 << 26 };
    return (await run(join(root, "node_modules/.bin", program), args, options)).stdout.trim();
  };
  const cast = (...args: string[]): Promise<string> => foundry("cast", ...args);
  expect(await cast("balance", address)).toBe("0");
  // forge script heeds no ETH_RPC_URL.
  const endpoint = ["--rpc-url", chain.gateway];
  await foundry("forge", "script", "script/Many.s.sol:Many", "--private-key", key, "--broadcast", ...endpoint);
  expect(await cast("nonce", address)).toBe("50");

  const created = await foundry(
    ...(["forge", "create", "src/Counter.sol:Counter", "--private-key", key, "--broadcast", "--json"] as const),
    ...["--constructor-args", "7"],
  );
  const counter = (JSON.parse(created.slice(created.indexOf("{"))) as { readonly deployedTo: string }).deployedTo;
  // Prices that careful wallets offer are not charged.
  const fees = [[], ["--auth", counter], ["--access-list"], ["--gas-price", "1000000000"], ["--legacy"]];
  let hash = "";
  for (const options of fees) {
    const sent = await cast("send", counter, "add(uint256)", "5", "--private-key", key, "--json", ...options);
    const receipt = JSON.parse(sent) as Readonly<Record<string, string>>;
    expect(receipt).toMatchObject({ status: "0x1", effectiveGasPrice: "0x0" });
    hash = receipt["transactionHash"]!;
  }
  const number = 7 + 5 * fees.length;
  expect(await cast("call", counter, "number()(uint256)")).toBe(String(number));
  expect(Number(await cast("storage", counter, "0"))).toBe(number);
  expect(await cast("balance", address)).toBe("0");
  // cast run executes the transaction itself, by Ethereum's rules: of these, a user without coins could pay the last alone.
  expect(await cast("run", hash, "--quick")).toContain(`number: ${number}`);
  const logs = await cast(
    "logs",
    "--from-block",
    "0",
    "--address",
    counter,
    "Changed(address indexed,uint256)",
    "--json",
  );
  expect(JSON.parse(logs)).toHaveLength(fees.length);
  const newest = Number(await cast("block-number"));
  expect(Number(await cast("block", "pending", "--field", "number"))).toBeGreaterThan(newest);
  expect(await cast("access-list", counter, "add(uint256)", "5", "--from", address)).toContain(counter);
  await expect(cast("proof", address)).rejects.toThrow("tributary_getProof");
});

/** What the reader of the Hardhat project says: what its first account owes the second one. */
async function balanceOf(reader: string): Promise<bigint> {
  const parameters = [accounts[3]!, accounts[2]!].map(({ address }) => address.slice(2).padStart(64, "0")).join("");
  // balance(address,address)
  return BigInt(await read(reader, `0xb203bb99${parameters}`));
}
