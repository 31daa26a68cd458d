import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Chain } from "@tributary/chain/chain/chain";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import type { Limits } from "@tributary/protocol/wire/index";
import type { Logger } from "pino";
import { MemberDriver } from "../consensus/driver.ts";
import { memberConfig } from "../consensus/genesis-container.ts";
import type { MainchainView, Signer } from "../consensus/ports.ts";
import { SegmentLog } from "../log/segment-log.ts";
import type { GroupMesh, MeshEndpoint } from "../mesh/mesh-endpoint.ts";
import { MemberObserver } from "../observe/member-observer.ts";
import type { MemberReading, NodeMetrics } from "../observe/node-metrics.ts";
import type { ChainBackend, FinalityProof, StatusReport } from "../rpc/backend.ts";
import type { Liar } from "../snapshot/snapshot-download.ts";
import { adoptProof } from "../snapshot/snapshot-proof.ts";
import { LevelContainerStore } from "../store/level-container-store.ts";
import type { FileVault } from "../vault/file-vault.ts";
import { beginSession } from "../vault/session.ts";
import { FileSlotJournal } from "../vault/slot-journal.ts";
import { BatchVerifier, verifierKeys } from "../verifier/batch-verifier.ts";
import { channelCapacity, channelLimits } from "./channel-bytes.ts";
import { evidenceOf } from "./evidence-source.ts";
import type { FairTurns, Turns } from "./fair-turns.ts";
import { finalityOf } from "./finality-source.ts";
import { folderBytes } from "./folder-bytes.ts";
import {
  countedSigner,
  type Guard,
  guardedBodies,
  guardedPool,
  guardedVerifier,
  LateMesh,
  memberGuard,
  sharedExecutor,
  systemClock,
} from "./guarded-ports.ts";
import { MemberSnapshots } from "./member-snapshots.ts";
import { quotaChain } from "./quota-chain.ts";
import { diskQuota, poolLimits, proposalSpacing } from "./slot-share.ts";

/** Execution rules that this version knows: Prague, as every chain has them from its genesis. */
const RULES = 1;
const DISK_LOOK_MS = 30_000;

/** What the node gives to each of its members. */
export type MemberParts = {
  readonly dataDir: string;
  readonly vault: Pick<FileVault, "signer" | "sessions" | "keepSessions">;
  readonly mesh: MeshEndpoint;
  readonly mainchain: MainchainView;
  readonly turns: FairTurns;
  readonly metrics: NodeMetrics;
  readonly logger: Logger;
  /** Bytes that the operator gives to all chains together. */
  readonly diskBytes: number;
  /** Heights behind from which on a snapshot is fetched. */
  readonly joinLag: number;
  /** The member begins with a snapshot that it fetched just now. */
  readonly joined: boolean;
  /** A member of the chain served a false snapshot. */
  readonly lied: (liar: Liar) => void;
  /** The member must be closed and opened again. */
  readonly again: () => void;
  /** The member cannot go on. Called once. */
  readonly failed: (error: unknown) => void;
};

function limitsOf(spec: MemberSpec): Limits {
  return { members: spec.members.length, containerBytes: spec.genesis.byteLimit };
}

/** Everything of one chain at this node: folders, keys, driver, chain, and its place in the mesh. */
export class Member {
  readonly spec: MemberSpec;
  readonly backend: ChainBackend;
  readonly #label: string;
  readonly #limits: Limits;
  readonly #chain: Chain;
  readonly #store: LevelContainerStore;
  readonly #journal: FileSlotJournal;
  readonly #log: SegmentLog;
  readonly #verifier: BatchVerifier;
  readonly #driver: MemberDriver;
  readonly #turns: Turns;
  readonly #folder: string;
  readonly #snapshots: MemberSnapshots;
  readonly #mesh = new LateMesh();
  #diskTimer: NodeJS.Timeout | undefined;
  #link: GroupMesh | undefined;
  #diskBytes = 0;
  #expiredSince: number | undefined;
  #stopping: Promise<void> | undefined;

