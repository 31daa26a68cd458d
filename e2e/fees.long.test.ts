// What a chain's owner may ask of its users, on a devnet of four processes, by wallets that know nothing of it.
import { chargeAfter } from "@tributary/chain/rules/fee-storage";
import { feesAbi } from "@tributary/contracts/abi/fees.generated";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { JsonRpcProvider, Wallet } from "ethers";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  defineChain,
  getContract,
  type Hex,
  http,
  parseGwei,
  type TransactionReceipt,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

const FEES: Address = "0x7472696275746172790000000000000000000004";
const FLOOR = parseGwei("1");
const CEILING = parseGwei("50");
const treasury: Address = `0x${"77".repeat(20)}`;
const to: Address = `0x${"66".repeat(20)}`;
const WAIT = 240_000;
/** Creation code that uses up all of its gas. */
const ENDLESS: Hex = "0x5b5f56";

let devnet: Devnet;
let url: string;
let reader: ReturnType<typeof openReader>;

beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4, timeout: 600_000 });
  url = devnet.info.chains[0]?.gateway ?? "";
  reader = openReader();
}, 660_000);
afterAll(() => devnet?.dispose());

const chainOf = () =>
  defineChain({
    ...{ id: devnet.info.chains[0]?.chainId ?? 0, name: "devnet" },
    ...{ nativeCurrency: { name: "coin", symbol: "C", decimals: 18 }, rpcUrls: { default: { http: [url] } } },
  });
const openReader = () =>
  createPublicClient({ chain: chainOf(), transport: http(url, { timeout: 60_000 }), pollingInterval: 200 });
const keyOf = (index: number): Hex => devnet.info.accounts[index]?.privateKey ?? "0x";

function walletOf(key: Hex) {
  const account = privateKeyToAccount(key);
  return createWalletClient({ account, chain: chainOf(), transport: http(url, { timeout: 60_000 }) });
}

const mined = (hash: Hex): Promise<TransactionReceipt> =>
  reader.waitForTransactionReceipt({ hash, timeout: WAIT, pollingInterval: 200 });

/** By the owner, who never has to pay. */
async function owner(data: (fees: ReturnType<typeof feesOf>) => Promise<Hex>): Promise<void> {
  const receipt = await mined(await data(feesOf(keyOf(0))));
  expect(receipt).toMatchObject({ status: "success", effectiveGasPrice: 0n });
}
const feesOf = (key: Hex) =>
  getContract({ address: FEES, abi: feesAbi, client: { wallet: walletOf(key), public: reader } });
const free = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };

/** Sends as a wallet does that leaves all to the node, and accounts for every wei; gives what a gas cost. */
async function transfer(key: Hex, tip?: bigint): Promise<{ readonly price: bigint; readonly baseFee: bigint }> {
  const wallet = walletOf(key);
  const { address } = wallet.account;
  const before = {
    sender: await reader.getBalance({ address }),
    treasury: await reader.getBalance({ address: treasury }),
  };
  const offer = tip === undefined ? {} : { maxPriorityFeePerGas: tip };
  const { status, gasUsed, effectiveGasPrice, blockNumber } = await mined(
    await wallet.sendTransaction({ to, value: 5n, ...offer }),
  );
  expect(status).toBe("success");
  const paid = gasUsed * effectiveGasPrice;
  expect(await reader.getBalance({ address })).toBe(before.sender - 5n - paid);
  expect(await reader.getBalance({ address: treasury })).toBe(before.treasury + paid);
  const { baseFeePerGas } = await reader.getBlock({ blockNumber });
  return { price: effectiveGasPrice, baseFee: baseFeePerGas ?? -1n };
}

test("gas costs nothing, then a fixed price, and wallets need not know", async () => {
  expect(await transfer(keyOf(1))).toEqual({ price: 0n, baseFee: 0n });
  await owner((fees) => fees.write.setPrice([FLOOR, treasury], free));
  // Wallets look at the newest block, and the one that changes the price has the old one.
  await until("a block with the price", WAIT, async () => (await reader.getBlock()).baseFeePerGas === FLOOR);
  expect(await transfer(keyOf(1))).toEqual({ price: FLOOR, baseFee: FLOOR });
  // A tip is not charged.
  expect(await transfer(keyOf(2), 7n)).toEqual({ price: FLOOR, baseFee: FLOOR });
}, 600_000);

