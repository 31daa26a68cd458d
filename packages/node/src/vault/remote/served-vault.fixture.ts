import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { KeySlot } from "@tributary/protocol/ports/key-vault";
import type { MemberRecord } from "@tributary/protocol/ports/member-host";
import pino from "pino";
import type { Signed, Statement } from "../../consensus/statement.ts";
import { generateTransportKey, type TransportIdentity, transportIdentity } from "../../mesh/transport-identity.ts";
import { FileVault } from "../file-vault.ts";
import type { SeatKeys, SeatRequest } from "../member-vault.ts";
import { FileSlotJournal } from "../slot-journal.ts";
import { RemoteVault } from "./remote-vault.ts";
import { VaultServer } from "./vault-server.ts";

const password = new TextEncoder().encode("password of a test");
const logger = pino({ level: process.env["TEST_LOG"] ?? "silent" });
const failed = (error: Error): never => {
  throw error;
};

export const slot: KeySlot = { group: `0x${"07".repeat(32)}`, era: 1, epoch: 2 };
export const at = (height: number): KeySlot & { height: number } => ({ ...slot, height });
export const word = (byte: number): HexHash => toHex(new Uint8Array(32).fill(byte));
export const final = (height: number, byte: number): Statement => ({
  kind: "final",
  slot: at(height),
  epoch: slot.epoch,
  hash: word(byte),
});

/** A vault with the share of seat 0, served on loopback, and nodes that ask it. */
export class ServedVault {
  readonly folder: string;
  readonly identity: TransportIdentity = transportIdentity(generateTransportKey());
  clients: readonly HexHash[] = [this.identity.keyHash];
  keys: FileVault;
  shareKey: Uint8Array = new Uint8Array(0);
  server: VaultServer | undefined;
  readonly #remotes: RemoteVault[] = [];
  readonly #journals: FileSlotJournal[] = [];
  #port = 0;

  private constructor(folder: string, keys: FileVault) {
    this.folder = folder;
    this.keys = keys;
  }

  static async create(): Promise<ServedVault> {
    const folder = mkdtempSync(join(tmpdir(), "served-vault-"));
    const keys = await FileVault.create(join(folder, "keystore.json"), password);
    const served = new ServedVault(folder, keys);
    const { key } = await keys.encryptionKey(slot, 0);
    const dealing = await keys.deal(slot, 0, [key]);
    const { shareKeys } = await keys.acceptShare(slot, 0, [key], [{ dealer: 0, dealing }]);
    served.shareKey = shareKeys[0] ?? served.shareKey;
    await served.start();
    return served;
  }

  get record(): string {
    return join(this.folder, "record");
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    this.server = await VaultServer.start({
      vault: this.keys,
      record: this.record,
      host: "127.0.0.1",
      port: this.#port,
      clients: async () => this.clients,
      logger,
      failed,
    });
    this.#port = this.server.port;
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    this.server = undefined;
  }

  async connect(identity: TransportIdentity = this.identity): Promise<RemoteVault> {
    const address = { host: "127.0.0.1", port: this.#port, keyHash: this.keys.identity.keyHash };
    const options = { identity, address, logger };
    const keys = await RemoteVault.ask(options, new AbortController().signal);
    if (keys === undefined) throw new Error("not connected");
    const remote = new RemoteVault(options, keys);
    this.#remotes.push(remote);
    return remote;
  }

  /** The node's own record, by name. */
  journal(name: string): FileSlotJournal {
    const journal = FileSlotJournal.open(diskFolder(join(this.folder, name)), failed);
    this.#journals.push(journal);
    return journal;
  }

  /** Seat 0 of a committee of four. */
  request(journal: FileSlotJournal): SeatRequest {
    const members = [0, 1, 2, 3].map((seat) => ({ seat }) as MemberRecord);
    const spec = { ...slot, seat: 0, members, shareKeys: [toHex(this.shareKey)] };
    return { spec, journal, served: 0, guard: (callback) => callback, logger };
  }

  async close(): Promise<void> {
    for (const remote of this.#remotes) remote.close();
    await this.stop();
    for (const journal of this.#journals) await journal.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function sign(keys: SeatKeys, statement: Statement): Promise<Signed> {
  return new Promise((resolve) => keys.signer.sign(statement, resolve));
}
