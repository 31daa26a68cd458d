import { addresses, CHAIN_ID, START, TestChain, word } from "@tributary/chain/chain/chain.fixture";
import { CHAIN_INFORMATION_CODE } from "@tributary/chain/genesis/chain-information-code";
import { RANDOMNESS_CODE } from "@tributary/chain/genesis/randomness-code";
import { CHAIN_INFORMATION_ADDRESS, RANDOMNESS_ADDRESS, RULES_ADDRESS } from "@tributary/chain/predeploy-addresses";
import { chainInformationAbi } from "@tributary/contracts/abi/chain-information.generated";
import { randomnessAbi } from "@tributary/contracts/abi/randomness.generated";
import { rulesAbi } from "@tributary/contracts/abi/rules.generated";
import { compilePredeploy } from "@tributary/contracts/compile";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import {
  type Abi,
  type Address,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  keccak256,
  stringToHex,
  toFunctionSelector,
} from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const OWNER = toHex(addresses[3] ?? new Uint8Array(20)) as Address;
const NAME = "a chain with a name of more than thirty-one bytes";
const TAG: Hex = `0x${"07".repeat(32)}`;

/** Creation code: slot 0 is what `members()` says in the transaction that deploys it. */
const keepsMembers: Uint8Array = Buffer.from(
  [
    `63${toFunctionSelector("members()").slice(2)}600052`,
    `602060006004601c73${toHex(CHAIN_INFORMATION_ADDRESS).slice(2)}5afa50`,
    "60005160005500",
  ].join(""),
  "hex",
);

let chain: TestChain;
beforeEach(async () => {
  chain = await TestChain.open({ genesis: { name: NAME, owner: OWNER } });
});
afterEach(() => chain.chain.close());

async function read(
  address: Uint8Array,
  abi: Abi,
  functionName: string,
  args: readonly unknown[] = [],
  block: number | "latest" = "latest",
  from = 0,
): Promise<unknown> {
  const data = fromHex(encodeFunctionData({ abi, functionName, args })) ?? new Uint8Array();
  const sender = addresses[from] ?? new Uint8Array(20);
  const result = await chain.chain.call({ from: sender, to: address, data }, block);
  if (result.kind !== "success") throw new Error(`${functionName} ended with ${result.kind}`);
  return decodeFunctionResult({ abi, functionName, data: toHex(result.data) as Hex });
}

const draw = (functionName: string, args: readonly unknown[], block?: number, from?: number): Promise<unknown> =>
  read(RANDOMNESS_ADDRESS, randomnessAbi, functionName, args, block, from);

test("the codes of predeployed contracts are what the sources compile to", () => {
  expect(compilePredeploy("Randomness.sol").get("Randomness")).toBe(RANDOMNESS_CODE);
  expect(compilePredeploy("ChainInformation.sol").get("ChainInformation")).toBe(CHAIN_INFORMATION_CODE);
});

describe("chain information", () => {
  const ask = (name: string): Promise<unknown> => read(CHAIN_INFORMATION_ADDRESS, chainInformationAbi, name);

  test("tells contracts what the chain is", async () => {
    expect(await ask("name")).toBe(NAME);
    expect(await ask("chainId")).toBe(CHAIN_ID);
    expect(await ask("createdAt")).toBe(BigInt(START));
    expect(await ask("gasLimit")).toBe(30_000_000n);
    expect(await ask("byteLimit")).toBe(1_000_000n);
    expect(String(await ask("owner")).toLowerCase()).toBe(OWNER);
  });

  test("names the committee that ordered a block, from its first transaction on, in replays too", async () => {
    expect(await ask("members")).toBe(0);
    expect(await ask("quorum")).toBe(0);
    const committee: Hex = `0x${"5c".repeat(32)}`;
    await chain.block();
    const first = [await ask("era"), await ask("epoch"), await ask("members"), await ask("quorum")];
    expect(first).toEqual([1n, 1n, 4, 3]);
    chain.term = { era: 2, epoch: 7, committee };
    await chain.block(chain.sign(0, { data: keepsMembers }));
    expect([await ask("era"), await ask("epoch"), await ask("members"), await ask("quorum")]).toEqual([2n, 7n, 10, 7]);
    expect(await ask("committee")).toBe(committee);
    const [created] = chain.chain.receipts("latest") ?? [];
    const kept = created?.receipt.contractAddress ?? new Uint8Array(20);
    expect(chain.chain.storage(kept, word(0n))).toEqual(word(10n));
    const answers: Uint8Array[] = [];
    await chain.chain.replay(2, 1, () => ({ exit: ({ output }) => answers.push(Uint8Array.from(output())) }));
    expect(answers[0]).toEqual(word(10n));
  });

  test("takes the committee from the protocol only", async () => {
    await chain.block();
    const data = encodeFunctionData({ abi: chainInformationAbi, functionName: "beginTerm", args: [9n, 9n, 9, TAG] });
    const to = CHAIN_INFORMATION_ADDRESS;
    await chain.block(chain.sign(3, { to, data: fromHex(data) ?? new Uint8Array() }));
    expect(chain.chain.receipts("latest")?.map(({ receipt }) => receipt.status)).toEqual([0]);
    expect(await ask("epoch")).toBe(1n);
  });

  test.each(["", "short", "x".repeat(31), "x".repeat(32), "ü".repeat(40)])("a name of any length: %s", async (name) => {
    await chain.chain.close();
    chain = await TestChain.open({ genesis: { name } });
    expect(await ask("name")).toBe(name);
  });
});

