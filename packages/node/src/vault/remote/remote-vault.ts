import { equal } from "@tributary/protocol/bytes/bytes";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { CancelVault } from "@tributary/protocol/ports/cancel-vault";
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
import type { Logger } from "pino";
import { NodeError } from "../../fault/node-error.ts";
import type { TransportIdentity } from "../../mesh/transport-identity.ts";
import type { MemberVault, NextEra, SeatKeys, SeatRequest, SeatState } from "../member-vault.ts";
import { RemoteSeat } from "./remote-seat.ts";
import { type VaultAddress, VaultLink } from "./vault-link.ts";

export type RemoteVaultOptions = {
  /** The node's own: its links' and, at the vault, its client's. */
  readonly identity: TransportIdentity;
  readonly address: VaultAddress;
  readonly logger: Logger;
};

/** What a node is registered with, of the keys in its vault. */
export type VaultPublicKeys = {
  readonly nodeAddress: `0x${string}`;
  /** As in `KeyVault`. */
  readonly blsKey: Uint8Array;
  readonly blsProof: Uint8Array;
};

/** A node's keys in another process. Its methods fail with `vault-away` while there is no connection; seats wait. */
export class RemoteVault implements KeyVault, ResharingVault, CancelVault, MemberVault {
  readonly nodeAddress: `0x${string}`;
  readonly blsKey: Uint8Array;
  readonly blsProof: Uint8Array;
  readonly transportKey: Uint8Array;
  readonly identity: TransportIdentity;
  readonly #logger: Logger;
  readonly #link: VaultLink;
  readonly #seats = new Set<RemoteSeat>();
  readonly #ups = new Set<() => void>();
  readonly #closing: AbortController = new AbortController();
  /** There is a connection, and at its other end are this node's keys. */
  #usable = false;

  /** Asks the vault whose keys it has; waits for it however long that takes. Undefined when the signal is aborted before. */
  static async ask(options: RemoteVaultOptions, signal: AbortSignal): Promise<VaultPublicKeys | undefined> {
    const { identity, address, logger } = options;
    return new Promise((resolve) => {
      const end = (keys: VaultPublicKeys | undefined): void => {
        link.close();
        resolve(keys);
      };
      const link = new VaultLink(identity, address, {
        down: (reason) => logger.warn({ reason }, "the vault is away"),
        up: () => {
          publicKeys(link).then(end, (error: unknown) => logger.warn({ err: error }, "the vault does not answer"));
        },
      });
      link.start();
      signal.addEventListener("abort", () => end(undefined), { once: true });
      if (signal.aborted) end(undefined);
    });
  }

