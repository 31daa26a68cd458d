import type { Mutant } from "../mutation/mutant.ts";

// Faults planted into the agreement core, as patches of its source: the shipped code has no switch for them. Those of
// consensus.md 19 and some of ours. Each must be seen by the simulators or the scripted schedules.

const agreement = "protocol/src/consensus/binary-agreement.ts";
const subset = "protocol/src/consensus/subset.ts";
const height = "protocol/src/consensus/height.ts";
const consensus = "protocol/src/consensus/consensus.ts";
const finality = "protocol/src/consensus/finality.ts";
const votes = "protocol/src/consensus/vote-set.ts";
const digests = "protocol/src/wire/digests.ts";

const relay = "if (state.est[value].count >= this.#relay) this.#sendEstimate";
const accept = "if (state.est[value].count >= this.#quorum && (state.bin & only(value)) === 0)";
const aux = "if (state.vals === 0) state.vals = this.#chosen(state.aux, state.bin);";
const conf = "state.confirmed = this.#chosen(state.conf, state.bin);";
const both = "if (values === 3) this.#estimate = coin;";

/** `#chosen` with another quorum. */
function chosen(target: string, set: string, quorum: string): string {
  const count = `((choice) => (choice & ~state.bin) === 0 ? state.${set}.count(choice) : 0)`;
  return `${target} = ((count, q) => count(1) >= q ? 1 : count(2) >= q ? 2
    : count(1) + count(2) + count(3) >= q ? 3 : 0)(${count}, ${quorum});`;
}

