import type { Checkpoint, Height, HexHash } from "@tributary/protocol/consensus/types";
import { containerCheckpoint } from "@tributary/protocol/container/checkpoint";
import { CONTAINER_VERSION, containerHash } from "@tributary/protocol/container/codec";
import {
  bodyRoot,
  type ContainerBody,
  decodeContainerBody,
  encodeContainerBody,
  segmentsRoot,
} from "@tributary/protocol/container/container-body";
import type { ContainerHeader, OrderedTransaction } from "@tributary/protocol/container/header";
import { rankSeats } from "@tributary/protocol/container/rank";
import { containerTime } from "@tributary/protocol/container/time";
import { beaconOf, type ContainerMessage, decode, encode } from "@tributary/protocol/wire/index";
import type { Bodies } from "./bodies.ts";
import type { Border } from "./border.ts";
import type { HaltReason } from "./driver-event.ts";
import type { Certified, Finality } from "./finality.ts";
import type { MemberContext } from "./member-context.ts";
import type { CertifiedOrder } from "./orders.ts";
import type { ExecutionResult, OrderedContainer } from "./ports.ts";
import type { Turn } from "./turn.ts";

/** Executed containers that may wait for their F in memory. */
const MAX_LAYERS = 8;
/** Milliseconds after which a missing body is no longer awaited alone: whoever made the height final has dropped it. */
const STARVED_MS = 600;

/** A container from another member or from the store, every hash and certificate of it verified. */
export type FetchedContainer = {
  readonly message: ContainerMessage;
  readonly bytes: Uint8Array;
  readonly hash: HexHash;
  readonly body: ContainerBody;
};

/** Executed and not committed. */
type Layer = {
  readonly header: ContainerHeader;
  readonly hash: HexHash;
  readonly body: ContainerBody;
  /** As it came, with F. */
  readonly fetched: FetchedContainer | undefined;
  readonly stored: boolean;
};

export type Committed = {
  readonly height: Height;
  readonly header: ContainerHeader;
  readonly hash: HexHash;
  readonly transactions: readonly OrderedTransaction[];
  readonly fetched: boolean;
};

/** Executes ordered containers one after the other, and commits them as their F arrives. consensus.md 7, 8. */
export class Execution {
  readonly #context: MemberContext;
  readonly #turn: Turn;
  readonly #bodies: Bodies;
  readonly #finality: Finality;
  readonly #border: Border;
  readonly #committedOne: (committed: Committed) => void;
  readonly #over: (first: Height, epoch: number) => void;
  readonly #orders = new Map<Height, CertifiedOrder>();
  readonly #fetched = new Map<Height, FetchedContainer>();
  readonly #layers = new Map<Height, Layer>();
  /** What the log says about own executions before the restart. */
  readonly #logged = new Map<Height, HexHash>();
  #tip: { readonly header: ContainerHeader; readonly hash: HexHash };
  #committed = 0;
  #started = false;
  #executing = false;
  #committing = false;
  #halted: HaltReason | undefined;
  #hungrySince: number | undefined;

  constructor(
    context: MemberContext,
    turn: Turn,
    bodies: Bodies,
    finality: Finality,
    border: Border,
    handlers: { committed(committed: Committed): void; over(first: Height, epoch: number): void },
  ) {
    this.#context = context;
    this.#turn = turn;
    this.#bodies = bodies;
    this.#finality = finality;
    this.#border = border;
    this.#committedOne = (committed) => handlers.committed(committed);
    this.#over = (first, epoch) => handlers.over(first, epoch);
    const { genesis } = context.config;
    this.#tip = { header: genesis, hash: containerHash(genesis) };
  }

  /** Highest height whose container is final and in the store. */
  get committed(): Height {
    return this.#committed;
  }

  /** Highest height executed here. */
  get tip(): Height {
    return this.#tip.header.height;
  }

