import { randomBytes } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore } from "@tributary/chain/store/memory-store";
import { nativeNodeSignatures } from "@tributary/node/verifier/native-node-signatures";
import { BlsSecretKey } from "@tributary/protocol/crypto/bls";
import { coordinate, evaluate, randomScalar, scalarToBytes } from "@tributary/protocol/crypto/scalar";
import { ThresholdKey } from "@tributary/protocol/crypto/threshold";
import { quorum } from "@tributary/protocol/quorum";
import { BlockChain } from "../bench/state/block-chain.ts";

/** Milliseconds of this machine for what a member does. */
export type Costs = {
  readonly nodeSign: number;
  readonly nodeCheck: number;
  readonly shareSign: number;
  /** One of a batch of N. */
  readonly certificate: number;
  /** q shares and one check. */
  readonly combine: number;
  /** A block without transactions, with its state root. */
  readonly execute: number;
  /** A synced write of 4 KiB. */
  readonly flush: number;
};

const ROUNDS = 15;
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** Measures with the real cryptography, executor and disk; a second or two. */
export async function measuredCosts(members: number): Promise<Costs> {
  const threshold = quorum(members);
  const polynomial = Array.from({ length: threshold }, () => randomScalar(random));
  const keyOf = (scalar: bigint): BlsSecretKey => {
    const key = BlsSecretKey.fromBytes(scalarToBytes(scalar));
    if (key === undefined) throw new RangeError("a drawn scalar is no key");
    return key;
  };
  const secrets = Array.from({ length: members }, (_, seat) => keyOf(evaluate(polynomial, coordinate(seat))));
  const group = keyOf(polynomial[0] ?? 1n);
  const key = new ThresholdKey(
    group.publicKey,
    secrets.map(({ publicKey }) => publicKey),
    threshold,
  );
  const digest = random(32);
  const node = random(32);
  const signature = nativeNodeSignatures.sign(node, digest);
  const shares = secrets.slice(0, threshold).map((secret, seat) => ({ seat, share: secret.sign(digest) }));
  const batch = Array.from({ length: members }, () => {
    const signed = random(32);
    return { digest: signed, signature: group.sign(signed) };
  });
  const chain = await BlockChain.open(new MemoryStore());
  return {
    nodeSign: await least(() => nativeNodeSignatures.sign(node, digest)),
    nodeCheck: await least(() => nativeNodeSignatures.recoverAddress(digest, signature)),
    shareSign: await least(() => group.sign(digest)),
    certificate: (await least(() => group.publicKey.verifyBatch(batch))) / members,
    combine: await least(() => key.combine(digest, shares)),
    execute: await least(() => chain.block([])),
    flush: await flushCost(),
  };
}

/** Whatever else the machine does only adds to it. */
async function least(work: () => unknown): Promise<number> {
  return (await timesOf(work))[0] ?? 0;
}

async function median(work: () => unknown): Promise<number> {
  return (await timesOf(work))[ROUNDS >> 1] ?? 0;
}

/** Milliseconds, ascending. */
async function timesOf(work: () => unknown): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b);
}

async function flushCost(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-flush-"));
  const file = openSync(join(folder, "file"), "a");
  const page = randomBytes(4_096);
  try {
    return await median(() => {
      writeSync(file, page);
      fdatasyncSync(file);
    });
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}