describe("random values", () => {
  beforeEach(async () => {
    for (let block = 0; block < 3; block++) await chain.block();
  });

  const derived = (domain: string, block: number, source: Uint8Array, caller: number): Hex => {
    const types = ["bytes32", "uint256", "uint256", "bytes32", "address", "bytes32"].map((type) => ({ type }));
    const from = toHex(addresses[caller] ?? new Uint8Array(20));
    const fields = [keccak256(stringToHex(domain)), CHAIN_ID, BigInt(block), toHex(source), from, TAG];
    return keccak256(encodeAbiParameters(types, fields));
  };

  test("follow from the block's beacon, the caller, the tag and the chain, and from nothing else", async () => {
    const expected = derived("tributary random value of this block 1", 2, word(2n * 1_000_003n), 1);
    expect(await draw("random", [TAG], 2, 1)).toBe(expected);
    const others = await Promise.all([
      draw("random", [TAG], 3, 1),
      draw("random", [TAG], 2, 2),
      draw("random", [`0x${"08".repeat(32)}`], 2, 1),
      draw("randomAt", [2n, TAG], 3, 1),
    ]);
    expect(new Set([expected, ...others]).size).toBe(5);
  });

  test("of a past block follow from its hash, the same whenever they are drawn, and there are none of later ones", async () => {
    const past = derived(
      "tributary random value of a past block 1",
      1,
      chain.chain.block(1)?.hash ?? new Uint8Array(32),
      1,
    );
    expect(await draw("randomAt", [1n, TAG], 2, 1)).toBe(past);
    expect(await draw("randomAt", [1n, TAG], 3, 1)).toBe(past);
    for (const block of [0n, 3n, 4n, 2n ** 256n - 1n]) {
      await expect(draw("randomAt", [block, TAG])).rejects.toThrow("revert");
    }
  });

  test("need no more than the owner's leave to draw", async () => {
    const any: Hex = `0x${"00".repeat(31)}02`;
    const target = toHex(RANDOMNESS_ADDRESS) as Address;
    const calls = [
      encodeFunctionData({ abi: rulesAbi, functionName: "setPolicy", args: [2n, 0n] }),
      encodeFunctionData({
        abi: rulesAbi,
        functionName: "setCalls",
        args: [[{ target, selector: any, permission: 1n }]],
      }),
    ];
    await chain.block(
      chain.sign(3, {
        nonce: 0n,
        to: RULES_ADDRESS,
        data: fromHex(calls[0] ?? "0x") ?? new Uint8Array(),
        gasLimit: 100_000n,
      }),
    );
    await expect(draw("randomAt", [1n, TAG])).rejects.toThrow("invalid");
    await chain.block(
      chain.sign(3, {
        nonce: 1n,
        to: RULES_ADDRESS,
        data: fromHex(calls[1] ?? "0x") ?? new Uint8Array(),
        gasLimit: 100_000n,
      }),
    );
    expect(await draw("randomAt", [1n, TAG])).toMatch(/^0x/);
  });

  test("below a bound are below it, and all of them come", async () => {
    const seen = new Set<unknown>();
    for (let tag = 0; tag < 64; tag++) {
      const value = await draw("randomBelowAt", [1n, 3n, toHex(word(BigInt(tag)))]);
      seen.add(value);
    }
    expect([...seen].sort()).toEqual([0n, 1n, 2n]);
    expect(await draw("randomBelow", [1n, TAG])).toBe(0n);
    await expect(draw("randomBelow", [0n, TAG])).rejects.toThrow("revert");
    // More than half of all words are drawn again here.
    const bound = 2n ** 255n + 1n;
    for (let tag = 0; tag < 8; tag++) {
      expect(await draw("randomBelow", [bound, toHex(word(BigInt(tag)))])).toBeLessThan(bound);
    }
  });
});
