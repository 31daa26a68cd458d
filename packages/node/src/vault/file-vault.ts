import { randomBytes } from "node:crypto";
import { concat, equal, uint } from "@tributary/protocol/bytes/bytes";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import { BlsSecretKey, provePossession } from "@tributary/protocol/crypto/bls";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { HashContext } from "@tributary/protocol/crypto/scalar";
import { cancelDigest } from "@tributary/protocol/keygen/cancel";
import { judgeDealing, type Opener } from "@tributary/protocol/keygen/complaint";
import { makeDealing } from "@tributary/protocol/keygen/dealing";
import { makeEncryptionKey } from "@tributary/protocol/keygen/encryption-key";
import { eraDigest } from "@tributary/protocol/keygen/era-handover";
import { acceptDealings } from "@tributary/protocol/keygen/fresh-key";
import { readyDigest } from "@tributary/protocol/keygen/ready";
import { acceptResharing, judgeResharing, makeResharing } from "@tributary/protocol/keygen/resharing";
import type { CancelVault } from "@tributary/protocol/ports/cancel-vault";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import type {
  DealingVerdict,
  EncryptionKey,
  KeySlot,
  KeyVault,
  PostedDealing,
  PreviousKeys,
  ReadySignatures,
  ResharingVault,
  ResharingVerdict,
} from "@tributary/protocol/ports/key-vault";
import type { Signer } from "../consensus/ports.ts";
import { type RawKeys, signStatement } from "../consensus/statement.ts";
import { compareTerms } from "../consensus/term-name.ts";
import { NodeError } from "../fault/node-error.ts";
import { generateTransportKey, type TransportIdentity, transportIdentity } from "../mesh/transport-identity.ts";
import { nativeAddressOfSecretKey, nativeNodeSignatures } from "../verifier/native-node-signatures.ts";
import { type GuessCost, Keystore } from "./keystore.ts";
import type { MemberVault, NextEra, SeatKeys, SeatRequest } from "./member-vault.ts";
import { beginSession } from "./session.ts";
import { isUnsignedTransaction } from "./unsigned-transaction.ts";
import {
  decodeContent,
  type EpochSecrets,
  encodeContent,
  epochName,
  epochNamed,
  type VaultContent,
} from "./vault-content.ts";

/** So many times as long as a dealing took to judge nothing is done, and at most so many milliseconds. */
const REST = 3;
const MAX_REST_MS = 200;

type Accepted = PreviousKeys & { readonly share: BlsSecretKey };

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** A node's keys in one encrypted file. A secret is on disk before anything derived from it is given away. */
export class FileVault implements KeyVault, ResharingVault, CancelVault, MemberVault {
  readonly nodeAddress: `0x${string}`;
  readonly blsKey: Uint8Array;
  readonly blsProof: Uint8Array;
  readonly transportKey: Uint8Array;
  /** Certificate and key for the links. */
  readonly identity: TransportIdentity;
  readonly #keystore: Keystore;
  readonly #registered: BlsSecretKey;
  #content: VaultContent;
  /** Calls that may change the content, one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /** Makes fresh keys and writes them. `vault-exists` where the file exists. */
  static async create(path: string, password: Uint8Array, files?: FileLayer, cost?: GuessCost): Promise<FileVault> {
    const keystore = await Keystore.create(path, password, files, cost);
    let nodeKey = random(32);
    while (nativeAddressOfSecretKey(nodeKey) === undefined) nodeKey = random(32);
    const blsKey = BlsSecretKey.generate(random).toBytes();
    const content = { nodeKey, blsKey, transportKey: generateTransportKey(), epochs: {} };
    await keystore.write(encodeContent(content));
    return new FileVault(keystore, content);
  }

