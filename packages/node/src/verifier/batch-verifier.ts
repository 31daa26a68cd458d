import { compare } from "@tributary/protocol/bytes/bytes";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { BlsPublicKey, type SignedDigest } from "@tributary/protocol/crypto/bls";
import { ThresholdKey } from "@tributary/protocol/crypto/threshold";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import { quorum } from "@tributary/protocol/quorum";
import type { Share, Verifier } from "../consensus/ports.ts";
import { NodeError } from "../fault/node-error.ts";
import { nativeNodeSignatures } from "./native-node-signatures.ts";

/** Certificates checked in one batch: 0.5 ms each, so that one batch holds the event loop for 16 ms at most. */
const BATCH = 32;
/** Certificates that may wait; more than N a height for the heights in work. What does not fit counts as bad and comes back by REPEAT. */
const MAX_WAITING = 1_024;

export type VerifierKeys = {
  /** By seat, 20 bytes. */
  readonly nodeAddresses: readonly Uint8Array[];
  readonly key: ThresholdKey;
};

/** Counters since the start. */
export type VerifierStats = { node: number; certificates: number; batches: number; combinations: number; bad: number };

type Waiting = SignedDigest & { readonly done: (ok: boolean) => void };

/**
 * Checks signatures for one member. Node signatures at once; certificates of one turn of the event loop in one batch with
 * random weights, singly only where the batch fails; shares combined first and checked singly only after a failure,
 * except those of known offenders.
 */
export class BatchVerifier implements Verifier {
  readonly #keys: VerifierKeys;
  readonly #offenders = new Set<number>();
  #waiting: Waiting[] = [];
  #scheduled = false;
  #stopped = false;
  readonly stats: VerifierStats = { node: 0, certificates: 0, batches: 0, combinations: 0, bad: 0 };

  constructor(keys: VerifierKeys) {
    this.#keys = keys;
  }

  node(seat: number, digest: Uint8Array, signature: Uint8Array, done: (ok: boolean) => void): void {
    const expected = this.#keys.nodeAddresses[seat];
    if (this.#stopped || expected === undefined) {
      done(false);
      return;
    }
    this.stats.node++;
    const address = nativeNodeSignatures.recoverAddress(digest, signature);
    this.#settle(done, address !== undefined && compare(address, expected) === 0);
  }

  certificate(digest: Uint8Array, signature: Uint8Array, done: (ok: boolean) => void): void {
    if (this.#stopped || this.#waiting.length >= MAX_WAITING) {
      done(false);
      return;
    }
    this.stats.certificates++;
    this.#waiting.push({ digest, signature, done });
    this.#schedule();
  }

  combine(
    digest: Uint8Array,
    shares: readonly Share[],
    done: (result: { readonly signature: Uint8Array } | { readonly faulty: readonly number[] }) => void,
  ): void {
    if (this.#stopped) {
      done({ faulty: [] });
      return;
    }
    const { key } = this.#keys;
    const bad = shares.filter((share) => this.#offenders.has(share.seat) && !key.verifyShare(digest, share));
    this.stats.combinations++;
    const result = bad.length > 0 ? { faulty: bad.map(({ seat }) => seat) } : key.combine(digest, shares);
    if ("faulty" in result) {
      this.stats.bad += result.faulty.length;
      for (const seat of result.faulty) this.#offenders.add(seat);
    }
    done(result);
  }

  /** Everything that waits is settled as not verified; so is everything that comes later. */
  stop(): void {
    this.#stopped = true;
    for (const { done } of this.#waiting.splice(0)) done(false);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const batch = this.#waiting.splice(0, BATCH);
      if (this.#waiting.length > 0) this.#schedule();
      this.#check(batch);
    });
  }

  /** Halves a batch that fails, so that one bad certificate among many costs few checks more. */
  #check(batch: readonly Waiting[]): void {
    const [first] = batch;
    if (first === undefined || this.#stopped) {
      for (const { done } of batch) done(false);
      return;
    }
    const { groupKey } = this.#keys.key;
    this.stats.batches++;
    const good = batch.length === 1 ? groupKey.verify(first.digest, first.signature) : groupKey.verifyBatch(batch);
    if (good || batch.length === 1) {
      for (const { done } of batch) this.#settle(done, good);
      return;
    }
    const half = batch.length >> 1;
    this.#check(batch.slice(0, half));
    this.#check(batch.slice(half));
  }

  #settle(done: (ok: boolean) => void, ok: boolean): void {
    if (!ok) this.stats.bad++;
    done(ok);
  }
}

/** The public keys of a committee; `config` where one of them is malformed, which no registered committee's is. */
export function verifierKeys(spec: MemberSpec): VerifierKeys {
  const groupKey = publicKey(spec.groupPublicKey, "group key");
  const shareKeys = spec.shareKeys.map((key, seat) => publicKey(key, `share key of seat ${seat}`));
  const nodeAddresses = spec.members.map(({ nodeAddress, seat }) => {
    const address = fromHex(nodeAddress);
    if (address?.length !== 20) throw new NodeError("config", `node address of seat ${seat} is malformed`);
    return address;
  });
  if (shareKeys.length !== spec.members.length || spec.members.some(({ seat }, i) => seat !== i)) {
    throw new NodeError("config", "members and share keys do not match");
  }
  return { nodeAddresses, key: new ThresholdKey(groupKey, shareKeys, quorum(shareKeys.length)) };
}

function publicKey(hex: string, what: string): BlsPublicKey {
  const key = BlsPublicKey.fromBytes(fromHex(hex) ?? new Uint8Array(0));
  if (key === undefined) throw new NodeError("config", `${what} is malformed`);
  return key;
}