test("ordinary fees: the base fee moves by EIP-1559 with what blocks use, and tips are paid", async () => {
  await owner((fees) => fees.write.setOrdinaryFees([FLOOR, CEILING, treasury], free));
  const quiet = await transfer(keyOf(1), 7n);
  expect(quiet.price).toBe(quiet.baseFee + 7n);

  const ethers = new Wallet(keyOf(3), new JsonRpcProvider(url, undefined, { pollingInterval: 200 }));
  const sent = await ethers.sendTransaction({ to, value: 1n });
  const receipt = await sent.wait(1, WAIT);
  const tip = sent.maxPriorityFeePerGas ?? -1n;
  const { baseFeePerGas } = await reader.getBlock({ blockNumber: BigInt(receipt?.blockNumber ?? 0) });
  expect(receipt?.gasPrice).toBe((baseFeePerGas ?? 0n) + tip);

  // Four blocks' gas at once.
  const { gasLimit } = await reader.getBlock();
  const offer = { data: ENDLESS, gas: gasLimit / 12n, maxFeePerGas: CEILING, maxPriorityFeePerGas: 0n };
  const rush = [4, 5, 6, 7].flatMap((index) =>
    Array.from({ length: 12 }, (_, nonce) => walletOf(keyOf(index)).sendTransaction({ ...offer, nonce })),
  );
  for (const hash of await Promise.all(rush)) expect((await mined(hash)).status).toBe("reverted");
  const {
    baseFeePerGas: fees,
    gasUsedRatio,
    oldestBlock,
  } = await reader.getFeeHistory({
    ...{ blockCount: 64, rewardPercentiles: [50] },
  });
  expect(gasUsedRatio.some((ratio) => ratio > 0.5)).toBe(true);
  expect(fees.some((fee) => fee > FLOOR)).toBe(true);
  const terms = { price: FLOOR, ceiling: CEILING, treasury: new Uint8Array(20) };
  for (const [index, fee] of fees.slice(0, -1).entries()) {
    const block = await reader.getBlock({ blockNumber: oldestBlock + BigInt(index) });
    expect(block.baseFeePerGas).toBe(fee);
    const parent = { baseFeePerGas: fee, gasLimit: Number(block.gasLimit), gasUsed: Number(block.gasUsed) };
    // Blocks from before the owner chose it charged what it asked for then.
    if (block.extraData.length === "0x01020304".length) expect(fees[index + 1]).toBe(chargeAfter(terms, parent).price);
  }
  expect((await transfer(keyOf(1))).price).toBeGreaterThanOrEqual(FLOOR);
}, 600_000);

test("priority is bought for an account without coins, and used; the owner gets what was paid", async () => {
  await owner((fees) => fees.write.setPrice([0n, treasury], free));
  await owner((fees) => fees.write.setPrioritySale([3n, 1_000_000n], free));
  const key = generatePrivateKey();
  const account = privateKeyToAccount(key).address;
  const period = (await reader.getBlock()).timestamp / 3_600n;
  const rate = 10_000n;
  const cost = await feesOf(keyOf(2)).read.priorityCost([rate, period, 2n]);
  const { status } = await mined(
    await feesOf(keyOf(2)).write.buyPriority([account, rate, period, 2n], { value: cost }),
  );
  expect(status).toBe("success");
  const shown = await until("all members know", WAIT, async () => {
    const rpcs = devnet.info.chains[0]?.rpc ?? [];
    const all = await Promise.all(
      rpcs.map((rpc) => call<{ priority?: unknown }>(rpc, "tributary_getGasless", account)),
    );
    return all.every(({ priority }) => priority !== undefined) ? all : undefined;
  });
  expect(shown[0]).toMatchObject({ history: false, priority: { gasPerSecond: "0x2710", gasLeft: "0x927c0" } });
  const hash = await walletOf(key).sendTransaction({ to, value: 0n });
  expect(await mined(hash)).toMatchObject({ status: "success", effectiveGasPrice: 0n });

  const paid = await reader.getBalance({ address: FEES });
  expect(paid).toBeGreaterThan(0n);
  expect(paid).toBeLessThanOrEqual(cost);
  const before = await reader.getBalance({ address: treasury });
  await owner((fees) => fees.write.withdraw([treasury, paid], free));
  expect(await reader.getBalance({ address: treasury })).toBe(before + paid);
}, 600_000);
