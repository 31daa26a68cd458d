// What a pool makes of trouble: each of four on a chain of its own, in the middle of 400 jobs with idempotency keys.

import { type Alert, createSigningPool, JobStore, mnemonicSigners, type SigningPool } from "@tributary/authority";
import { Anvil, MNEMONIC, wordOf } from "@tributary/authority/anvil.fixture";
import { signTransaction } from "@tributary/authority/keys/sign-transaction";
import { type Address, type Hex, numberToHex } from "viem";

export type TroubleOptions = { readonly pauseSeconds: number; readonly progress: (line: string) => void };

export type TroubleRow = {
  readonly trouble: string;
  readonly jobs: number;
  readonly once: number;
  readonly lost: number;
  readonly doubled: number;
  readonly seconds: number;
  readonly alerts: Readonly<Record<string, number>>;
};

type Scene = { readonly anvil: Anvil; readonly to: Address; readonly pool: SigningPool };
type Trouble = { readonly name: string; readonly strike: (scene: Scene) => Promise<void> };

const JOBS = 400;
const SIGNERS = 4;
const FUNDER = 9;
const CHAIN_ID = 31_337;
const ETHER = 10n ** 18n;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A transaction with the first signer's next nonce on the chain, at a price that nobody outbids. */
async function foreign({ anvil, to }: Scene): Promise<void> {
  const thief = mnemonicSigners(MNEMONIC)(0);
  const price = { kind: "eip1559", maxFee: 10n ** 12n, tip: 10n ** 12n } as const;
  for (let index = 0; index < 5; index++) {
    const nonce = Number(await anvil.call("eth_getTransactionCount", thief.address, "latest"));
    const call = { to, data: wordOf(`foreign ${index}`), value: 0n };
    const { raw } = await signTransaction(thief, { chainId: CHAIN_ID, nonce, gas: 100_000n, price, call });
    // The node may have mined another one with this nonce meanwhile.
    await anvil.call("eth_sendRawTransaction", raw).catch(() => undefined);
    await sleep(300);
  }
}

function troubles(pauseSeconds: number): readonly Trouble[] {
  return [
    {
      name: "a signer is drained",
      strike: async ({ anvil }) => {
        const { address } = mnemonicSigners(MNEMONIC)(1);
        await anvil.call("anvil_setBalance", address, "0x0");
      },
    },
    { name: "a key is used from outside", strike: foreign },
    {
      name: `the chain pauses for ${pauseSeconds} s`,
      strike: async ({ anvil }) => {
        await anvil.call("evm_setIntervalMining", 0);
        await sleep(pauseSeconds * 1_000);
        await anvil.call("evm_setIntervalMining", 1);
      },
    },
    {
      name: "the gas price rises a thousandfold",
      strike: async ({ anvil }) => {
        for (let block = 0; block < 3; block++) {
          await anvil.call("anvil_setNextBlockBaseFeePerGas", numberToHex(2n * 10n ** 12n));
          await sleep(1_000);
        }
      },
    },
  ];
}

async function strike(trouble: Trouble): Promise<TroubleRow> {
  const anvil = await Anvil.start("--block-time", "1");
  const store = await JobStore.open(":memory:");
  const alerts = new Map<string, number>();
  const onAlert = ({ kind }: Alert): void => void alerts.set(kind, (alerts.get(kind) ?? 0) + 1);
  const money = { funder: mnemonicSigners(MNEMONIC)(FUNDER), minBalance: ETHER / 10n, topUpTo: ETHER };
  const limits = { confirmations: 2, pollMs: 100, stuckMs: 3_000, maxInFlight: 20 };
  const start = performance.now();
  const base = { mnemonic: MNEMONIC, rpcUrl: anvil.rpc, size: SIGNERS };
  const pool = await createSigningPool({ ...base, ...money, ...limits, store, onAlert });
  try {
    const to = await anvil.counter();
    const names = Array.from({ length: JOBS }, (_, index) => `${trouble.name} ${index}`);
    await Promise.all(names.map((name) => pool.submit({ to, data: wordOf(name) }, { idempotencyKey: name })));
    await sleep(1_500);
    await trouble.strike({ anvil, to, pool });
    await Promise.all(names.map((name) => pool.submit({ to, data: wordOf(name) }, { idempotencyKey: name })));
    await pool.drain();
    const counts = await Promise.all(names.map((name) => anvil.counted(to, wordOf(name) as Hex)));
    return {
      trouble: trouble.name,
      jobs: JOBS,
      once: counts.filter((count) => count === 1).length,
      lost: counts.filter((count) => count === 0).length,
      doubled: counts.filter((count) => count > 1).length,
      seconds: Number(((performance.now() - start) / 1_000).toFixed(1)),
      alerts: Object.fromEntries(alerts),
    };
  } finally {
    await pool.close();
    await store.close();
    await anvil.stop();
  }
}

export async function authorityTrouble({ pauseSeconds, progress }: TroubleOptions): Promise<readonly TroubleRow[]> {
  const rows: TroubleRow[] = [];
  for (const trouble of troubles(pauseSeconds)) {
    const row = await strike(trouble);
    rows.push(row);
    progress(JSON.stringify(row));
  }
  return rows;
}
