import { secp256k1 } from "@noble/curves/secp256k1.js";
import { rlpEncode } from "@tributary/chain/rlp/encode";
import type { BlockEnv, Fork, Transaction } from "@tributary/evm/types";
import { concat, toBigInt, toHex } from "@tributary/protocol/bytes/index";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { Random } from "../agreement/random.ts";
import { authorities, authorityKeys, coinbase, contracts, nobody, plain, sender } from "./addresses.ts";
import { mutated, randomProgram } from "./program.ts";
import { interestingWord, randomBytes } from "./values.ts";

export type ScenarioAccount = {
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code: Uint8Array;
  readonly storage: readonly (readonly [slot: bigint, value: bigint])[];
};

export type SignedAuthorization = {
  readonly chainId: bigint;
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
};

/** One transaction and all that its outcome depends on. */
export type Scenario = {
  readonly seed: number;
  readonly fork: Fork;
  readonly block: BlockEnv;
  readonly accounts: readonly ScenarioAccount[];
  readonly transaction: Transaction;
  readonly signed: readonly SignedAuthorization[];
};

export const forks: readonly Fork[] = ["cancun", "prague", "osaka"];

/** The same for all cases of an upgrade, so that the oracle prepares it once. */
export function blockOf(fork: Fork): BlockEnv {
  return {
    fork,
    chainId: 1n,
    number: 300n,
    timestamp: 1_700_000_000n,
    coinbase,
    gasLimit: 30_000_000n,
    baseFee: 7n,
    prevRandao: new Uint8Array(32).fill(0x9d),
    blobBaseFee: 1n,
    transactionGasCap: fork === "osaka" ? 1n << 24n : undefined,
  };
}

const signatures = new Map<string, Uint8Array>();

/** By an authority, recoverable. There are few different ones, and each takes a millisecond. */
function signature(who: number, digest: Uint8Array): Uint8Array {
  const name = `${who} ${toHex(digest)}`;
  const known = signatures.get(name);
  if (known) return known;
  const key = authorityKeys[who] as Uint8Array;
  const made = secp256k1.sign(digest, key, { prehash: false, lowS: true, format: "recovered" });
  signatures.set(name, made);
  return made;
}

function sign(random: Random, nonce: bigint): SignedAuthorization & { readonly authority: Uint8Array | undefined } {
  const who = random.below(authorityKeys.length);
  const chainId = random.chance(0.9) ? BigInt(random.below(2)) : 7n;
  const address = random.pick([
    ...contracts,
    ...contracts,
    nobody,
    new Uint8Array(20),
    Uint8Array.from([...new Uint8Array(19), 4]),
  ]);
  const digest = keccak256(concat(Uint8Array.of(5), rlpEncode([chainId, address, nonce])));
  const bytes = signature(who, digest);
  const authorization = {
    chainId,
    address,
    nonce,
    yParity: BigInt(bytes[0] ?? 0),
    r: toBigInt(bytes.subarray(1, 33)),
    s: toBigInt(bytes.subarray(33)),
  };
  if (random.chance(0.95)) return { ...authorization, authority: authorities[who] };
  return { ...authorization, s: secp256k1.Point.Fn.ORDER - authorization.s, authority: undefined };
}

function codeOf(random: Random, fork: Fork, corpus: readonly Uint8Array[], heavy: boolean): Uint8Array {
  if (corpus.length > 0 && random.chance(0.15)) return mutated(random, random.pick(corpus));
  return randomProgram(random, fork, 3 + random.below(12), heavy);
}

