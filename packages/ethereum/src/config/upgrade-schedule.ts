import { crc32 } from "node:zlib";
import { Hardfork } from "@ethereumjs/common";
import type { Fork } from "@tributary/evm/types";
import { concat, uint } from "@tributary/protocol/bytes/bytes";
import type { BlobSchedule, GenesisFile } from "./genesis-file.ts";

/** Upgrades by block number: the key in geth's configuration, and the library's name for the rules. */
const byNumber: readonly (readonly [key: string, rules: Hardfork])[] = [
  ["homesteadBlock", Hardfork.Homestead],
  ["daoForkBlock", Hardfork.Homestead],
  ["eip150Block", Hardfork.TangerineWhistle],
  ["eip155Block", Hardfork.SpuriousDragon],
  ["eip158Block", Hardfork.SpuriousDragon],
  ["byzantiumBlock", Hardfork.Byzantium],
  ["constantinopleBlock", Hardfork.Constantinople],
  ["petersburgBlock", Hardfork.Petersburg],
  ["istanbulBlock", Hardfork.Istanbul],
  ["muirGlacierBlock", Hardfork.MuirGlacier],
  ["berlinBlock", Hardfork.Berlin],
  ["londonBlock", Hardfork.London],
  ["arrowGlacierBlock", Hardfork.ArrowGlacier],
  ["grayGlacierBlock", Hardfork.GrayGlacier],
  ["mergeNetsplitBlock", Hardfork.Paris],
];

/** Upgrades by time: the key, and the name in the blob schedule. */
const byTime: readonly (readonly [key: string, name: string])[] = [
  ["shanghaiTime", "shanghai"],
  ["cancunTime", "cancun"],
  ["pragueTime", "prague"],
  ["osakaTime", "osaka"],
  ["bpo1Time", "bpo1"],
  ["bpo2Time", "bpo2"],
  ["bpo3Time", "bpo3"],
  ["bpo4Time", "bpo4"],
  ["bpo5Time", "bpo5"],
];

/** Upgrades that change what the EVM does, oldest first. */
const evmForks: readonly Fork[] = ["cancun", "prague", "osaka"];

/** The rules that hold from a time on, as far as they are ours to execute. */
export type UpgradeRules = {
  /** Seconds; 0 where they hold from genesis on. */
  readonly activation: number;
  readonly fork: Fork;
  readonly blobs: BlobSchedule;
};

type Place = { readonly number: number; readonly timestamp: number };

/** Which rules hold for which block of a chain. */
export class UpgradeSchedule {
  readonly #numbers: readonly { readonly number: number; readonly rules: Hardfork }[];
  readonly #times: readonly { readonly time: number; readonly name: string }[];
  readonly #blobs: Readonly<Record<string, BlobSchedule>>;

  constructor({ config, blobSchedule }: Pick<GenesisFile, "config" | "blobSchedule">) {
    const at = (key: string): number | undefined => {
      const value = config[key];
      return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
    };
    this.#numbers = byNumber.flatMap(([key, rules]) => {
      const number = at(key);
      return number === undefined ? [] : { number, rules };
    });
    this.#times = byTime.flatMap(([key, name]) => {
      const time = at(key);
      return time === undefined ? [] : { time, name };
    });
    this.#blobs = blobSchedule;
  }

  /** The library's name of the rules for a block before Cancun. */
  libraryRules({ number, timestamp }: Place, proofOfWork: boolean): Hardfork {
    if (this.isShanghai(timestamp)) return Hardfork.Shanghai;
    if (!proofOfWork) return Hardfork.Paris;
    let rules: Hardfork = Hardfork.Chainstart;
    for (const upgrade of this.#numbers) {
      if (upgrade.number <= number && upgrade.rules !== Hardfork.Paris) rules = upgrade.rules;
    }
    return rules;
  }

  /** Whether receipts have a status in place of a state root. */
  isByzantium(number: number): boolean {
    return this.#numbers.some((upgrade) => upgrade.rules === Hardfork.Byzantium && upgrade.number <= number);
  }

  isLondon(number: number): boolean {
    return this.#numbers.some((upgrade) => upgrade.rules === Hardfork.London && upgrade.number <= number);
  }

  isShanghai(timestamp: number): boolean {
    return this.#reached("shanghai", timestamp);
  }

  /** The EVM's rules and blob limits at a time; undefined before Cancun. */
  rulesAt(timestamp: number): UpgradeRules | undefined {
    let rules: UpgradeRules | undefined;
    for (const { time, name } of this.#times) {
      if (time > timestamp) break;
      const fork = evmForks.find((one) => one === name) ?? rules?.fork;
      const blobs = this.#blobs[name] ?? rules?.blobs;
      if (fork !== undefined && blobs !== undefined) rules = { activation: time, fork, blobs };
    }
    return rules;
  }

  /** The first rules that come after a time. */
  rulesAfter(timestamp: number): UpgradeRules | undefined {
    const next = this.#times.find(({ time }) => time > timestamp);
    return next === undefined ? undefined : this.rulesAt(next.time);
  }

  /** The last rules that are planned. */
  lastRules(): UpgradeRules | undefined {
    return this.rulesAt(Number.MAX_SAFE_INTEGER);
  }

  /** EIP-2124's hash of genesis and of the upgrades up to a time; all upgrades by number count as passed. */
  forkId(genesisHash: Uint8Array, genesisTime: number, timestamp: number): Uint8Array {
    const numbers = this.#numbers.map(({ number }) => number).filter((number) => number > 0);
    const times = this.#times.map(({ time }) => time).filter((time) => time > genesisTime && time <= timestamp);
    const passed = [...sortedOnce(numbers), ...sortedOnce(times)];
    return uint(crc32(concat(genesisHash, ...passed.map((one) => uint(one, 8)))), 4);
  }

  #reached(name: string, timestamp: number): boolean {
    return this.#times.some((upgrade) => upgrade.name === name && upgrade.time <= timestamp);
  }
}

function sortedOnce(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
