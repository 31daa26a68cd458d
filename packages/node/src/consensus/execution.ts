import type { Checkpoint, Height, HexHash } from "@tributary/protocol/consensus/types";
import { containerCheckpoint } from "@tributary/protocol/container/checkpoint";
import { CONTAINER_VERSION, containerHash } from "@tributary/protocol/container/codec";
import { bodyRoot, type ContainerBody, segmentsRoot } from "@tributary/protocol/container/container-body";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import { rankSeats } from "@tributary/protocol/container/rank";
import { containerTime } from "@tributary/protocol/container/time";
import { beaconOf } from "@tributary/protocol/wire/index";
import type { Bodies } from "./bodies.ts";
import type { Border } from "./border.ts";
import type { Halt, HaltReason } from "./driver-event.ts";
import type { Certified, Finality } from "./finality.ts";
import { ForkRules } from "./fork-rules.ts";
import type { Inheritance } from "./inheritance.ts";
import type { Committed, FetchedContainer, Layer } from "./layer.ts";
import type { MemberContext } from "./member-context.ts";
import type { CertifiedOrder } from "./orders.ts";
import type { ExecutionResult, OrderedContainer } from "./ports.ts";
import { containerBytes, EraDiverged, readContainer, requireRecord, StoreDamaged } from "./stored-state.ts";
import type { Turn } from "./turn.ts";

/** Executed containers that may wait for their F in memory. */
const MAX_LAYERS = 8;
/** Milliseconds after which a missing body is no longer awaited alone: whoever made the height final has dropped it. */
const STARVED_MS = 600;

/** Executes ordered containers one after the other, and commits them as their F arrives. consensus.md 7, 8. */
export class Execution {
  readonly #context: MemberContext;
  readonly #turn: Turn;
  readonly #bodies: Bodies;
  readonly #finality: Finality;
  readonly #border: Border;
  readonly #committedOne: (committed: Committed) => void;
  readonly #inheritance: Inheritance;
  readonly #forks: ForkRules;
  readonly #over: (first: Height, epoch: number, era: number) => void;
  readonly #orders = new Map<Height, CertifiedOrder>();
  readonly #fetched = new Map<Height, FetchedContainer>();
  readonly #layers = new Map<Height, Layer>();
  /** What the log says about own executions before the restart. */
  readonly #logged = new Map<Height, HexHash>();
  #tip: { readonly header: ContainerHeader; readonly hash: HexHash };
  /** Where the executor stands on disk is further where the era before made more final than the mainchain heard of. */
  #committed = 0;
  #started = false;
  #executing = false;
  #committing = false;
  #halt: Halt | undefined;
  #hungrySince: number | undefined;

  constructor(
    context: MemberContext,
    turn: Turn,
    bodies: Bodies,
    finality: Finality,
    border: Border,
    inheritance: Inheritance,
    handlers: { committed(committed: Committed): void; over(first: Height, epoch: number, era: number): void },
  ) {
    this.#context = context;
    this.#turn = turn;
    this.#bodies = bodies;
    this.#finality = finality;
    this.#border = border;
    this.#committedOne = (committed) => handlers.committed(committed);
    this.#inheritance = inheritance;
    this.#forks = new ForkRules(context);
    this.#over = (first, epoch, era) => handlers.over(first, epoch, era);
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
    return this.#halt?.reason ?? (this.#forks.unknown ? "unknown-fork" : undefined);
  }

  /** This member's result is not the chain's, or not its own of before a restart. */
  get divergence(): Halt | undefined {
    const reason = this.#halt?.reason;
    return reason === "diverged" || reason === "irreproducible" ? this.#halt : undefined;
  }

  /** Reads where the store and the executor stand. Before the log is replayed. */
  load(): void {
    const { executor } = this.#context.ports;
    const { committed } = executor;
    const { inherited, era } = this.#context.config;
    if (committed > 0) {
      const container = this.#stored(committed);
      if (container === undefined) throw new StoreDamaged(committed);
      this.#tip = { header: container.message.header, hash: container.hash };
      const counts = inherited === undefined || container.message.certificateEra === era;
      this.#settle(counts ? committed : Math.min(committed, inherited.finalHeight));
      if (counts) return;
    }
    if (inherited !== undefined) requireRecord(inherited, committed, (height) => this.#stored(height)?.hash);
  }

  #settle(height: Height): void {
    this.#committed = height;
    this.#context.committed = height;
  }

