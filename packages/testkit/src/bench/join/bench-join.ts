// The join benchmark: an empty member of a chain with many accounts, while a member serves bad buckets and after kill -9.
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { unfinishedPath } from "@tributary/chain/snapshot/install";
import { folderBytes } from "@tributary/node/host/folder-bytes";
import { accounts as funded } from "@tributary/node/node.fixture";
import { toHex } from "@tributary/protocol/bytes/hex";
import { until } from "../../devnet/processes.ts";
import { growChain } from "./grow.ts";
import { JoinNetwork } from "./join-network.ts";
import { idleAccount, JOIN_BALANCE } from "./join-spec.ts";
import { type Stage, stagesOf } from "./stages.ts";
import { Transfers } from "./transfers.ts";
import { toSeconds, Watch } from "./watch.ts";

const MEMBERS = 4;
/** The member that joins, and the one that serves bad buckets. */
const JOINER = 4;
const LIAR = 2;
/** Heights behind at which the joiner fetches a snapshot, as a node does by default; less where the chain is shorter. */
const JOIN_LAG = 1_024;
const NEVER = 1_000_000_000;
/** Bytes of an account as it travels; after a third of them the process is killed. */
const ACCOUNT_BYTES = 95;
/** Transfers a second that are sent while the member joins. */
const LOAD = 40;
const JOIN_MS = 900_000;

export type JoinBenchOptions = {
  readonly accounts: number;
  readonly blocks: number;
  /** Where the chain stays for another run, which finds it there; none: a folder of its own, removed at the end. */
  readonly folder?: string | undefined;
  readonly progress: (line: string) => void;
};

export type JoinFigures = {
  readonly accounts: number;
  readonly members: number;
  readonly processors: number;
  /** Of the chain when the member began, made by consensus. */
  readonly blocks: number;
  readonly seconds: {
    /** First process to the kill, the time when there was no process left out; second process to the end. */
    readonly untilKilled: number;
    readonly afterwards: number;
    readonly total: number;
  };
  /** Of the joining node, before the kill and after it. */
  readonly stages: { readonly first: readonly Stage[]; readonly second: readonly Stage[] };
  /** Of the three members while it joined. */
  readonly membersProcessorSeconds: number;
  /** In which no member had a new block meanwhile. */
  readonly longestGapMs: number;
  /** Of 256, here before the kill and not fetched again. */
  readonly bucketsKept: number;
  /** Node ids that the joining member named, before the kill or after it. None where chance asked the liar for nothing. */
  readonly liars: readonly number[];
  /** What was not so; empty when all is well. */
  readonly wrong: readonly string[];
};

/**
 * Makes a chain, lets a new member join it under load, kills it with a third of the state fetched and starts it again.
 * Throws where that never ends; what ended and is not as it should be stands in `wrong`.
 */
export async function benchJoin({ accounts, blocks, folder, progress }: JoinBenchOptions): Promise<JoinFigures> {
  const network = await JoinNetwork.open(MEMBERS, accounts, folder);
  const others = [1, 2, 3];
  const honest = [1, 3];
  let transfers: Transfers | undefined;
  let watch: Watch | undefined;
  try {
    await growChain(network, blocks, progress);
    await network.stop(LIAR, "SIGINT");
    await network.spoil(LIAR);
    network.spawn(LIAR, NEVER);
    await network.serves(LIAR);
    network.empty(JOINER);
    progress("three members run; one of them serves bad buckets");
    transfers = new Transfers(network, LOAD, honest);
    const begun = await network.height(1);
    const joinLag = Math.min(JOIN_LAG, Math.ceil(begun / 2));
    watch = new Watch(network, JOINER, others);
    const joined = await joinTwice(network, watch, joinLag, accounts, progress);
    await watch.stop();
    const membersProcessorSeconds = watch.membersSeconds;
    const wrong = await check(network, accounts);
    await transfers.stop();
    transfers = undefined;
    wrong.push(...(await takesPart(network)));
    const kept = network.log(JOINER, "a certified snapshot is taken over").map(({ missing }) => 256 - Number(missing));
    const named = network.log(JOINER, "a member served a false snapshot and is asked no more");
    const liars = [...new Set(named.map(({ node }) => Number(node)))];
    if (liars.some((id) => id !== LIAR)) wrong.push("an honest member was called a liar");
    const inHealth = await network.liars(JOINER);
    if (inHealth.some((id) => !liars.includes(id))) wrong.push("health names others than the log");
    return {
      accounts,
      members: MEMBERS,
      processors: cpus().length,
      blocks: begun,
      ...joined,
      membersProcessorSeconds,
      longestGapMs: watch.longestGap,
      bucketsKept: kept[1] ?? 0,
      liars,
      wrong,
    };
  } finally {
    await watch?.stop();
    await transfers?.stop();
    await network.dispose();
  }
}