  /** Milliseconds since the newest container here was made; 0 where there is none. */
  get age(): number {
    const { height, time } = this.#tip.header;
    return height === 0 ? 0 : this.#context.ports.clock.time() - time;
  }

  get halted(): HaltReason | undefined {
    return this.#halted;
  }

  /** Reads where the store and the executor stand. Before the log is replayed. */
  load(): void {
    const { executor } = this.#context.ports;
    this.#committed = executor.committed;
    if (this.#committed === 0) return;
    const container = this.#stored(this.#committed);
    if (container === undefined) throw new StoreDamaged(this.#committed);
    this.#tip = { header: container.message.header, hash: container.hash };
  }

  /** The newest container in the store, with its F. */
  newestStored(): FetchedContainer | undefined {
    const height = this.#context.ports.store.highestContainer;
    return height === 0 ? undefined : this.#stored(height);
  }

  replayExecuted(header: ContainerHeader): HexHash {
    const hash = containerHash(header);
    this.#logged.set(header.height, hash);
    return hash;
  }

  /** The log was read to its end. */
  start(): void {
    this.#started = true;
    this.advance();
  }

  /** ORDER of the height is not here, and nothing else to execute it from. */
  lacks(height: Height): boolean {
    return !this.#orders.has(height) && this.bare(height);
  }

  /** No container of the height is here, though its ORDER may be. */
  bare(height: Height): boolean {
    return height > this.tip && !this.#fetched.has(height) && !this.#inStore(height);
  }

  /** ORDER of the next height is here, and an accepted body has been missing for a while. */
  starves(height: Height): boolean {
    if (height !== this.tip + 1 || this.#hungrySince === undefined || this.#executing) return false;
    if (this.#fetched.has(height)) return false;
    return this.#context.ports.clock.now() - this.#hungrySince >= STARVED_MS;
  }

  /** Executed, but without F. */
  uncertified(height: Height): boolean {
    return this.#layers.has(height) && this.#finality.certified(height) === undefined;
  }

  addOrder(order: CertifiedOrder): void {
    if (order.order.height <= this.tip) return;
    this.#orders.set(order.order.height, order);
    this.advance();
  }

  addContainer(container: FetchedContainer): void {
    const { height } = container.message.header;
    if (height <= this.tip) return;
    this.#fetched.set(height, container);
    this.advance();
  }

  /** Does what is possible now: executes the next container, commits the lowest certified one. */
  advance(): void {
    this.#commit();
    if (this.#started && this.#ended()) return;
    if (!this.#started || this.#executing || this.#halted !== undefined || this.#context.stopped) return;
    if (this.#layers.size >= MAX_LAYERS || this.#context.joining) return;
    const height = this.tip + 1;
    const fetched = this.#inStore(height) ? this.#stored(height) : this.#fetched.get(height);
    if (fetched !== undefined) {
      const { epoch, parent } = fetched.message.header;
      // Of the next epoch: what is below it has to be committed first.
      const waits = epoch !== this.#context.config.epoch && (parent === this.#tip.hash || this.#layers.size > 0);
      if (!waits) this.#executeFetched(fetched);
    } else {
      const order = this.#orders.get(height);
      if (order === undefined) return;
      if (this.#bodies.complete(order.order)) this.#executeOrdered(order);
      else this.#hungrySince ??= this.#context.ports.clock.now();
    }
  }

  /** The newest container may show that the next epoch is ready, though nobody knew that when it was executed. */
  lookForBorder(): void {
    this.#lookForBorder(this.#tip.header);
  }

  #lookForBorder(newest: ContainerHeader): void {
    const layers = [...this.#layers.values()].map(({ header }) => header);
    this.#border.look(newest, layers);
  }

  /**
   * Everything below S is committed. Who cannot compute S, because its store begins too late, learns it from the first
   * certified container of the next epoch that follows its own newest one.
   */
  #ended(): boolean {
    if (this.#context.stopped || this.#halted !== undefined) return true;
    const next = this.#committed + 1;
    const following = this.#fetched.get(next)?.message.header;
    const shown = following?.parent === this.#tip.hash && this.#border.isLater(following.epoch);
    if (!shown && (this.#border.first === undefined || next < this.#border.first)) return false;
    const epoch = shown ? following.epoch : this.#border.next;
    if (epoch !== undefined) this.#over(next, epoch);
    return true;
  }

  /** F of a height says another hash than the own execution, or the mainchain contradicts the agreed checkpoint. */
  halt(reason: HaltReason, height: Height, own: string, other: string): void {
    if (this.#halted !== undefined) return;
    this.#halted = reason;
    this.#context.report({ kind: "halted", reason, height, own, other });
    this.#layers.clear();
    this.#context.ports.executor.rollback();
  }

  #inStore(height: Height): boolean {
    return height <= this.#context.ports.store.highestContainer;
  }

  #stored(height: Height): FetchedContainer | undefined {
    const bytes = this.#context.ports.store.container(height);
    const message = bytes === undefined ? undefined : decode(bytes, this.#context.limits);
    if (bytes === undefined || message?.kind !== "container") return undefined;
    const body = decodeContainerBody(message.body);
    return body === undefined ? undefined : { message, bytes, hash: containerHash(message.header), body };
  }

  #executeOrdered({ order, certificate }: CertifiedOrder): void {
    const { config } = this.#context;
    const { height, accepted, digest } = order;
    const { header: parent, hash: parentHash } = this.#tip;
    const headers = accepted.map(({ proposal }) => proposal.header);
    const mainchain = containerCheckpoint(
      { number: parent.mainchainNumber, hash: parent.mainchainHash },
      headers.map(({ checkpoints }) => checkpoints),
      config.members,
    );
    if (!this.#mainchainAllows(height, mainchain)) return;
    const beacon = beaconOf(certificate);
    const time = containerTime(
      parent.time,
      headers.map((header) => header.time),
    );
    const bySeat = new Map(accepted.map(({ seat, proposal }) => [seat, proposal]));
    const ranked: ContainerBody["accepted"][number][] = [];
    const bodies: { body: Uint8Array }[] = [];
    for (const seat of rankSeats(beacon, [...bySeat.keys()])) {
      const proposal = bySeat.get(seat);
      const body = proposal === undefined ? undefined : this.#bodies.get(proposal);
      if (proposal === undefined || body === undefined) return;
      ranked.push({ seat, digest: proposal.digest });
      bodies.push({ body });
    }
    this.#execute({ height, beacon, time, parent: parentHash, mainchain, bodies }, (result) => {
      const body: ContainerBody = { accepted: ranked, transactions: result.transactions };
      const { group, era, epoch, committee, rules } = config;
      const header: ContainerHeader = {
        version: CONTAINER_VERSION,
        rules,
        group,
        era,
        epoch,
        height,
        committee,
        parent: parentHash,
        order: digest,
        beacon,
        time,
        mainchainNumber: mainchain.number,
        mainchainHash: mainchain.hash,
        bodyRoot: bodyRoot(body),
        segmentsRoot: segmentsRoot(result.segments),
      };
      this.#executed({ header, hash: containerHash(header), body, fetched: undefined, stored: false });
    });
  }

  #executeFetched(fetched: FetchedContainer): void {
    const { header } = fetched.message;
    const { height, beacon, time } = header;
    const { hash: parent } = this.#tip;
    if (header.parent !== parent) {
      this.halt("diverged", height, parent, header.parent);
      return;
    }
    const mainchain = { number: header.mainchainNumber, hash: header.mainchainHash };
    if (!this.#mainchainAllows(height, mainchain)) return;
    const transactions = fetched.body.transactions.map(({ raw }) => raw);
    const bodies = [{ body: this.#context.ports.bodies.encode(transactions) }];
    const stored = this.#inStore(height);
    this.#execute({ height, beacon, time, parent, mainchain, bodies }, (result) => {
      const body: ContainerBody = { accepted: fetched.body.accepted, transactions: result.transactions };
      const own = { ...header, bodyRoot: bodyRoot(body), segmentsRoot: segmentsRoot(result.segments) };
      this.#executed({ header: own, hash: containerHash(own), body, fetched, stored });
    });
  }

  #execute(container: OrderedContainer, done: (result: ExecutionResult) => void): void {
    this.#executing = true;
    this.#context.ports.executor.execute(container, (result) => {
      this.#executing = false;
      if (this.#context.stopped || this.#halted !== undefined) return;
      done(result);
      this.advance();
    });
  }

  #executed(layer: Layer): void {
    const { header, hash } = layer;
    const { height } = header;
    // Before the FINAL for it: see there.
    this.#lookForBorder(header);
    const logged = this.#logged.get(height);
    this.#logged.delete(height);
    if (logged !== undefined && logged !== hash) {
      this.halt("irreproducible", height, hash, logged);
      return;
    }
    this.#tip = { header, hash };
    this.#hungrySince = undefined;
    this.#layers.set(height, layer);
    this.#orders.delete(height);
    this.#fetched.delete(height);
    this.#context.report({ kind: "executed", height, hash, transactions: layer.body.transactions.length });
    if (layer.fetched === undefined && logged === undefined) {
      this.#turn.input({ kind: "executed", height, hash }, { kind: "executed", header });
    }
  }

  /** unknown: this node has not finalised the block yet and asks again at the next tick. */
  #mainchainAllows(height: Height, checkpoint: Checkpoint): boolean {
    const { header } = this.#tip;
    if (checkpoint.number === header.mainchainNumber && checkpoint.hash === header.mainchainHash) return true;
    const known = this.#context.ports.mainchain.check(checkpoint);
    if (known === "conflict") this.halt("mainchain-conflict", height, "", `${checkpoint.number} ${checkpoint.hash}`);
    return known === "known";
  }

  #commit(): void {
    if (this.#committing || this.#halted !== undefined || this.#context.stopped) return;
    const height = this.#committed + 1;
    const layer = this.#layers.get(height);
    if (layer === undefined) return;
    const certified = this.#certificateOf(layer);
    if (certified === undefined) return;
    if (certified.hash !== layer.hash) {
      this.halt("diverged", height, layer.hash, certified.hash);
      return;
    }
    this.#committing = true;
    this.#store(layer, certified, () => {
      if (this.#context.stopped || this.#halted !== undefined) return;
      const { header, hash } = layer;
      this.#context.ports.executor.commit({ header, hash, certificate: certified.certificate }, () => {
        this.#committing = false;
        if (this.#context.stopped) return;
        this.#committed = height;
        this.#layers.delete(height);
        const { transactions } = layer.body;
        this.#committedOne({ height, header, hash, transactions, fetched: layer.fetched !== undefined });
        this.advance();
      });
    });
  }

  #certificateOf({ header, fetched }: Layer): Certified | undefined {
    if (fetched === undefined) return this.#finality.certified(header.height);
    return { hash: fetched.hash, era: fetched.message.certificateEra, certificate: fetched.message.certificate };
  }

  /** The container with its F is durable before the state after it is shown. */
  #store({ header, body, fetched, stored }: Layer, certified: Certified, done: () => void): void {
    const { store } = this.#context.ports;
    if (stored) {
      done();
      return;
    }
    const bytes =
      fetched?.bytes ??
      encode({
        kind: "container",
        header,
        certificateEra: certified.era,
        certificate: certified.certificate,
        body: encodeContainerBody(body),
      });
    store.putContainer(header.height, bytes);
    store.flush(done);
  }
}

/** The executor holds a height whose container is not in the store. */
export class StoreDamaged extends Error {
  readonly code = "store-damaged";
  readonly height: Height;

  constructor(height: Height) {
    super(`the state stands at height ${height}, whose container is missing`);
    this.height = height;
  }
}