  /** `vault-missing`, `vault-password` or `vault-damaged` where that fails. */
  static async open(path: string, password: Uint8Array, files?: FileLayer): Promise<FileVault> {
    const { keystore, content } = await Keystore.open(path, password, files);
    const decoded = decodeContent(content);
    if (decoded === undefined) throw new NodeError("vault-damaged", `keystore ${path} holds no keys of a node`);
    return new FileVault(keystore, decoded);
  }

  private constructor(keystore: Keystore, content: VaultContent) {
    const address = nativeAddressOfSecretKey(content.nodeKey);
    const registered = BlsSecretKey.fromBytes(content.blsKey);
    if (address === undefined || registered === undefined) {
      throw new NodeError("vault-damaged", `keystore ${keystore.path} holds malformed keys`);
    }
    this.#keystore = keystore;
    this.#content = content;
    this.#registered = registered;
    this.nodeAddress = toHex(address);
    this.blsKey = registered.publicKey.bytes;
    this.blsProof = provePossession(registered, address);
    this.identity = transportIdentity(content.transportKey);
    this.transportKey = fromHex(this.identity.keyHash) ?? new Uint8Array(32);
  }

  encryptionKey(slot: KeySlot, seat: number): Promise<EncryptionKey> {
    return this.#inTurn(async () => {
      const { key, proof } = await this.#encryption(slot, seat);
      return { key, proof };
    });
  }

  deal(slot: KeySlot, seat: number, encryptionKeys: readonly Uint8Array[]): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const name = dealingName(encryptionKeys);
      const epoch = this.#epoch(slot, seat);
      const kept = epoch.dealings[name];
      if (kept !== undefined) return kept;
      const dealing = makeDealing(context(slot), seat, encryptionKeys, random);
      if (dealing === undefined) throw new NodeError("config", "cannot deal to malformed encryption keys");
      await this.#keep(slot, seat, { ...epoch, dealings: { ...epoch.dealings, [name]: dealing } });
      return dealing;
    });
  }

  async judge(
    slot: KeySlot,
    seat: number,
    encryptionKeys: readonly Uint8Array[],
    dealings: readonly PostedDealing[],
  ): Promise<readonly DealingVerdict[]> {
    const opener = await this.#opener(slot, seat, encryptionKeys);
    const verdicts: DealingVerdict[] = [];
    for (const dealing of dealings) {
      const begun = performance.now();
      verdicts.push(judgeDealing(context(slot), dealing, encryptionKeys.length, opener, random));
      await restAfter(begun);
    }
    return verdicts;
  }

  async acceptShare(
    slot: KeySlot,
    seat: number,
    encryptionKeys: readonly Uint8Array[],
    qualified: readonly PostedDealing[],
  ): Promise<{ readonly groupKey: Uint8Array; readonly shareKeys: readonly Uint8Array[] }> {
    const opener = await this.#opener(slot, seat, encryptionKeys);
    return this.#acceptOnce(slot, seat, acceptanceName(encryptionKeys, qualified), () =>
      acceptDealings(context(slot), qualified, encryptionKeys.length, opener, random),
    );
  }

  dealShare(
    slot: KeySlot,
    from: KeySlot,
    dealer: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
  ): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const name = dealingName(encryptionKeys);
      const epoch = this.#epoch(slot, dealer);
      const kept = epoch.dealings[name];
      if (kept !== undefined) return kept;
      const { secret } = this.#share(from, dealer, previous.shareKeys[dealer] ?? new Uint8Array(0));
      const dealing = makeResharing(context(slot), dealer, secret, encryptionKeys, random);
      if (dealing === undefined) throw new NodeError("config", "cannot deal to malformed encryption keys");
      await this.#keep(slot, dealer, { ...epoch, dealings: { ...epoch.dealings, [name]: dealing } });
      return dealing;
    });
  }

  async judgeShares(
    slot: KeySlot,
    seat: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
    dealings: readonly PostedDealing[],
  ): Promise<readonly ResharingVerdict[]> {
    const opener = await this.#opener(slot, seat, encryptionKeys);
    const verdicts: ResharingVerdict[] = [];
    for (const posted of dealings) {
      const begun = performance.now();
      verdicts.push(judgeResharing(context(slot), previous, posted, encryptionKeys.length, opener, random));
      await restAfter(begun);
    }
    return verdicts;
  }

  async acceptReshared(
    slot: KeySlot,
    seat: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
    qualified: readonly PostedDealing[],
  ): Promise<PreviousKeys> {
    const opener = await this.#opener(slot, seat, encryptionKeys);
    return this.#acceptOnce(slot, seat, acceptanceName(encryptionKeys, qualified, previous), () =>
      acceptResharing(context(slot), previous, qualified, encryptionKeys.length, opener, random),
    );
  }

  eraseEncryption(slot: KeySlot, seat: number): Promise<void> {
    return this.#inTurn(async () => {
      const { encryption: _, ...epoch } = this.#epoch(slot, seat);
      if (epoch.erased?.encryption) return;
      const erased = { encryption: true, shares: epoch.erased?.shares ?? false };
      await this.#keep(slot, seat, { ...epoch, dealings: {}, erased });
    });
  }

  encryptionErased(slot: KeySlot, seat: number): Promise<boolean> {
    return this.#inTurn(async () => this.#epoch(slot, seat).erased?.encryption ?? false);
  }

  async eraseOlder(slot: KeySlot): Promise<boolean> {
    for (const older of this.older(slot)) await this.eraseShares(older, older.seat);
    return true;
  }

  /** The seats in epochs of the group before this one of which secrets may be here. */
  older({ group, era, epoch }: KeySlot): readonly (KeySlot & { readonly seat: number })[] {
    return Object.entries(this.#content.epochs).flatMap(([name, { erased }]) => {
      const found = epochNamed(name);
      const older = found?.group === group && compareTerms(found, { era, epoch }) < 0;
      return older && erased?.shares !== true ? [found] : [];
    });
  }

  /** The epoch's shares, and what is left of its encryption key, for ever. */
  eraseShares(slot: KeySlot, seat: number): Promise<void> {
    return this.#inTurn(async () => {
      // With the encryption key the share could be had again from what was dealt.
      const { encryption: _, ...epoch } = this.#epoch(slot, seat);
      if (epoch.erased?.shares) return;
      const erased = { encryption: true, shares: true };
      await this.#keep(slot, seat, { ...epoch, dealings: {}, shares: [], erased });
    });
  }

  async signReady(
    slot: KeySlot,
    seat: number,
    nodeIds: readonly number[],
    qualified: bigint,
  ): Promise<ReadySignatures> {
    const kept = this.#epoch(slot, seat).shares.at(-1);
    const share = kept === undefined ? undefined : BlsSecretKey.fromBytes(kept.secret);
    if (kept === undefined || share === undefined) {
      throw new NodeError("vault-share", "no share was accepted for this epoch");
    }
    const digest = readyDigest(context(slot), kept, nodeIds, qualified);
    return { registered: this.#registered.sign(digest), share: share.sign(digest) };
  }

  async signTransaction(unsigned: Uint8Array): Promise<Uint8Array> {
    if (!isUnsignedTransaction(unsigned)) throw new NodeError("config", "not an unsigned EIP-1559 transaction");
    return this.signNode(keccak256(unsigned));
  }

  /** Over any digest: for whoever holds the keystore itself, to register the node. */
  async signNode(digest: Uint8Array): Promise<Uint8Array> {
    return nativeNodeSignatures.sign(this.#content.nodeKey, digest);
  }

  /**
   * Signs for a member with the node key and the share whose public key is `shareKey` (Y_seat as the committee has it).
   * `vault-share` where the vault holds no such share: the member must not sign anything then. consensus.md 12.
   */
  signer(slot: KeySlot, seat: number, shareKey: Uint8Array): Signer {
    const keys = this.keys(slot, seat, shareKey);
    return { sign: (statement, done) => done(signStatement(statement, seat, keys)) };
  }

  /** The keys of a member in this process. `vault-share`, and as `beginSession`. */
  async seat({ spec, journal, served, logger }: SeatRequest): Promise<SeatKeys> {
    const signer = this.signer(spec, spec.seat, fromHex(spec.shareKeys[spec.seat] ?? "") ?? new Uint8Array(0));
    await beginSession(spec, this, journal, served, logger);
    return {
      ...{ signer, journal, close: () => undefined },
      get state() {
        return journal.silent ? "silent" : "signing";
      },
    };
  }

  /** The same keys over any digest, for whoever looks at what is signed before. */
  keys(slot: KeySlot, seat: number, shareKey: Uint8Array): RawKeys {
    const { key: share } = this.#share(slot, seat, shareKey);
    const { nodeKey } = this.#content;
    return {
      node: (digest) => nativeNodeSignatures.sign(nodeKey, digest),
      share: (digest) => share.sign(digest),
    };
  }

  async signCancel(slot: KeySlot, seat: number, openingId: `0x${string}`): Promise<Uint8Array> {
    const kept = this.#epoch(slot, seat).shares.at(-1);
    const share = kept === undefined ? undefined : BlsSecretKey.fromBytes(kept.secret);
    if (share === undefined) throw new NodeError("vault-share", `no share is left for ${epochName(slot, seat)}`);
    const opening = fromHex(openingId);
    if (opening?.length !== 32) throw new NodeError("config", "an opening's name is a 32-byte hash");
    return share.sign(cancelDigest(context(slot).group, slot.era, opening));
  }

  async signHandover(slot: KeySlot, seat: number, next: NextEra): Promise<Uint8Array> {
    const kept = this.#epoch(slot, seat).shares.at(-1);
    const share = kept === undefined ? undefined : BlsSecretKey.fromBytes(kept.secret);
    if (share === undefined) throw new NodeError("vault-share", `no share is left for ${epochName(slot, seat)}`);
    const era = `${slot.group}/${slot.era + 1}/`;
    const own = Object.entries(this.#content.epochs).filter(([name]) => name.startsWith(era));
    const known = own.some(([, { shares }]) => shares.some(({ groupKey }) => equal(groupKey, next.groupKey)));
    if (!known) throw new NodeError("vault-refused", "this is not a key of which a share is here");
    return share.sign(eraDigest(context(slot).group, { era: slot.era, ...next }));
  }

  /** How often a member of this seat was started, as far as this vault knows: its slot journal must know of as many. */
  sessions(slot: KeySlot, seat: number): number {
    return this.#epoch(slot, seat).sessions ?? 0;
  }

  keepSessions(slot: KeySlot, seat: number, sessions: number): Promise<void> {
    return this.#inTurn(() => this.#keep(slot, seat, { ...this.#epoch(slot, seat), sessions }));
  }

  /** The kept share with this public key. */
  #share(
    slot: KeySlot,
    seat: number,
    shareKey: Uint8Array,
  ): { readonly secret: Uint8Array; readonly key: BlsSecretKey } {
    for (const { secret } of this.#epoch(slot, seat).shares) {
      const key = BlsSecretKey.fromBytes(secret);
      if (key !== undefined && equal(key.publicKey.bytes, shareKey)) return { secret, key };
    }
    const name = epochName(slot, seat);
    throw new NodeError("vault-share", `keystore ${this.#keystore.path} holds no share for ${name} under its key`);
  }

  /** Signing READY, settling and each start ask for the same share, at moments in which all members are busy. */
  #acceptOnce(slot: KeySlot, seat: number, from: string, accept: () => Accepted | undefined): Promise<PreviousKeys> {
    return this.#inTurn(async () => {
      this.#checkUnerased(slot, seat);
      const epoch = this.#epoch(slot, seat);
      const newest = epoch.shares.at(-1);
      if (newest?.from === from) return { groupKey: newest.groupKey, shareKeys: newest.shareKeys };
      const keys = accept();
      if (keys === undefined) {
        throw new NodeError("vault-share", "the qualified dealings give this seat no valid share");
      }
      const { groupKey, shareKeys } = keys;
      const share = { groupKey, shareKeys, secret: keys.share.toBytes(), from };
      // Other dealers give another share of the same key: the one to sign READY with comes last.
      const others = epoch.shares.filter(({ secret }) => !equal(secret, share.secret));
      await this.#keep(slot, seat, { ...epoch, shares: [...others, share] });
      return { groupKey, shareKeys };
    });
  }

  async #opener(slot: KeySlot, seat: number, encryptionKeys: readonly Uint8Array[]): Promise<Opener> {
    const { key, secret } = await this.#inTurn(() => this.#encryption(slot, seat));
    if (!equal(key, encryptionKeys[seat] ?? new Uint8Array(0))) {
      throw new NodeError("vault-share", "the seat's encryption key on the mainchain is not this vault's");
    }
    return { seat, key, secret };
  }

  async #encryption(slot: KeySlot, seat: number): Promise<NonNullable<EpochSecrets["encryption"]>> {
    const epoch = this.#epoch(slot, seat);
    if (epoch.encryption !== undefined) return epoch.encryption;
    if (epoch.erased?.encryption) {
      throw new NodeError("vault-share", `the encryption key for ${epochName(slot, seat)} was erased`);
    }
    const encryption = makeEncryptionKey(context(slot), seat, random);
    await this.#keep(slot, seat, { ...epoch, encryption });
    return encryption;
  }

  /** What was erased does not come back, though the dealings are public and a key that opens them may be left. */
  #checkUnerased(slot: KeySlot, seat: number): void {
    if (!this.#epoch(slot, seat).erased?.shares) return;
    throw new NodeError("vault-share", `the share for ${epochName(slot, seat)} was erased: its epoch is over`);
  }

  #epoch(slot: KeySlot, seat: number): EpochSecrets {
    return this.#content.epochs[epochName(slot, seat)] ?? { dealings: {}, shares: [] };
  }

  async #keep(slot: KeySlot, seat: number, secrets: EpochSecrets): Promise<void> {
    const content = { ...this.#content, epochs: { ...this.#content.epochs, [epochName(slot, seat)]: secrets } };
    await this.#keystore.write(encodeContent(content));
    this.#content = content;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** All members judge the same dealings at the same time: running chains get most of the processors meanwhile. */
function restAfter(begun: number): Promise<void> {
  const rest = Math.min(REST * (performance.now() - begun), MAX_REST_MS);
  return new Promise((resolve) => setTimeout(resolve, rest));
}

/** Dealings are kept by the keys that they are dealt to. */
function dealingName(encryptionKeys: readonly Uint8Array[]): string {
  return toHex(keccak256(concat(Uint8Array.of(encryptionKeys.length), ...encryptionKeys)));
}

/** Of everything that an accepted share follows from, beside the slot and the seat. */
function acceptanceName(
  encryptionKeys: readonly Uint8Array[],
  qualified: readonly PostedDealing[],
  previous?: PreviousKeys,
): string {
  const before = previous === undefined ? [] : [previous.groupKey, ...previous.shareKeys];
  const dealings = qualified.flatMap(({ dealer, dealing }) => [uint(dealer, 2), uint(dealing.length, 4), dealing]);
  const counts = [encryptionKeys.length, before.length, qualified.length].map((count) => uint(count, 2));
  return toHex(keccak256(concat(...counts, ...encryptionKeys, ...before, ...dealings)));
}

function context(slot: KeySlot): HashContext {
  const group = fromHex(slot.group);
  if (group?.length !== 32) throw new NodeError("config", "group is not a 32-byte hash");
  return { group, era: slot.era, epoch: slot.epoch };
}
