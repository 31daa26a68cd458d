import type { Random } from "../agreement/random.ts";
import { until } from "../devnet/processes.ts";
import { call } from "../devnet/rpc.ts";
import type { Cluster } from "./cluster.ts";
import { OPEN_LINK } from "./delayed-pipe.ts";

/** Faults of members, and of the mainchain that all share. */
export const MEMBER_FAULTS = ["kill", "freeze", "partition", "bad links", "clock jump", "full disk"] as const;
export const MAINCHAIN_FAULTS = ["mainchain frozen", "mainchain killed", "mainchain reorganised"] as const;
export type MemberFault = (typeof MEMBER_FAULTS)[number];
export type MainchainFault = (typeof MAINCHAIN_FAULTS)[number];

/** One fault of some members; `groups` says who still reaches whom where a network falls apart. */
export type Strike = {
  readonly kind: MemberFault;
  readonly victims: readonly number[];
  readonly groups?: readonly (readonly number[])[];
};

/** A fault that is there until it is healed. `heal` resolves when its cause is gone, not when the members are well. */
export type Injected = { readonly detail: string; heal(): Promise<void> };

const HOUR_MS = 3_600_000;
/** Jumps of clocks: a leap second, a summer time, a battery that was empty. */
const JUMPS_MS = [1_000, -1_000, 60_000, -60_000, HOUR_MS, -HOUR_MS];
/** Mainchain blocks above the one that holds something: more than a member waits for before it believes one (1). */
const REORG_DEPTH = 4;
const RESET_EVERY_MS = 700;

/** Brings a fault over some members. Without groups, each victim of a partition is alone. */
export async function injectMemberFault(
  cluster: Cluster,
  { kind, victims, groups }: Strike,
  random: Random,
): Promise<Injected> {
  switch (kind) {
    case "kill":
      await Promise.all(victims.map((node) => cluster.kill(node)));
      return {
        detail: "kill -9",
        heal: async () => {
          await Promise.all(victims.map((node) => cluster.restart(node)));
        },
      };
    case "freeze":
      for (const node of victims) cluster.freeze(node);
      return {
        detail: "SIGSTOP",
        heal: async () => {
          for (const node of victims) cluster.thaw(node);
        },
      };
    case "partition":
      return partition(cluster, groups ?? alone(cluster.size, victims));
    case "bad links":
      return badLinks(cluster, victims, random);
    case "clock jump":
      return clockJump(cluster, victims, random);
    case "full disk":
      return fullDisk(cluster, victims);
  }
}

/** Brings a fault over the mainchain. */
export async function injectMainchainFault(cluster: Cluster, kind: MainchainFault): Promise<Injected> {
  const pid = cluster.mainchainPid;
  const { rpc } = cluster.devnet.info.mainchain;
  switch (kind) {
    case "mainchain frozen":
      process.kill(pid, "SIGSTOP");
      return {
        detail: "SIGSTOP of anvil",
        heal: async () => {
          process.kill(pid, "SIGCONT");
        },
      };
    case "mainchain killed":
      process.kill(pid, "SIGKILL");
      return {
        detail: "kill -9 of anvil, which the devnet starts again",
        heal: async () => {
          await until("anvil's return", 60_000, () => cluster.mainchainPid !== pid && cluster.mainchainPid > 0);
        },
      };
    case "mainchain reorganised": {
      // Anvil knows no state from before its own start: what is taken back must lie above.
      for (let block = 0; block < REORG_DEPTH; block++) await call(rpc, "evm_mine");
      // Replaced empty blocks may come out the same: something has to be in one of them.
      await sendNothing(rpc);
      for (let block = 0; block < REORG_DEPTH; block++) await call(rpc, "evm_mine");
      await call(rpc, "anvil_reorg", REORG_DEPTH + 2, []);
      return { detail: `${REORG_DEPTH + 2} blocks taken back`, heal: () => saved(rpc) };
    }
  }
}

async function sendNothing(rpc: string): Promise<string> {
  const [from] = await call<readonly string[]>(rpc, "eth_accounts");
  return call(rpc, "eth_sendTransaction", { from, to: from, value: "0x1" });
}

/**
 * What was mined by hand is on no disk until the devnet saves a block of its own, which it does before the next one. Killed
 * before that, anvil would lose what it has called final and take half a minute to be as high again: members that start
 * meanwhile wait for it, as they have to, and the time after a burst would be the mainchain's.
 */
async function saved(rpc: string): Promise<void> {
  for (let block = 0; block < 2; block++) {
    const hash = await sendNothing(rpc);
    await until(
      "a mainchain block",
      60_000,
      async () => (await call(rpc, "eth_getTransactionReceipt", hash)) ?? undefined,
    );
  }
}

function alone(size: number, victims: readonly number[]): readonly (readonly number[])[] {
  const rest = Array.from({ length: size }, (_, node) => node).filter((node) => !victims.includes(node));
  return [rest, ...victims.map((node) => [node])];
}

function partition(cluster: Cluster, groups: readonly (readonly number[])[]): Injected {
  const group = (node: number) => groups.findIndex((members) => members.includes(node));
  for (const [a, b] of pairs(cluster.size)) {
    if (group(a) !== group(b)) cluster.links.set(a, b, { cut: true, delay: 0, loss: 0 });
  }
  return {
    detail: groups.map((members) => members.join("+")).join(" | "),
    heal: async () => {
      for (const [a, b] of pairs(cluster.size)) if (group(a) !== group(b)) cluster.links.set(a, b, OPEN_LINK);
    },
  };
}

/** Late, lossy and often reset connections of the victims. */
function badLinks(cluster: Cluster, victims: readonly number[], random: Random): Injected {
  const affected = pairs(cluster.size).filter(([a, b]) => victims.includes(a) || victims.includes(b));
  const delay = 20 + random.below(180);
  const loss = random.fraction() * 0.3;
  const resets = random.bit() === 1;
  for (const [a, b] of affected) cluster.links.set(a, b, { cut: false, delay, loss });
  const timer = setInterval(() => {
    const [a, b] = random.pick(affected);
    if (resets) cluster.links.reset(a, b);
  }, RESET_EVERY_MS);
  return {
    detail: `delay ${delay} ms, loss ${(100 * loss).toFixed(0)} %${resets ? ", resets" : ""}`,
    heal: async () => {
      clearInterval(timer);
      for (const [a, b] of affected) cluster.links.set(a, b, OPEN_LINK);
    },
  };
}

function clockJump(cluster: Cluster, victims: readonly number[], random: Random): Injected {
  const jumps = victims.map((node) => ({ node, jump: random.pick(JUMPS_MS) }));
  for (const { node, jump } of jumps) cluster.setClock(node, jump);
  return {
    detail: jumps.map(({ jump }) => `${jump > 0 ? "+" : ""}${jump / 1_000} s`).join(", "),
    heal: async () => {
      for (const { node } of jumps) cluster.setClock(node, 0);
    },
  };
}

function fullDisk(cluster: Cluster, victims: readonly number[]): Injected {
  for (const node of victims) cluster.fillDisk(node);
  return {
    detail: "no space left",
    heal: async () => {
      for (const node of victims) cluster.freeDisk(node);
      // An operator starts a process again that did not survive a full disk.
      await Promise.all(victims.filter((node) => !cluster.runs(node)).map((node) => cluster.restart(node)));
    },
  };
}

function pairs(size: number): readonly (readonly [number, number])[] {
  return Array.from({ length: size }, (_, a) => a).flatMap((a) =>
    Array.from({ length: size - a - 1 }, (_, i) => [a, a + i + 1] as const),
  );
}
