import { crc32 } from "node:zlib";
import { concat, uint } from "@tributary/protocol/bytes/bytes";
import { type ScheduledFork, standingForks } from "@tributary/protocol/container/fork-schedule";
import type { BlockHeader } from "../block/block.ts";
import { FIRST_RULES, type ForkRules, forkOf, rulesOf } from "../forks/fork.ts";
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from "../predeploy-addresses.ts";
import type { ActiveRules, RuleSchedule } from "./ethereum-view.ts";

/** No blob is ever taken; the fraction is Prague's, because clients divide by it. */
const blobSchedule = { target: 0, max: 0, baseFeeUpdateFraction: 5_007_716 };
const systemContracts = { BEACON_ROOTS_ADDRESS, HISTORY_STORAGE_ADDRESS: HISTORY_ADDRESS };

type Stage = { readonly rules: number; readonly time: number };

/** What EIP-7910 tells of a rented chain: the rules of its newest block, and those that the mainchain announces. */
export function rentedSchedule(
  genesisHash: Uint8Array,
  forks: readonly ForkRules[],
  head: BlockHeader,
  entries: readonly ScheduledFork[],
): RuleSchedule {
  const present = rulesOf(head);
  const standing = standingForks(entries);
  const earlier = standing.filter(({ rules }) => rules < present);
  // Even where it was taken back after the chain had followed it.
  const followed = entries.findLast(({ rules }) => rules === present);
  const ahead = standing.filter(({ rules }) => rules > present);
  const current: Stage = { rules: present, time: followed?.time ?? 0 };
  const passed = present === FIRST_RULES ? [] : [...earlier, current];
  const active = (stage: Stage, times: readonly Stage[]): ActiveRules => ({
    ...{ activationTime: stage.time, fork: forkOf(forks, stage.rules)?.evm, blobSchedule, systemContracts },
    forkId: forkId(genesisHash, times),
  });
  const next = ahead.map((stage, index) => active(stage, [...passed, ...ahead.slice(0, index + 1)]));
  return { current: active(current, passed), next: next[0], last: next.at(-1) };
}

/** EIP-6122: CRC-32 of the genesis hash and of the times of the forks up to this one. */
function forkId(genesisHash: Uint8Array, passed: readonly Stage[]): Uint8Array {
  return uint(crc32(concat(genesisHash, ...passed.map(({ time }) => uint(time, 8)))), 4);
}