  /** Connects in the background. `keys`: whose vault this must be. */
  constructor({ identity, address, logger }: RemoteVaultOptions, keys: VaultPublicKeys) {
    this.identity = identity;
    this.transportKey = fromHex(identity.keyHash) ?? new Uint8Array(32);
    this.nodeAddress = keys.nodeAddress;
    this.blsKey = keys.blsKey;
    this.blsProof = keys.blsProof;
    this.#logger = logger;
    this.#link = new VaultLink(identity, address, {
      down: (reason) => this.#down(reason),
      up: () => {
        this.#up().catch((error: unknown) => logger.debug({ err: error }, "the vault went away again"));
      },
    });
    this.#link.start();
  }

  get connected(): boolean {
    return this.#usable;
  }

  /** How many members are in each state. */
  get seats(): Readonly<Partial<Record<SeatState, number>>> {
    const counts: Partial<Record<SeatState, number>> = {};
    for (const { state } of this.#seats) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  async seat(request: SeatRequest): Promise<SeatKeys> {
    const seat = new RemoteSeat(request, this.#link);
    this.#seats.add(seat);
    if (this.#usable) seat.up();
    const close = (): void => {
      seat.close();
      this.#seats.delete(seat);
    };
    return {
      ...{ signer: seat.signer, journal: seat.journal, close },
      get state() {
        return seat.state;
      },
    };
  }

  encryptionKey(slot: KeySlot, seat: number): Promise<EncryptionKey> {
    return this.#link.call("encryptionKey", { ...named(slot, seat) });
  }

  deal(slot: KeySlot, seat: number, encryptionKeys: readonly Uint8Array[]): Promise<Uint8Array> {
    return this.#link.call("deal", { ...named(slot, seat), encryptionKeys });
  }

  async judge(
    slot: KeySlot,
    seat: number,
    encryptionKeys: readonly Uint8Array[],
    dealings: readonly PostedDealing[],
  ): Promise<readonly DealingVerdict[]> {
    const verdicts = await this.#link.call("judge", {
      ...named(slot, seat),
      encryptionKeys,
      dealings: posted(dealings),
    });
    return verdicts.filter(isOfFreshKey);
  }

  acceptShare(
    slot: KeySlot,
    seat: number,
    encryptionKeys: readonly Uint8Array[],
    qualified: readonly PostedDealing[],
  ): Promise<PreviousKeys> {
    return this.#link.call("acceptShare", { ...named(slot, seat), encryptionKeys, dealings: posted(qualified) });
  }

  dealShare(
    slot: KeySlot,
    from: KeySlot,
    dealer: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
  ): Promise<Uint8Array> {
    const old = named(from, dealer).slot;
    return this.#link.call("dealShare", {
      ...named(slot, dealer),
      from: old,
      previous: keysOf(previous),
      encryptionKeys,
    });
  }

  judgeShares(
    slot: KeySlot,
    seat: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
    dealings: readonly PostedDealing[],
  ): Promise<readonly ResharingVerdict[]> {
    const takes = { ...named(slot, seat), previous: keysOf(previous), encryptionKeys, dealings: posted(dealings) };
    return this.#link.call("judgeShares", takes);
  }

  acceptReshared(
    slot: KeySlot,
    seat: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
    qualified: readonly PostedDealing[],
  ): Promise<PreviousKeys> {
    const takes = { ...named(slot, seat), previous: keysOf(previous), encryptionKeys, dealings: posted(qualified) };
    return this.#link.call("acceptReshared", takes);
  }

  async eraseEncryption(slot: KeySlot, seat: number): Promise<void> {
    await this.#link.call("eraseEncryption", named(slot, seat));
  }

  encryptionErased(slot: KeySlot, seat: number): Promise<boolean> {
    return this.#link.call("encryptionErased", named(slot, seat));
  }

  /** Waits while the vault is away. */
  async signHandover(slot: KeySlot, seat: number, next: NextEra): Promise<Uint8Array> {
    const { firstHeight, groupKey } = next;
    const share = await this.#patiently(() =>
      this.#link.call("signHandover", { ...named(slot, seat), firstHeight, groupKey }),
    );
    if (share === undefined) throw new NodeError("vault-share", "the node stops");
    return share;
  }

  /** Waits while the vault is away. After `close` it is left to the node's next start. */
  async eraseOlder({ group, era, epoch }: KeySlot): Promise<boolean> {
    const done = await this.#patiently(() => this.#link.call("eraseOlder", { slot: { group, era, epoch } }));
    return done !== undefined;
  }

  signReady(slot: KeySlot, seat: number, nodeIds: readonly number[], qualified: bigint): Promise<ReadySignatures> {
    return this.#link.call("signReady", { ...named(slot, seat), nodeIds, qualified });
  }

  signCancel(slot: KeySlot, seat: number, openingId: HexHash): Promise<Uint8Array> {
    return this.#link.call("signCancel", { ...named(slot, seat), openingId });
  }

  signTransaction(unsigned: Uint8Array): Promise<Uint8Array> {
    return this.#link.call("signTransaction", { unsigned });
  }

  /** Idempotent. Before the node stops: nothing waits for the vault any more. */
  close(): void {
    this.#closing.abort();
    this.#link.close();
  }

  async #patiently<T>(call: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        return await call();
      } catch (error) {
        if (!isAway(error)) throw error;
        await woken(this.#ups, signal);
      }
    }
    return undefined;
  }

  async #up(): Promise<void> {
    const { nodeAddress, blsKey } = await publicKeys(this.#link);
    if (nodeAddress !== this.nodeAddress || !equal(blsKey, this.blsKey)) {
      this.#logger.error({ theirs: nodeAddress, ours: this.nodeAddress }, "the vault holds another node's keys");
      return;
    }
    this.#usable = true;
    this.#logger.info("the vault is connected");
    for (const seat of this.#seats) seat.up();
    for (const wake of [...this.#ups]) wake();
  }

  #down(reason: string): void {
    this.#usable = false;
    this.#logger.warn({ reason }, "the vault is away: members sign nothing until it is back");
    for (const seat of this.#seats) seat.down();
  }
}

async function publicKeys(link: VaultLink): Promise<VaultPublicKeys> {
  const { nodeAddress, blsKey, blsProof } = await link.call("hello", {});
  return { nodeAddress: toHex(nodeAddress), blsKey, blsProof };
}

/** Only what belongs there: callers pass larger records, and the vault takes no unknown field. */
function named(slot: KeySlot, seat: number): { slot: KeySlot; seat: number } {
  const { group, era, epoch } = slot;
  return { slot: { group, era, epoch }, seat };
}

function posted(dealings: readonly PostedDealing[]): readonly PostedDealing[] {
  return dealings.map(({ dealer, dealing }) => ({ dealer, dealing }));
}

function keysOf({ groupKey, shareKeys }: PreviousKeys): PreviousKeys {
  return { groupKey, shareKeys };
}

/** A fresh key's dealing has no constant to be wrong about; a vault that says so is not heard. */
function isOfFreshKey(verdict: ResharingVerdict): verdict is DealingVerdict {
  return verdict.kind === "good" || verdict.complaint.kind !== "constant";
}

function isAway(error: unknown): boolean {
  return error instanceof NodeError && error.code === "vault-away";
}

/** Resolves at the next connection, or when the signal is aborted. */
function woken(ups: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const wake = (): void => {
      ups.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    ups.add(wake);
    signal.addEventListener("abort", wake);
  });
}
