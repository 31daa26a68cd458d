// Deploys by viem, writes, waits for confirmations, reads back, and prints what it saw as one line of JSON.
import { network } from "hardhat";

const { viem, networkName } = await network.create();
const client = await viem.getPublicClient({ pollingInterval: 100 });
const [keeper, other] = await viem.getWalletClients();
const { contract: ledger, deploymentTransaction } = await viem.sendDeploymentTransaction("Ledger", ["by a script"]);
await client.waitForTransactionReceipt({ hash: deploymentTransaction.hash });
const reader = await viem.deployContract("Reader", [ledger.address]);
const debtor = keeper.account.address;
const creditor = other.account.address;

const hash = await ledger.write.note([debtor, creditor, 12n]);
const receipt = await client.waitForTransactionReceipt({ hash, confirmations: 3 });
const confirmations = await client.getTransactionConfirmations({ hash });
const events = await ledger.getEvents.Noted({}, { fromBlock: receipt.blockNumber });
const refusal = await ledger.write.note([debtor, creditor, 1n], { account: other.account }).then(
  () => "none",
  (error: Error) => error.message,
);

const report = {
  networkName,
  hash,
  status: receipt.status,
  ledger: ledger.address,
  confirmations,
  title: await ledger.read.title(),
  balance: await reader.read.balance([creditor, debtor]),
  events: events.map(({ args }) => Object.values(args)),
  refusal,
};
console.log(JSON.stringify(report, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