function accountsOf(random: Random, fork: Fork, corpus: readonly Uint8Array[]): ScenarioAccount[] {
  const heavy = random.chance(0.4);
  const accounts: ScenarioAccount[] = contracts.map((address, index) => ({
    address,
    nonce: 1n,
    balance: BigInt(random.below(20)),
    code: codeOf(random, fork, corpus, heavy && index === 0),
    storage: Array.from(
      { length: random.below(5) },
      (_, slot) => [BigInt(slot), 1n + BigInt(random.below(300))] as const,
    ),
  }));
  accounts.push({ address: plain, nonce: 0n, balance: 9n, code: new Uint8Array(0), storage: [] });
  accounts.push({ address: sender, nonce: 3n, balance: 10n ** 18n, code: new Uint8Array(0), storage: [] });
  if (fork !== "cancun") {
    const delegation = concat(Uint8Array.of(0xef, 1, 0), random.pick([...contracts, authorities[1] as Uint8Array]));
    const code = random.chance(0.6) ? delegation : new Uint8Array(0);
    accounts.push({ address: authorities[0] as Uint8Array, nonce: 0n, balance: 4n, code, storage: [] });
  }
  return accounts;
}

/** Little as a rule: endless loops and recursions end when it is used up. */
function gasLimitOf(random: Random): bigint {
  const kind = random.below(100);
  if (kind < 8) return 21_000n + BigInt(random.below(40_000));
  if (kind < 22) return 60_000n + BigInt(random.below(200_000));
  if (kind < 98) return 300_000n + BigInt(random.below(500_000));
  return 1_000_000n + BigInt(random.below(3_500_000));
}

function typeOf(random: Random, fork: Fork): Transaction["type"] {
  const kind = random.below(20);
  if (kind < 6) return 0;
  if (kind < 10) return 1;
  if (kind < 17) return 2;
  if (kind < 18) return 3;
  return fork === "cancun" ? 2 : 4;
}

function dataOf(random: Random, fork: Fork, creates: boolean): Uint8Array {
  if (creates) return randomProgram(random, fork, 2 + random.below(5), false);
  return randomBytes(random, random.below(4) === 0 ? random.below(2000) : random.below(100));
}

/** The same seed and corpus give the same scenario. */
export function makeScenario(seed: number, corpus: readonly Uint8Array[]): Scenario {
  const random = new Random(seed);
  const fork = random.pick(forks);
  const type = typeOf(random, fork);
  const creates = type < 3 && random.chance(0.1);
  const target = random.chance(0.9) ? contracts[0] : random.pick([...contracts, plain, nobody, ...authorities]);
  const signed =
    type === 4
      ? Array.from({ length: 1 + random.below(3) }, () => sign(random, BigInt(random.below(8) === 0 ? 1 : 0)))
      : [];
  const tip = BigInt(random.below(4));
  const hash = () => Uint8Array.from([1, ...randomBytes(random, 31)]);
  const words = () =>
    Array.from({ length: random.below(3) }, () =>
      new Uint8Array(32).fill(0, 0, 31).map((_, i) => (i === 31 ? random.below(6) : 0)),
    );
  const transaction: Transaction = {
    type,
    sender,
    to: creates ? undefined : target,
    nonce: random.chance(0.01) ? 2n : 3n,
    gasLimit: gasLimitOf(random),
    maxFeePerGas: type < 2 ? 7n + tip : 10n + tip,
    maxPriorityFeePerGas: type < 2 ? 7n + tip : tip,
    value: random.chance(0.6) ? 0n : random.chance(0.98) ? BigInt(random.below(100)) : interestingWord(random),
    data: dataOf(random, fork, creates),
    accessList:
      type === 0
        ? []
        : Array.from({ length: random.below(3) }, () => ({
            address: random.pick([...contracts, plain, nobody]),
            storageKeys: words(),
          })),
    blobHashes: type === 3 ? Array.from({ length: 1 + random.below(3) }, hash) : [],
    maxFeePerBlobGas: type === 3 ? 3n : 0n,
    authorizations: signed.map(({ chainId, address, nonce, authority }) => ({ chainId, address, nonce, authority })),
  };
  return { seed, fork, block: blockOf(fork), accounts: accountsOf(random, fork, corpus), transaction, signed };
}
