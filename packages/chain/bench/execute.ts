// How much CPU one ERC-20 transfer costs a member from the wire to the committed block: pool admission with recovery
// and log, body check, execution, roots, and the batch on disk. Prints JSON.
// node packages/chain/bench/execute.ts [transfers per block]

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { ExecutionResult } from "@tributary/protocol/ports/execution";
import { Chain } from "../src/chain/chain.ts";
import { COIN_CREATION_CODE } from "../src/executor/coin.fixture.ts";
import { createAddress } from "../src/transaction/recover.ts";
import { addressOf, keyOf, signTransaction } from "../src/transaction/sign.fixture.ts";

const CHAIN_ID = 4242n;
const TRANSFERS = 5_000;
const SENDERS = 100;
const perBlock = Number(process.argv[2] ?? 60);

function word(value: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  out.set(value, 32 - value.length);
  return out;
}

function call(selector: string, to: Uint8Array, amount: number): Uint8Array {
  return Buffer.concat([
    fromHex(selector) ?? new Uint8Array(0),
    word(to),
    word(Uint8Array.of(amount >> 8, amount & 0xff)),
  ]);
}

const keys = Array.from({ length: SENDERS }, (_, i) => keyOf(i));
const addresses = keys.map(addressOf);
const directory = await mkdtemp(join(tmpdir(), "chain-bench-"));
const chain = await Chain.open({
  genesis: {
    chainId: CHAIN_ID,
    name: "bench",
    owner: "0x00000000000000000000000000000000000000aa",
    timestamp: 1_700_000_000,
    gasLimit: 1_000_000_000,
    byteLimit: 64 * 1024 * 1024,
    allocation: addresses.map((address) => ({ address: toHex(address), balance: 10n ** 20n })),
  },
  storage: { directory },
  seatsOf: () => 4,
  onFailure: (error) => {
    throw error;
  },
});
let height = 0;

async function block(transactions: readonly Uint8Array[]): Promise<ExecutionResult> {
  height++;
  const zero = toHex(new Uint8Array(32));
  const beacon = toHex(word(Uint8Array.of(height >> 8, height & 0xff)));
  const body = chain.bodies.encode(transactions);
  await new Promise((resolve) => chain.bodies.check(body, resolve));
  const result = await new Promise<ExecutionResult>((resolve) =>
    chain.executor.execute(
      {
        ...{ height, rules: 1, beacon, parent: zero, mainchain: { number: 0, hash: zero } },
        term: { era: 1, epoch: 1, committee: zero },
        ...{ time: 1_700_000_000_000 + height * 250, bodies: [{ body }] },
      },
      resolve,
    ),
  );
  const header = {
    ...{ version: 1, rules: 1, group: zero, era: 0, epoch: 0, height, committee: zero, parent: zero, order: zero },
    ...{ beacon, time: 0, mainchainNumber: 0, mainchainHash: zero, bodyRoot: zero, segmentsRoot: zero },
  };
  await new Promise<void>((resolve) =>
    chain.executor.commit({ header, hash: zero, certificate: new Uint8Array(96) }, resolve),
  );
  chain.pool.committed(result.transactions);
  return result;
}

const [owner] = keys;
const [ownerAddress] = addresses;
if (owner === undefined || ownerAddress === undefined) throw new Error("no keys");
await block([
  signTransaction(
    { chainId: CHAIN_ID, gasLimit: 3_000_000n, data: fromHex(COIN_CREATION_CODE) ?? new Uint8Array() },
    owner,
  ),
]);
const coin = createAddress(ownerAddress, 0n);
await block(
  addresses.map((to, i) =>
    signTransaction(
      { chainId: CHAIN_ID, nonce: BigInt(i + 1), gasLimit: 100_000n, to: coin, data: call("a9059cbb", to, 60_000) },
      owner,
    ),
  ),
);
const nonces = keys.map((_, i) => (i === 0 ? BigInt(SENDERS + 1) : 0n));
const transfers = Array.from({ length: TRANSFERS }, (_, i) => {
  const from = i % SENDERS;
  const nonce = nonces[from] ?? 0n;
  nonces[from] = nonce + 1n;
  const data = call("a9059cbb", addresses[(i * 7 + 3) % SENDERS] ?? coin, 1);
  return signTransaction({ chainId: CHAIN_ID, nonce, gasLimit: 100_000n, to: coin, data }, keys[from] ?? owner);
});

const wall = performance.now();
const cpu = process.cpuUsage();
let executed = 0;
for (let at = 0; at < TRANSFERS; at += perBlock) {
  const some = transfers.slice(at, at + perBlock);
  await Promise.all(some.map((raw) => chain.submit(raw)));
  const { transactions } = await block(some);
  executed += transactions.filter(({ mark }) => mark === "executed").length;
}
const used = process.cpuUsage(cpu);
const elapsed = performance.now() - wall;
const audit = await chain.audit();
console.log(
  JSON.stringify({
    transfers: executed,
    perBlock,
    cpuMicrosecondsPerTransfer: Math.round((used.user + used.system) / executed),
    transfersPerSecond: Math.round((executed / elapsed) * 1000),
    stateRootRecomputes: toHex(audit.root) === toHex(chain.head.header.stateRoot),
  }),
);
await chain.close();
await rm(directory, { recursive: true });