/** Starts the empty member, kills it in the middle of its download, starts it again and waits until it is at the head. */
async function joinTwice(
  network: JoinNetwork,
  watch: Watch,
  joinLag: number,
  accounts: number,
  progress: (line: string) => void,
): Promise<Pick<JoinFigures, "seconds" | "stages">> {
  const begun = Date.now();
  network.spawn(JOINER, joinLag);
  const part = unfinishedPath(network.chainFolder(JOINER));
  await until(
    "a third of the state",
    JOIN_MS,
    async () => {
      if (existsSync(`${network.chainFolder(JOINER)}/state.next`)) throw new Error("the download was over too early");
      return (await folderBytes(part)) >= (accounts * ACCOUNT_BYTES) / 3;
    },
    5,
  );
  const killed = Date.now();
  await network.stop(JOINER, "SIGKILL");
  watch.replaced();
  const first = stagesOf(network, JOINER, watch, begun, killed, "a third of the buckets, then killed");
  progress(
    `killed after ${toSeconds(killed - begun)} s with ${existsSync(join(part, "CURRENT")) ? "a part" : "nothing"}`,
  );
  const again = Date.now();
  network.spawn(JOINER, joinLag);
  await until(
    "the member at the head",
    JOIN_MS,
    async () => {
      const [mine, head] = await Promise.all([network.height(JOINER), network.height(1)]);
      const { status } = await network.rpc<{ status: string }>(JOINER, "tributary_status");
      return status === "running" && mine >= head - 2 && (await earliest(network)) > 0;
    },
    100,
  );
  const ended = Date.now();
  const second = stagesOf(network, JOINER, watch, again, ended, "up to the head");
  progress(`at the head ${toSeconds(ended - again)} s after the kill`);
  const seconds = {
    untilKilled: toSeconds(killed - begun),
    afterwards: toSeconds(ended - again),
    total: toSeconds(killed - begun + ended - again),
  };
  return { seconds, stages: { first, second } };
}

/** What the joined member says, against the others. */
async function check(network: JoinNetwork, accounts: number): Promise<string[]> {
  const wrong: string[] = [];
  const number = `0x${(await network.height(JOINER)).toString(16)}`;
  await until("the others at that block", 60_000, async () => (await network.height(1)) >= Number(number));
  const [mine, theirs] = await Promise.all(
    [JOINER, 1].map((id) => network.rpc<{ hash: string }>(id, "eth_getBlockByNumber", number, false)),
  );
  if (mine?.hash !== theirs?.hash) wrong.push(`another block ${number} than the others'`);
  const sample = Array.from(
    { length: 64 },
    (_, i) => funded.length + Math.floor((i * (accounts - funded.length)) / 64),
  );
  const balances = await Promise.all(
    sample.map((index) => network.rpc<string>(JOINER, "eth_getBalance", toHex(idleAccount(index)), "latest")),
  );
  if (balances.some((balance) => BigInt(balance) !== JOIN_BALANCE)) wrong.push("a balance of the liar's");
  return wrong;
}

/** With the liar away, no block is made without the joined member's votes. */
async function takesPart(network: JoinNetwork): Promise<string[]> {
  await network.stop(LIAR, "SIGINT");
  const before = await network.height(1);
  const transfers = new Transfers(network, LOAD, [JOINER]);
  const moved = await until("blocks with the joined member", 60_000, async () => (await network.height(1)) > before + 2)
    .then(() => true)
    .catch(() => false);
  await transfers.stop();
  return moved ? [] : ["the joined member's votes do not count"];
}

async function earliest(network: JoinNetwork): Promise<number> {
  const block = await network.rpc<{ number: string }>(JOINER, "eth_getBlockByNumber", "earliest", false);
  return Number(block.number);
}
