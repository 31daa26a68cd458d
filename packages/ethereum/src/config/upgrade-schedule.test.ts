import { toHex } from "@tributary/protocol/bytes/hex";
import { expect, test } from "vitest";
import { UpgradeSchedule } from "./upgrade-schedule.ts";

const blobs = (target: number, max: number): { target: number; max: number; baseFeeUpdateFraction: number } => ({
  ...{ target, max, baseFeeUpdateFraction: 1_000_000 * target },
});

/** Ethereum's own, as its clients configure it. */
const mainnet = new UpgradeSchedule({
  config: {
    ...{ homesteadBlock: 1_150_000, daoForkBlock: 1_920_000, eip150Block: 2_463_000, eip155Block: 2_675_000 },
    ...{ eip158Block: 2_675_000, byzantiumBlock: 4_370_000, constantinopleBlock: 7_280_000 },
    ...{ petersburgBlock: 7_280_000, istanbulBlock: 9_069_000, muirGlacierBlock: 9_200_000 },
    ...{ berlinBlock: 12_244_000, londonBlock: 12_965_000, arrowGlacierBlock: 13_773_000 },
    ...{ grayGlacierBlock: 15_050_000, shanghaiTime: 1_681_338_455, cancunTime: 1_710_338_135 },
    ...{ pragueTime: 1_746_612_311, bpo1Time: 1_900_000_000 },
  },
  blobSchedule: { cancun: blobs(3, 6), prague: blobs(6, 9), bpo1: blobs(10, 15) },
});
const genesis = Buffer.from("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3", "hex");

test.each([
  ["Shanghai", 1_681_338_455, "0xdce96c2d"],
  ["Cancun", 1_710_338_135, "0x9f3d2254"],
  ["Prague", 1_746_612_311, "0xc376cf8b"],
])("mainnet's fork id at %s", (_, time, id) => {
  expect(toHex(mainnet.forkId(genesis, 0, time))).toBe(id);
});

test.each([
  [0, 0, true, "chainstart"],
  [1_150_000, 0, true, "homestead"],
  [7_280_000, 0, true, "petersburg"],
  [15_537_393, 1_663_224_162, true, "grayGlacier"],
  [15_537_394, 1_663_224_179, false, "paris"],
  [17_034_870, 1_681_338_455, false, "shanghai"],
])("block %d is executed by the rules of its upgrade", (number, timestamp, proofOfWork, rules) => {
  expect(mainnet.libraryRules({ number, timestamp }, proofOfWork)).toBe(rules);
});

test("what an upgrade does not say stays as it was", () => {
  expect(mainnet.rulesAt(1_710_338_134)).toBeUndefined();
  expect(mainnet.rulesAt(1_710_338_135)).toMatchObject({ fork: "cancun", blobs: { max: 6 } });
  expect(mainnet.rulesAt(1_899_999_999)).toMatchObject({ fork: "prague", activation: 1_746_612_311 });
  expect(mainnet.rulesAt(1_900_000_000)).toMatchObject({
    fork: "prague",
    activation: 1_900_000_000,
    blobs: { max: 15 },
  });
  expect(mainnet.rulesAfter(1_746_612_311)?.activation).toBe(1_900_000_000);
  expect(mainnet.rulesAfter(1_900_000_000)).toBeUndefined();
});