  /** Opens the member's folders and takes part. Coded errors where a file is damaged or the share is missing. */
  static async open(spec: MemberSpec, parts: MemberParts): Promise<Member> {
    const folder = join(parts.dataDir, "chains", spec.chainId.toString());
    const guard = memberGuard(parts.failed);
    // A flush on a disk that failed never calls back.
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => undefined);
    const failed = guard((error: unknown) => {
      broken.reject(error);
      throw error;
    });
    const keys = verifierKeys(spec);
    const shareKey = fromHex(spec.shareKeys[spec.seat] ?? "") ?? new Uint8Array(0);
    const signer = parts.vault.signer(spec, spec.seat, shareKey);
    const opened: { close(): Promise<void> }[] = [];
    try {
      const store = await LevelContainerStore.open(join(folder, "containers"), failed);
      opened.push(store);
      const journal = FileSlotJournal.open(diskFolder(join(folder, "journal")), failed);
      opened.push(journal);
      const log = SegmentLog.open(diskFolder(join(folder, `log-${spec.era}-${spec.epoch}`)), failed);
      opened.push(log);
      const { highestOrder, highestContainer } = store;
      const served = Math.max(highestOrder, highestContainer);
      await Promise.race([beginSession(spec, parts.vault, journal, served, parts.logger), broken.promise]);
      const chain = await Chain.open({
        genesis: spec.genesis,
        storage: { directory: join(folder, "chain") },
        pool: poolLimits(spec.slots),
        onFailure: failed,
      });
      opened.push(chain);
      await rm(join(folder, "snapshots"), { recursive: true, force: true });
      const limits = limitsOf(spec);
      const { origin } = chain;
      if (origin !== undefined) {
        const adopted = new Promise<void>((done) => adoptProof(origin, limits, store, done));
        await Promise.race([adopted, broken.promise]);
      }
      const files = { folder, store, journal, log, chain, signer };
      const member = new Member(spec, parts, guard, files, new BatchVerifier(keys));
      opened.push({
        close: async () => {
          member.#silence();
          await member.#snapshots.stop();
        },
      });
      member.#start(parts.mesh, guard);
      return member;
    } catch (error) {
      for (const file of opened.reverse()) await file.close();
      throw error;
    }
  }

  private constructor(
    spec: MemberSpec,
    parts: MemberParts,
    guard: Guard,
    files: {
      folder: string;
      store: LevelContainerStore;
      journal: FileSlotJournal;
      log: SegmentLog;
      chain: Chain;
      signer: Signer;
    },
    verifier: BatchVerifier,
  ) {
    const { metrics } = parts;
    this.spec = spec;
    this.#label = spec.chainId.toString();
    this.#limits = limitsOf(spec);
    this.#chain = files.chain;
    this.#store = files.store;
    this.#journal = files.journal;
    this.#log = files.log;
    this.#folder = files.folder;
    this.#verifier = verifier;
    this.#turns = parts.turns.open(spec.slots);
    const { chain } = files;
    const genesis = chain.block(0);
    if (genesis === undefined) throw new Error("a chain has a genesis block");
    const config = memberConfig(spec, toHex(genesis.hash), {
      rules: RULES,
      transactionGas: spec.genesis.gasLimit,
      proposalSpacing: proposalSpacing(spec.slots),
    });
    this.#driver = new MemberDriver(config, {
      mesh: this.#mesh,
      clock: systemClock(guard),
      log: files.log,
      journal: files.journal,
      signer: countedSigner(files.signer, (by) => metrics.signed(this.#label, by)),
      verifier: guardedVerifier(verifier, guard),
      executor: sharedExecutor(chain.executor, this.#turns, guard, (ms) => metrics.executed(this.#label, ms / 1_000)),
      bodies: guardedBodies(chain.bodies, guard),
      pool: guardedPool(chain.pool, guard),
      mainchain: parts.mainchain,
      store: files.store,
      observer: new MemberObserver(this.#label, metrics, parts.logger),
    });
    const quota = diskQuota(spec.slots, parts.diskBytes);
    this.#snapshots = new MemberSnapshots({
      spec,
      folder: files.folder,
      chain,
      store: files.store,
      verifier: guardedVerifier(verifier, guard),
      limits: this.#limits,
      send: (to, message) => this.#mesh.send(to, "snapshots", message),
      final: () => this.#driver.status().final,
      joining: (joining) => this.#driver.setJoining(joining),
      joinLag: parts.joinLag,
      joined: parts.joined,
      maxBytes: quota,
      logger: parts.logger,
      lied: parts.lied,
      ready: parts.again,
    });
    this.backend = {
      chain: quotaChain(chain, () => this.#diskBytes > quota),
      member: {
        status: () => this.status(),
        finality: async (block) => this.#finality(block),
        evidence: (from) => evidenceOf(files.store, spec, from),
      },
      slots: spec.slots,
    };
  }

  #start(mesh: MeshEndpoint, guard: Guard): void {
    this.#driver.start();
    this.#link = mesh.join({
      group: this.spec.group,
      members: this.spec.members,
      limits: channelLimits(this.#limits),
      capacity: channelCapacity(this.#limits),
      receive: guard((from, channel, message) => {
        if (channel === "snapshots") this.#snapshots.receive(from, message);
        else this.#driver.receive(from, channel, message);
      }),
      peerUp: guard((seat) => {
        this.#snapshots.peerUp(seat);
        this.#driver.peerUp(seat);
      }),
      peerDown: guard((seat) => {
        this.#snapshots.peerDown(seat);
        this.#driver.peerDown(seat);
      }),
    });
    this.#mesh.attach(this.#link);
    this.#diskTimer = setInterval(() => this.#measureDisk(), DISK_LOOK_MS);
    this.#measureDisk();
  }

  status(): StatusReport {
    const { status, height, final, membersUp, quorum, since } = this.#driver.status();
    const highestHeight = Math.max(height, final);
    if (this.#expiredSince === undefined) return { status, height, highestHeight, membersUp, quorum, since };
    return { status: "expired", height, highestHeight: height, membersUp: 0, quorum, since: this.#expiredSince };
  }

  reading(): MemberReading {
    const { status, height, membersUp, quorum } = this.status();
    const { pending, queued, bytes } = this.#chain.poolStatus();
    return {
      chain: this.#label,
      slots: this.spec.slots,
      status,
      height,
      ordered: this.#driver.status().ordered,
      membersUp,
      quorum,
      mempool: { transactions: pending + queued, bytes },
      evidence: this.#store.evidenceCount,
      diskBytes: this.#diskBytes,
      flushes: { input: this.#log.flushes, journal: this.#journal.flushes, store: this.#store.batches },
      verified: this.#verifier.stats,
    };
  }

  /** Takes part no longer; what is there can still be read until `stop`. */
  expire(): void {
    this.#expiredSince ??= Date.now();
    this.#silence();
  }

  /** Idempotent. Takes part no longer, then closes its files, the stores last. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }

  #silence(): void {
    this.#driver.stop();
    this.#link?.leave();
    this.#verifier.stop();
    this.#turns.close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#diskTimer);
    this.#silence();
    await this.#snapshots.stop();
    await this.#log.close();
    await this.#journal.close();
    await this.#chain.close();
    await this.#store.close();
  }

  async #finality(block: number): Promise<FinalityProof | undefined> {
    const hashOf = (number: number): `0x${string}` | undefined => {
      const found = this.#chain.block(number);
      return found === undefined ? undefined : toHex(found.hash);
    };
    return finalityOf(this.#store, this.#limits, this.spec.chainId, hashOf, block);
  }

  #measureDisk(): void {
    folderBytes(this.#folder).then(
      (bytes) => {
        this.#diskBytes = bytes;
      },
      () => undefined,
    );
  }
}