export const coreMutants: readonly Mutant[] = [
  { name: "EST relayed at f", file: agreement, find: relay, replace: relay.replace("#relay", "#relay - 1") },
  { name: "EST relayed at f+2", file: agreement, find: relay, replace: relay.replace("#relay", "#relay + 1") },
  { name: "EST accepted at f+1", file: agreement, find: accept, replace: accept.replace("#quorum", "#relay") },
  { name: "EST accepted at q+1", file: agreement, find: accept, replace: accept.replace("#quorum", "#quorum + 1") },
  {
    name: "bin takes one value only",
    file: agreement,
    find: accept,
    replace: "if (state.est[value].count >= this.#quorum && state.bin === 0)",
  },
  {
    name: "AUX at q-1",
    file: agreement,
    find: aux,
    replace: `if (state.vals === 0) ${chosen("state.vals", "aux", "this.#quorum - 1")}`,
  },
  {
    name: "AUX at q+1",
    file: agreement,
    find: aux,
    replace: `if (state.vals === 0) ${chosen("state.vals", "aux", "this.#quorum + 1")}`,
  },
  {
    name: "AUX and CONF at 2f+1",
    file: agreement,
    find: "this.#quorum = quorum(members);",
    replace: "this.#quorum = 2 * oneHonest(members) - 1;",
  },
  { name: "AUX and CONF outside bin", file: agreement, find: "if ((choice & ~bin) !== 0) continue;", replace: "" },
  {
    name: "two AUX",
    file: agreement,
    find: 'this.#send("aux", round, only(state.first));',
    replace: 'this.#send("aux", round, 1); this.#send("aux", round, 2);',
  },
  {
    name: "a second AUX or CONF counts too",
    file: votes,
    find: 'if (earlier !== 0) return "contradiction";',
    replace: "",
  },
  { name: "CONF at q-1", file: agreement, find: conf, replace: chosen("state.confirmed", "conf", "this.#quorum - 1") },
  { name: "CONF at q+1", file: agreement, find: conf, replace: chosen("state.confirmed", "conf", "this.#quorum + 1") },
  { name: "no CONF", file: agreement, find: conf, replace: "state.confirmed = state.vals;" },
  {
    name: "coin share together with CONF",
    file: agreement,
    find: 'this.#send("conf", round, state.vals);',
    replace: '{ this.#send("conf", round, state.vals); this.#output.push({ kind: "coin", round }); }',
  },
  {
    name: "the coin always becomes the estimate",
    file: agreement,
    find: "this.#estimate = values === only(1) ? 1 : 0;\n      if (this.#estimate === coin) this.#decide(coin);",
    replace: "this.#estimate = coin; if (values === only(coin)) this.#decide(coin);",
  },
  { name: "the coin never becomes the estimate", file: agreement, find: both, replace: "if (values === 3) {}" },
  {
    name: "decides whatever the coin",
    file: agreement,
    find: "if (this.#estimate === coin) this.#decide(coin);",
    replace: "this.#decide(this.#estimate);",
  },
  {
    name: "decides on both values",
    file: agreement,
    find: both,
    replace: "if (values === 3) { this.#estimate = coin; this.#decide(coin); }",
  },
  {
    name: "DONE adopted at f",
    file: agreement,
    find: "if (this.#done.count(only(value)) >= this.#relay)",
    replace: "if (this.#done.count(only(value)) >= this.#relay - 1)",
  },
  {
    name: "a coin of one's own",
    file: agreement,
    find: "this.#coins.set(round, bit);",
    replace: "this.#coins.set(round, ((bit + this.#self) & 1) as Bit);",
  },
  {
    name: "past rounds are dropped",
    file: agreement,
    find: "this.#count(from, kind, round, values);\n    if (this.#lazy",
    replace: 'if (round >= this.#round || kind === "done") this.#count(from, kind, round, values);\n    if (this.#lazy',
  },
  {
    name: "a decided member never rejoins",
    file: agreement,
    find: "if (this.#lazy >= 0 && this.#visited(this.#lazy))",
    replace: "if (this.#lazy > 1e9)",
  },
  {
    name: "an instance halts at its own decision",
    file: agreement,
    find: "while (this.started && this.#lazy < 0 &&",
    replace: "while (this.started && this.#lazy < 0 && this.#decision === undefined &&",
  },
  {
    name: "a member halts at its own decision of the height",
    file: height,
    find: "this.#subset.vote(from, records);",
    replace: "if (this.#decided) return; this.#subset.vote(from, records);",
  },
  {
    name: "no JOIN",
    file: subset,
    find: "if (this.#open && !agreement.started && agreement.supporters.count >= oneHonest(this.#members)) agreement.input(1);",
    replace: "",
  },
  {
    name: "JOIN at f",
    file: subset,
    find: "agreement.supporters.count >= oneHonest(this.#members)",
    replace: "agreement.supporters.count >= oneHonest(this.#members) - 1",
  },
  {
    name: "0 at q certificates",
    file: subset,
    find: "this.#certificates += 1;\n    this.#inputOnes();",
    replace: `this.#certificates += 1; this.#inputOnes();
    if (this.#open && this.#certificates >= quorum(this.#members)) {
      this.#zerosAllowed = true; this.#zerosReleased = true; this.#inputZeros();
    }`,
  },
  {
    name: "0 after q-1 ones",
    file: subset,
    find: "this.#ones >= quorum(this.#members)",
    replace: "this.#ones >= quorum(this.#members) - 1",
  },
  {
    name: "one coin for all seats",
    file: subset,
    find: '{ kind: "coin", seat, round: output.round }',
    replace: '{ kind: "coin", seat: 0, round: output.round }',
  },
  {
    name: "coins of all seats sign the same",
    file: digests,
    find: "new Writer(4).u16(seat).u16(round)",
    replace: "new Writer(4).u16(0).u16(round)",
  },
  {
    name: "instances are settled before all are open",
    file: subset,
    find: "agreement.open((firstCoins & seatBit(seat)) === 0n ? 0 : 1);",
    replace: "agreement.open((firstCoins & seatBit(seat)) === 0n ? 0 : 1); this.#settle(seat);",
  },
  {
    name: "a first coin that is not common",
    file: consensus,
    find: "open(this.#digest, this.#accepted)",
    replace: "open(this.#digest, BigInt(0x5555 >> (this.#base.seat & 1)))",
  },
  {
    name: "two ACKs for one slot",
    file: height,
    find: 'if (first.digest !== proposal.digest) this.#accuse("proposal", seat);\n      return;',
    replace: "if (first.digest !== proposal.digest) this.#acknowledge(proposal);\n      return;",
  },
  {
    name: "anchors are not checked",
    file: height,
    find: "if (anchor !== undefined && proposal.header.anchor !== anchor) return;",
    replace: "",
  },
  {
    name: "decides without all accepted headers",
    file: height,
    find: "|| this.#missing !== 0n ||",
    replace: "||",
  },
  {
    name: "no gate between agreement and finality",
    file: consensus,
    find: "return this.#finality.final >= needed;",
    replace: "return needed <= needed;",
  },
  {
    name: "proposes a height twice",
    file: consensus,
    find: "this.#proposed = height;\n",
    replace: "",
  },
  {
    name: "no heartbeat",
    file: consensus,
    find: "if (timer.height === this.#ordered + 1) this.#heartbeat = true;",
    replace: "",
  },
  {
    name: "a divergence is not noticed",
    file: finality,
    find: "if (own !== undefined && own !== hash) return this.#diverge(height, own, hash);",
    replace: "",
  },
  {
    name: "FINAL is signed after a divergence",
    file: finality,
    find: "if (this.#diverged || height <= this.#executedUpTo) return [];",
    replace: "if (height <= this.#executedUpTo) return [];",
  },
];

/** Changes that do no harm: a harness that kills these sees ghosts. */
export const coreControls: readonly Mutant[] = [
  {
    name: "control: never lazy",
    file: agreement,
    find: "if (this.#decision !== undefined && !this.#visited(round + 1))",
    replace: "if (this.#decision !== undefined && round > 1000 && !this.#visited(round + 1))",
  },
  {
    name: "control: the other first coin",
    file: agreement,
    find: "this.#coins.set(0, firstCoin);",
    replace: "firstCoin = firstCoin === 0 ? 1 : 0; this.#coins.set(0, firstCoin);",
  },
  {
    name: "control: no grace for ones",
    file: subset,
    find: "if (!this.#onesReleased) {",
    replace: "if (this.#certificates > 1e9) {",
  },
];
