/** A change of one source file, applied as it is loaded. `find` must occur exactly once. */
export type Patch = { readonly file: string; readonly find: string; readonly replace: string };

/** A fault of the driver (or of an executor) that the simulator must notice. */
export type Mutant = {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** It shows only where a member loses what it said. */
  readonly amnesia?: true;
  /** It shows only where epochs follow one another. */
  readonly epochs?: true;
  /** It shows only where these epochs have committees of other sizes. */
  readonly sizes?: true;
  /** It shows only where so many eras end by a Recovery. */
  readonly recoveries?: number;
  /** Only these faults of the crash matrix show it, or soonest: a part of their name. */
  readonly kind?: string;
};

const DRIVER = "packages/node/src/consensus/";

export const MUTANTS: readonly Mutant[] = [
  {
    name: "rules change by what each member has read of the mainchain",
    patches: [
      {
        file: `${DRIVER}fork-rules.ts`,
        find: "return containerRules(parent.rules, entries, mainchainNumber, time);",
        replace: "return containerRules(parent.rules, entries, through, time);",
      },
    ],
  },
  {
    name: "rules change by each member's own clock",
    patches: [
      {
        file: `${DRIVER}fork-rules.ts`,
        find: "return containerRules(parent.rules, entries, mainchainNumber, time);",
        replace: "return containerRules(parent.rules, entries, mainchainNumber, ports.clock.time() + 0 * time);",
      },
    ],
  },
  {
    name: "rules are taken from a mainchain that was not read that far",
    patches: [
      {
        file: `${DRIVER}fork-rules.ts`,
        find: "if (through < mainchainNumber) return undefined;",
        replace: "if (through < 0) return undefined;",
      },
    ],
  },
  {
    name: "the next epoch begins before F says that all know of it",
    epochs: true,
    patches: [
      { file: `${DRIVER}border.ts`, find: "const BORDER_DISTANCE = 4;", replace: "const BORDER_DISTANCE = 1;" },
    ],
  },
  {
    name: "a STATUS is read only where the sender's committee is as large as the own one",
    sizes: true,
    patches: [
      {
        file: "packages/protocol/src/wire/codec.ts",
        find: 'read: (reader) => ({\n      kind: "status",',
        replace:
          'read: (reader, limits) => ({\n      kind: reader.remaining === 56 + 2 * limits.members ? "status" : reader.fail(),',
      },
    ],
  },
  {
    name: "the old committee goes on above the border",
    epochs: true,
    patches: [
      {
        file: "packages/protocol/src/consensus/consensus.ts",
        find: "this.#last = Math.max(first - 1, this.#ordered);",
        replace: "this.#last = Math.max(first + 1, this.#ordered);",
      },
    ],
  },
  {
    name: "the border is forgotten in a crash, and taken from the newest checkpoint",
    epochs: true,
    patches: [
      {
        file: `${DRIVER}border.ts`,
        find: "const shown = this.#firstShowing(ready.block, header, layers);",
        replace: "const shown = layers === undefined ? this.#firstShowing(0, header, []) : header.height;",
      },
      {
        file: `${DRIVER}replay.ts`,
        find: "rooms.border.replay(record.first);",
        replace: "if (record.first > 0) return undefined;",
      },
    ],
  },
  {
    name: "goes on signing while a Recovery is open",
    recoveries: 1,
    patches: [{ file: `${DRIVER}turn.ts`, find: "    this.#held ??= [];", replace: "    this.#held = undefined;" }],
  },
  {
    name: "the next era begins where the old one was final: what was only ordered is dropped",
    recoveries: 1,
    patches: [
      {
        file: `${DRIVER}restart.ts`,
        find: "return { ...start, ordered: orderHeight, orderDigest",
        replace: "return { ...start, ordered: finalHeight, orderDigest",
      },
    ],
  },
  {
    name: "headers of heights that were ordered in the old era name the new one",
    recoveries: 1,
    patches: [
      {
        file: `${DRIVER}execution.ts`,
        find: "const { era, epoch, committee } = terms;",
        replace: "const { epoch, committee } = terms;\n      const { era } = this.#context.config;",
      },
    ],
  },
  {
    name: "FINAL of a height that the old era ordered is signed for the new one's epoch",
    recoveries: 1,
    patches: [
      {
        file: `${DRIVER}finality.ts`,
        find: 'sign({ kind: "final", slot, epoch, hash }',
        replace: 'sign({ kind: "final", slot, epoch: slot.epoch, hash }',
      },
    ],
  },
  {
    name: "bodies of the old era are forgotten with it",
    recoveries: 1,
    patches: [
      {
        file: `${DRIVER}bodies.ts`,
        find: "if (height < first || height > last) continue;",
        replace: "if (height < first || height >= first) continue;",
      },
    ],
  },
  {
    name: "nobody says that it lacks what its era took over",
    recoveries: 2,
    patches: [
      {
        file: `${DRIVER}claims.ts`,
        find: "const lacks = config.era === era && committed >= finalHeight && height <= orderHeight;",
        replace: "const lacks = config.era === era && committed >= finalHeight && height > orderHeight + 99;",
      },
    ],
  },
  {
    name: "speaks too early after it lost what it said",
    amnesia: true,
    patches: [{ file: `${DRIVER}amnesia.ts`, find: "const WINDOW = 3;", replace: "const WINDOW = 0;" }],
  },
  {
    name: "proposes while it is silent",
    amnesia: true,
    patches: [
      {
        file: `${DRIVER}driver.ts`,
        find: "else if (this.#locks.open(effect.height)) {",
        replace: "else if (effect.height > 0) {",
      },
      {
        file: `${DRIVER}slot-locks.ts`,
        find: "if (!this.open(height)) return false;",
        replace: "if (!this.open(height)) return true;",
      },
    ],
  },
  {
    name: "unchecked certificate of availability",
    patches: [
      {
        file: `${DRIVER}proposal-checks.ts`,
        find: "verifier.certificate(availableDigest(context.slot(header.height), digest), message.certificate, settle);",
        replace: "settle(true);",
      },
    ],
  },
  {
    name: "unchecked order",
    patches: [
      {
        file: `${DRIVER}orders.ts`,
        find: "this.#context.ports.verifier.certificate(hashBytes(digest), certificate, (ok) => {",
        replace: "((done: (ok: boolean) => void) => done(true))((ok) => {",
      },
    ],
  },
  {
    name: "unchecked F",
    patches: [
      {
        file: `${DRIVER}finality.ts`,
        find: "this.#context.ports.verifier.certificate(digest, certificate, done);",
        replace: "done(true || certificate || digest);",
      },
    ],
  },
  {
    name: "catch-up unchecked",
    patches: [
      {
        file: `${DRIVER}catch-up.ts`,
        find: "this.#finality.verify(message.header.height, message.header.epoch, hash, message.certificate, (ok) => {",
        replace: "((_hash: unknown, done: (ok: boolean) => void) => done(true))([hash, message], (ok) => {",
      },
    ],
  },
  {
    name: "second proposal",
    patches: [
      {
        file: `${DRIVER}availability.ts`,
        find: "this.#context.broadcast(message.channel, message.kind, message.bytes);",
        replace: `this.#context.broadcast(message.channel, message.kind, message.bytes);
      const twin = toProposal({ ...proposal.header, time: proposal.header.time + 1 });
      ports.signer.sign({ kind: "proposal", proposal: twin }, ({ signature }) =>
        this.#context.broadcast("bodies", "proposal", encode({ kind: "proposal", header: twin.header, signature, body: own.body })));`,
      },
    ],
  },
  {
    name: "vote changed after restart, journal ignored",
    patches: [
      {
        file: `${DRIVER}replay.ts`,
        find: 'return { kind: "vote", height: message.height, from, records: message.records };',
        replace: "return undefined;",
      },
      {
        file: `${DRIVER}slot-locks.ts`,
        find: "const granted = this.#context.ports.journal.lock(slot, value);",
        replace: "const granted = true;",
      },
    ],
  },
  {
    name: "own proposal forgotten at restart, journal ignored",
    patches: [
      {
        file: `${DRIVER}replay.ts`,
        find: "const proposal = rooms.availability.replayOwn(message);",
        replace: "return undefined; const proposal = rooms.availability.replayOwn(message);",
      },
      {
        file: `${DRIVER}slot-locks.ts`,
        find: "const granted = this.#context.ports.journal.lock(slot, value);",
        replace: "const granted = true;",
      },
    ],
  },
  {
    name: "send before flush",
    patches: [
      {
        file: `${DRIVER}turn.ts`,
        find: "this.#log.flush(() => {",
        replace: "((done: () => void) => done())(() => {",
      },
      {
        file: `${DRIVER}slot-locks.ts`,
        find: "this.#context.ports.journal.flush(done);",
        replace: "done();",
      },
    ],
  },
  {
    name: "header without state root",
    patches: [
      {
        file: `${DRIVER}execution.ts`,
        find: "bodyRoot: bodyRoot(body),\n        segmentsRoot: segmentsRoot(result.segments),",
        replace: "bodyRoot: bodyRoot(body),\n        segmentsRoot: segmentsRoot([]),",
      },
    ],
  },
  {
    name: "planted nondeterminism in execution",
    patches: [
      {
        file: "packages/testkit/src/network/toy-executor.ts",
        find: "root = keccak256(concat(root, next.raw));",
        replace: "root = keccak256(concat(root, next.raw, Uint8Array.of(Math.random() < 0.02 ? 1 : 0)));",
      },
    ],
  },
  {
    name: "nothing repeated after a reset",
    patches: [
      {
        file: `${DRIVER}resync.ts`,
        find: "#repeat(to: Seat, height: Height): void {",
        replace: "#repeat(to: Seat, height: Height): void {\n    if (to >= 0) return;",
      },
    ],
  },
  {
    name: "two ACKs for one slot",
    patches: [
      {
        file: `${DRIVER}availability.ts`,
        find: "if (ok) this.#accuse(first, { proposal, signature });",
        replace: "if (ok) this.acknowledge(proposal)?.();",
      },
      {
        file: `${DRIVER}slot-locks.ts`,
        find: "const granted = this.#context.ports.journal.lock(slot, value);",
        replace: "const granted = true;",
      },
    ],
  },
  {
    name: "votes in another's name",
    patches: [
      {
        file: `${DRIVER}votes.ts`,
        find: "onVote(from: Seat, message: VoteMessage, bytes: Uint8Array): void {",
        replace: "onVote(_peer: Seat, message: VoteMessage, bytes: Uint8Array): void {\n    const from = message.seat;",
      },
      {
        file: `${DRIVER}votes.ts`,
        find: "if (!ok) {",
        replace: "if (!ok && from < 0) {",
      },
    ],
  },
  {
    name: "unchecked body",
    patches: [
      {
        file: `${DRIVER}bodies.ts`,
        find: "if (bytes.length !== header.bodyBytes || toHex(keccak256(bytes)) !== header.bodyHash) return false;",
        replace: "if (header.height < 0) return false;",
      },
    ],
  },
  {
    name: "FINAL dropped below the highest F",
    patches: [
      {
        file: `${DRIVER}finality.ts`,
        find: "return !this.#certified.has(height) && height > this.#context.committed;",
        replace: "return !this.#certified.has(height) && height > this.#context.final;",
      },
    ],
  },
  {
    name: "certificates not served",
    patches: [
      {
        file: `${DRIVER}availability.ts`,
        find: 'if (bytes !== undefined) this.#context.send(from, "shares", "certificate", bytes);',
        replace: "if (bytes === undefined && from < 0) return;",
      },
    ],
  },
  {
    name: "log pruned too early",
    patches: [
      { file: `${DRIVER}log-segments.ts`, find: "const ROTATE_MARGIN = 4;", replace: "const ROTATE_MARGIN = -9;" },
    ],
  },
  {
    name: "combined with q - 1 shares",
    patches: [
      {
        file: `${DRIVER}member-context.ts`,
        find: "this.quorum = quorum(config.members);",
        replace: "this.quorum = quorum(config.members) - 1;",
      },
    ],
  },
  {
    name: "told evidence unchecked",
    patches: [
      {
        file: `${DRIVER}evidence.ts`,
        find: "else done(false);",
        replace: "else this.#check(seat, claims, index + 1, done);",
      },
    ],
  },
  {
    name: "a bad share ends the collection",
    patches: [
      {
        file: `${DRIVER}share-collector.ts`,
        find: "for (const seat of result.faulty) {",
        replace: "this.close();\n      for (const seat of result.faulty) {",
      },
    ],
  },
];
