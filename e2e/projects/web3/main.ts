// Reads a plan from standard input, uses a chain through web3.js alone, and prints what it saw as one line of JSON.
import { text } from "node:stream/consumers";
import { Web3 } from "web3";
import { counterAbi } from "./counter-abi.ts";

type Plan = {
  readonly http: string;
  readonly ws: string;
  readonly privateKey: string;
  readonly recipient: string;
  readonly value: string;
  readonly bytecode: string;
};

const plan = JSON.parse(await text(process.stdin)) as Plan;
const web3 = new Web3(plan.http);
web3.eth.transactionPollingInterval = 100;
const account = web3.eth.accounts.wallet.add(plan.privateKey)[0];
if (account === undefined) throw new Error("the wallet is empty");
const from = account.address;

const chainId = await web3.eth.getChainId();
const sent = await web3.eth.sendTransaction({ from, to: plan.recipient, value: plan.value });
const signed = await account.signTransaction({
  chainId,
  to: plan.recipient,
  value: plan.value,
  nonce: await web3.eth.getTransactionCount(from, "pending"),
  gas: await web3.eth.estimateGas({ from, to: plan.recipient, value: plan.value }),
  gasPrice: await web3.eth.getGasPrice(),
});
const raw = await web3.eth.sendSignedTransaction(signed.rawTransaction);

const factory = new web3.eth.Contract(counterAbi);
const counter = await factory.deploy({ data: plan.bytecode, arguments: [7] }).send({ from });
const address = counter.options.address;
if (address === undefined) throw new Error("the contract has no address");
const code = await web3.eth.getCode(address);

// Subscriptions go over a WebSocket.
const live = new Web3(plan.ws);
const events: string[] = [];
const logs: string[] = [];
const heads: string[] = [];
const pending: string[] = [];
const watched = new live.eth.Contract(counterAbi, address);
const changed = watched.events.Changed({ filter: { by: from } });
changed.on("data", ({ returnValues }) => {
  events.push(String(returnValues["number"]));
});
const rawLogs = await live.eth.subscribe("logs", { address });
rawLogs.on("data", (log) => {
  logs.push(String(log.data));
});
const newHeads = await live.eth.subscribe("newBlockHeaders");
newHeads.on("data", ({ number }) => {
  heads.push(String(number));
});
const newPending = await live.eth.subscribe("newPendingTransactions");
newPending.on("data", (hash) => {
  pending.push(String(hash));
});

const added = await counter.methods.add(5).send({ from });
const number = await counter.methods.number().call();
const refusal = await counter.methods
  .add(2000)
  .call({ from })
  .then(
    () => "none",
    (error: Error & { readonly cause?: { readonly data?: string } }) => error.cause?.data ?? error.message,
  );
const past = await counter.getPastEvents("Changed", { fromBlock: added.blockNumber, toBlock: "latest" });

const end = Date.now() + 30_000;
while (events.length === 0 || logs.length === 0 || heads.length === 0 || pending.length === 0) {
  if (Date.now() > end) throw new Error(`not all was seen: ${JSON.stringify({ events, logs, heads, pending })}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
for (const each of [changed, rawLogs, newHeads, newPending]) await each.unsubscribe();
live.currentProvider?.disconnect();

const report = {
  chainId,
  hashes: [sent.transactionHash, raw.transactionHash, added.transactionHash],
  statuses: [sent.status, raw.status, added.status],
  address,
  code,
  number,
  refusal,
  past: past.map((event) => (typeof event === "string" ? event : String(event.returnValues["number"]))),
  events,
  logs,
  heads,
  pending,
};
console.log(JSON.stringify(report, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