  /** As a stored container has it. */
  beaconOf(height: Height): HexHash | undefined {
    return this.#stored(height)?.message.header.beacon;
  }

  /** The newest container in the store, with its F. */
  newestStored(): FetchedContainer | undefined {
    const height = this.#context.ports.store.highestContainer;
    return height === 0 ? undefined : this.#stored(height);
  }

  /** undefined where what is stored has another hash: the state was replaced since, and the result went with it. */
  replayExecuted(header: ContainerHeader): HexHash | undefined {
    const hash = containerHash(header);
    if (header.height <= this.#context.ports.executor.committed && this.#stored(header.height)?.hash !== hash) {
      return undefined;
    }
    this.#logged.set(header.height, hash);
    return hash;
  }

  /** What the era before ordered and did not make final, as far as the mainchain knows: all of its orders are here. */
  inherit(orders: readonly CertifiedOrder[]): void {
    const [lowest] = orders;
    const { height = 0, previous } = lowest?.order ?? {};
    const below = height <= 1 ? this.#context.config.genesis : this.#stored(height - 1)?.message.header;
    if (below !== undefined && lowest !== undefined && below.order !== previous) throw new EraDiverged(height - 1);
    for (const order of orders) {
      const { height: at, digest } = order.order;
      if (at > this.tip) this.#orders.set(at, order);
      else if (this.#stored(at)?.message.header.order !== digest) throw new EraDiverged(at);
    }
    if (this.#started) this.#sayAgain();
    this.advance();
  }

  /** Says again of what is on disk, under this era's key, what the era before made final. After the log was read. */
  #sayAgain(): void {
    for (let height = this.#committed + 1; height <= this.#context.ports.executor.committed; height++) {
      const header = this.#stored(height)?.message.header;
      if (header === undefined || this.#logged.delete(height)) continue;
      this.#turn.input({ kind: "executed", height, hash: containerHash(header) }, { kind: "executed", header });
    }
  }

  /** The log was read to its end. */
  start(): void {
    this.#started = true;
    if (this.#inheritance.complete) this.#sayAgain();
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
    const kept = height > this.#committed && height <= this.#context.ports.executor.committed;
    return (kept || this.#layers.has(height)) && this.#finality.certified(height) === undefined;
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
    if (!this.#started || this.#executing || this.#halt !== undefined || this.#context.stopped) return;
    if (this.#layers.size >= MAX_LAYERS || this.#context.joining) return;
    const height = this.tip + 1;
    const fetched = this.#certified(height);
    if (fetched !== undefined) {
      const { era, epoch, parent } = fetched.message.header;
      const { config } = this.#context;
      // Of the next epoch: what is below it has to be committed first.
      const later = era === config.era && epoch > config.epoch;
      const waits = later && (parent === this.#tip.hash || this.#layers.size > 0);
      if (!waits) this.#executeFetched(fetched);
    } else {
      const order = this.#orders.get(height);
      if (order === undefined || this.#unstored()) return;
      if (this.#bodies.complete(order.order) || this.#inherits(height)) this.#executeOrdered(order);
      else this.#hungrySince ??= this.#context.ports.clock.now();
    }
  }

  /** A container of the height whose F counts in this era. */
  #certified(height: Height): FetchedContainer | undefined {
    const stored = this.#inStore(height) ? this.#stored(height) : undefined;
    if (stored === undefined || !this.#inheritance.covers(height)) return stored ?? this.#fetched.get(height);
    return stored.message.certificateEra === this.#context.config.era ? stored : this.#fetched.get(height);
  }

  /**
   * What came with its F must be on disk before this member says FINAL of anything above it: should it be the only one
   * left, nobody could tell what was below. consensus.md 15.
   */
  #unstored(): boolean {
    for (const { fetched } of this.#layers.values()) if (fetched !== undefined) return true;
    return false;
  }

  #inherits(height: Height): boolean {
    return this.#inheritance.covers(height) && this.#inheritance.contentOf(height) !== undefined;
  }

  /** The next height, where it was ordered in the era before and its bodies are not here. */
  get starving(): Height | undefined {
    const height = this.tip + 1;
    return this.#orders.has(height) && this.#inheritance.covers(height) && !this.#executing ? height : undefined;
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
    if (this.#context.stopped) return true;
    const next = this.#committed + 1;
    const ending = this.#context.ports.ending?.();
    if (ending !== undefined && this.#committed >= ending.finalHeight) {
      this.#over(ending.orderHeight + 1, ending.next.epoch, ending.next.era);
      return true;
    }
    if (this.#halt !== undefined) return true;
    const following = this.#fetched.get(next)?.message.header;
    const { era } = this.#context.config;
    const follows = following?.parent === this.#tip.hash && following.era === era;
    const shown = follows && this.#border.isLater(following);
    if (!shown && (this.#border.first === undefined || next < this.#border.first)) return false;
    const term = shown ? following : this.#border.next;
    if (term !== undefined) this.#over(next, term.epoch, term.era);
    return true;
  }

  /** F of a height says another hash than the own execution, or the mainchain contradicts the agreed checkpoint. */
  halt(reason: HaltReason, height: Height, own: string, other: string): void {
    if (this.#halt !== undefined) return;
    this.#halt = { reason, height, own, other };
    this.#context.report({ kind: "halted", ...this.#halt });
    this.#layers.clear();
    this.#context.ports.executor.rollback();
  }

  #inStore(height: Height): boolean {
    return height <= this.#context.ports.store.highestContainer;
  }

  #stored(height: Height): FetchedContainer | undefined {
    const bytes = this.#context.ports.store.container(height);
    return bytes === undefined ? undefined : readContainer(bytes, this.#context.limits);
  }

  #executeOrdered({ order, certificate }: CertifiedOrder): void {
    const { height, accepted, digest } = order;
    const terms = this.#termsOf(height);
    const { header: parent, hash: parentHash } = this.#tip;
    const headers = accepted.map(({ proposal }) => proposal.header);
    const mainchain = containerCheckpoint(
      { number: parent.mainchainNumber, hash: parent.mainchainHash },
      headers.map(({ checkpoints }) => checkpoints),
      terms.members,
    );
    if (!this.#mainchainAllows(height, mainchain)) return;
    const beacon = beaconOf(certificate);
    const time = containerTime(
      parent.time,
      headers.map((header) => header.time),
    );
    const rules = this.#forks.scheduled(parent, mainchain.number, time);
    if (rules === undefined || !this.#forks.knows(parent, rules)) return;
    const bySeat = new Map(accepted.map(({ seat, proposal }) => [seat, proposal]));
    const ranked: ContainerBody["accepted"][number][] = [];
    const content = this.#bodies.complete(order) ? undefined : this.#inheritance.contentOf(height);
    let bodies: { body: Uint8Array }[] = [];
    for (const seat of rankSeats(beacon, [...bySeat.keys()])) {
      const proposal = bySeat.get(seat);
      const body = proposal === undefined ? undefined : this.#bodies.get(proposal);
      if (proposal === undefined || (body === undefined && content === undefined)) return;
      ranked.push({ seat, digest: proposal.digest });
      if (body !== undefined) bodies.push({ body });
    }
    if (content !== undefined) {
      bodies = [{ body: this.#context.ports.bodies.encode(content.transactions.map(({ raw }) => raw)) }];
    }
    const { era, epoch, committee } = terms;
    const term = { era, epoch, committee };
    this.#execute({ height, rules, beacon, time, parent: parentHash, mainchain, term, bodies }, (result) => {
      const body: ContainerBody = { accepted: ranked, transactions: result.transactions };
      const { group } = this.#context.config;
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
      this.#executed({ header, hash: containerHash(header), body, fetched: undefined, stored: false, kept: false });
    });
  }

  /** Era, epoch and committee in which the height was ordered: a Recovery leaves a header's fields as they were. */
  #termsOf(height: Height): { era: number; epoch: number; committee: HexHash; members: number } {
    const { config } = this.#context;
    const term = this.#inheritance.termOf(height);
    const old = term === undefined ? undefined : config.inherited?.committeeOf(term.era, term.epoch);
    return term === undefined || old === undefined ? config : { ...old, era: term.era, epoch: term.epoch };
  }

  #executeFetched(fetched: FetchedContainer): void {
    const { header } = fetched.message;
    const { height, rules, beacon, time } = header;
    const { header: below, hash: parent } = this.#tip;
    if (header.parent !== parent) {
      this.halt("diverged", height, parent, header.parent);
      return;
    }
    const mainchain = { number: header.mainchainNumber, hash: header.mainchainHash };
    if (!this.#mainchainAllows(height, mainchain)) return;
    // F vouches for what the header says, so that nothing of the mainchain is needed.
    if (!this.#forks.knows(below, rules)) return;
    const transactions = fetched.body.transactions.map(({ raw }) => raw);
    const bodies = [{ body: this.#context.ports.bodies.encode(transactions) }];
    const stored = this.#inStore(height);
    const term = { era: header.era, epoch: header.epoch, committee: header.committee };
    this.#execute({ height, rules, beacon, time, parent, mainchain, term, bodies }, (result) => {
      const body: ContainerBody = { accepted: fetched.body.accepted, transactions: result.transactions };
      const own = { ...header, bodyRoot: bodyRoot(body), segmentsRoot: segmentsRoot(result.segments) };
      this.#executed({ header: own, hash: containerHash(own), body, fetched, stored, kept: false });
    });
  }

  #execute(container: OrderedContainer, done: (result: ExecutionResult) => void): void {
    this.#executing = true;
    this.#context.ports.executor.execute(container, (result) => {
      this.#executing = false;
      if (this.#context.stopped || this.#halt !== undefined) return;
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
    if (this.#committing || this.#halt !== undefined || this.#context.stopped) return;
    const height = this.#committed + 1;
    const ending = this.#context.ports.ending?.();
    if (ending !== undefined && height > ending.finalHeight) return;
    const layer = this.#layers.get(height) ?? this.#keptLayer(height);
    if (layer === undefined) return;
    const certified = this.#certificateOf(layer);
    if (certified === undefined) return;
    if (certified.hash !== layer.hash) {
      this.halt("diverged", height, layer.hash, certified.hash);
      return;
    }
    this.#committing = true;
    this.#store(layer, certified, () => {
      if (this.#context.stopped || this.#halt !== undefined) return;
      const { header, hash, kept: again } = layer;
      const done = (): void => {
        this.#committing = false;
        if (this.#context.stopped) return;
        this.#settle(height);
        this.#layers.delete(height);
        const { transactions } = layer.body;
        this.#committedOne({ height, header, hash, transactions, fetched: layer.fetched !== undefined, again });
        this.advance();
      };
      if (again) done();
      else this.#context.ports.executor.commit({ header, hash, certificate: certified.certificate }, done);
    });
  }

  /** What the executor has on disk though this era has no F of it yet. */
  #keptLayer(height: Height): Layer | undefined {
    const stored = height <= this.#context.ports.executor.committed ? this.#stored(height) : undefined;
    if (stored === undefined) return undefined;
    const { body, hash, message } = stored;
    return { header: message.header, hash, body, fetched: undefined, stored: false, kept: true };
  }

  #certificateOf({ header, fetched }: Layer): Certified | undefined {
    if (fetched === undefined) return this.#finality.certified(header.height);
    return { hash: fetched.hash, era: fetched.message.certificateEra, certificate: fetched.message.certificate };
  }

  /** The container with its F is durable before the state after it is shown. */
  #store(layer: Layer, certified: Certified, done: () => void): void {
    const { store } = this.#context.ports;
    if (layer.stored) {
      done();
      return;
    }
    store.putContainer(layer.header.height, containerBytes(layer, certified));
    store.flush(done);
  }
}
