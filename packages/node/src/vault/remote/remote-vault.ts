import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
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
import type { MemberVault, SeatKeys, SeatRequest } from "../member-vault.ts";
import { RemoteSeat, type SeatState } from "./remote-seat.ts";
import { type VaultAddress, VaultLink } from "./vault-link.ts";

export type RemoteVaultOptions = {
  /** The node's own: its links' and, at the vault, its client's. */
  readonly identity: TransportIdentity;
  readonly address: VaultAddress;
  readonly logger: Logger;
};

type Hello = { readonly nodeAddress: Uint8Array; readonly blsKey: Uint8Array; readonly blsProof: Uint8Array };

/** A node's keys in another process. Its methods fail with `vault-away` while there is no connection; seats wait. */
export class RemoteVault implements KeyVault, ResharingVault, MemberVault {
  readonly nodeAddress: `0x${string}`;
  readonly blsKey: Uint8Array;
  readonly blsProof: Uint8Array;
  readonly transportKey: Uint8Array;
  readonly identity: TransportIdentity;
  readonly #link: VaultLink;
  readonly #seats: Set<RemoteSeat>;
  readonly #ups: Set<() => void>;
  readonly #closing: AbortController = new AbortController();

  /** Waits for the vault, however long that takes; undefined when the signal is aborted before. */
  static async connect(options: RemoteVaultOptions, signal: AbortSignal): Promise<RemoteVault | undefined> {
    const { identity, address, logger } = options;
    const seats = new Set<RemoteSeat>();
    const ups = new Set<() => void>();
    const link = new VaultLink(identity, address, {
      down(reason) {
        logger.warn({ reason }, "the vault is away: members sign nothing until it is back");
        for (const seat of seats) seat.down();
      },
      up() {
        logger.info("the vault is connected");
        for (const seat of seats) seat.up();
        for (const wake of [...ups]) wake();
      },
    });
    link.start();
    while (!signal.aborted) {
      try {
        return new RemoteVault(options, await link.call("hello", {}), link, seats, ups);
      } catch (error) {
        if (!isAway(error)) {
          link.close();
          throw error;
        }
        await woken(ups, signal);
      }
    }
    link.close();
    return undefined;
  }

  private constructor(
    { identity }: RemoteVaultOptions,
    hello: Hello,
    link: VaultLink,
    seats: Set<RemoteSeat>,
    ups: Set<() => void>,
  ) {
    this.identity = identity;
    this.transportKey = fromHex(identity.keyHash) ?? new Uint8Array(32);
    this.nodeAddress = toHex(hello.nodeAddress);
    this.blsKey = hello.blsKey;
    this.blsProof = hello.blsProof;
    this.#link = link;
    this.#seats = seats;
    this.#ups = ups;
  }

  get connected(): boolean {
    return this.#link.up;
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
    const close = (): void => {
      seat.close();
      this.#seats.delete(seat);
    };
    return { signer: seat.signer, journal: seat.journal, close };
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
    const verdicts = await this.#link.call("judge", { ...named(slot, seat), encryptionKeys, dealings });
    return verdicts.filter(isOfFreshKey);
  }

  acceptShare(
    slot: KeySlot,
    seat: number,
    encryptionKeys: readonly Uint8Array[],
    qualified: readonly PostedDealing[],
  ): Promise<PreviousKeys> {
    return this.#link.call("acceptShare", { ...named(slot, seat), encryptionKeys, dealings: qualified });
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
    const takes = { ...named(slot, seat), previous: keysOf(previous), encryptionKeys, dealings };
    return this.#link.call("judgeShares", takes);
  }

  acceptReshared(
    slot: KeySlot,
    seat: number,
    previous: PreviousKeys,
    encryptionKeys: readonly Uint8Array[],
    qualified: readonly PostedDealing[],
  ): Promise<PreviousKeys> {
    const takes = { ...named(slot, seat), previous: keysOf(previous), encryptionKeys, dealings: qualified };
    return this.#link.call("acceptReshared", takes);
  }

  async eraseEncryption(slot: KeySlot, seat: number): Promise<void> {
    await this.#link.call("eraseEncryption", named(slot, seat));
  }

  encryptionErased(slot: KeySlot, seat: number): Promise<boolean> {
    return this.#link.call("encryptionErased", named(slot, seat));
  }

  /** Waits while the vault is away. After `close` it is left to the node's next start. */
  async eraseShares(slot: KeySlot, seat: number): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#link.call("eraseShares", named(slot, seat));
        return;
      } catch (error) {
        if (!isAway(error)) throw error;
        await woken(this.#ups, signal);
      }
    }
  }

  signReady(slot: KeySlot, seat: number, nodeIds: readonly number[], qualified: bigint): Promise<ReadySignatures> {
    return this.#link.call("signReady", { ...named(slot, seat), nodeIds, qualified });
  }

  signTransaction(unsigned: Uint8Array): Promise<Uint8Array> {
    return this.#link.call("signTransaction", { unsigned });
  }

  /** Idempotent. Before the node stops: nothing waits for the vault any more. */
  close(): void {
    this.#closing.abort();
    this.#link.close();
  }
}

/** Only what belongs there: callers pass larger records, and the vault takes no unknown field. */
function named(slot: KeySlot, seat: number): { slot: KeySlot; seat: number } {
  const { group, era, epoch } = slot;
  return { slot: { group, era, epoch }, seat };
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
