import { createBlockHeader } from "@ethereumjs/block";
import { Common, Hardfork, Mainnet } from "@ethereumjs/common";
import { effectiveTip, followingBaseFee } from "@tributary/chain/rules/base-fee";
import { chargeAfter } from "@tributary/chain/rules/fee-storage";
import fc from "fast-check";
import { expect, test } from "vitest";

const common = new Common({ chain: Mainnet, hardfork: Hardfork.London });
const amount = fc.bigInt({ min: 0n, max: 2n ** 96n - 1n });
const treasury = new Uint8Array(20);

const parents = fc
  .record({
    baseFeePerGas: fc.bigInt({ min: 0n, max: 2n ** 96n - 1n }),
    gasLimit: fc.integer({ min: 5_000, max: 2_000_000_000 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ part, ...rest }) => ({ ...rest, gasUsed: Math.floor(part * rest.gasLimit) }));

function libraryFee(parent: { baseFeePerGas: bigint; gasLimit: number; gasUsed: number }): bigint {
  return createBlockHeader(
    { number: 15_000_000n, ...parent },
    { common, skipConsensusFormatValidation: true },
  ).calcNextBaseFee();
}

test("the base fee moves as the library computes it from EIP-1559", () => {
  fc.assert(
    fc.property(parents, (parent) => {
      expect(followingBaseFee(parent.baseFeePerGas, parent)).toBe(libraryFee(parent));
    }),
    { numRuns: 2_000 },
  );
});

test("what a block charges stays between the owner's bounds, and inside of them it is EIP-1559's", () => {
  const bounds = fc
    .tuple(fc.bigInt({ min: 1n, max: 2n ** 96n - 1n }), fc.bigInt({ min: 1n, max: 2n ** 96n - 1n }))
    .map(([a, b]) => (a < b ? { price: a, ceiling: b } : { price: b, ceiling: a }));
  fc.assert(
    fc.property(parents, bounds, (parent, { price, ceiling }) => {
      const charge = chargeAfter({ price, ceiling, treasury }, parent);
      const free = libraryFee(parent);
      expect(charge.tips).toBe(true);
      expect(charge.price).toBe(free < price ? price : free > ceiling ? ceiling : free);
    }),
  );
});

test("a tip is what is offered beyond the base fee, and no more than the tip that is offered", () => {
  fc.assert(
    fc.property(amount, amount, amount, (baseFee, above, tip) => {
      const maxFeePerGas = baseFee + above;
      const maxPriorityFeePerGas = tip < maxFeePerGas ? tip : maxFeePerGas;
      const paid = baseFee + effectiveTip({ maxFeePerGas, maxPriorityFeePerGas }, baseFee);
      expect(paid).toBe([maxFeePerGas, baseFee + maxPriorityFeePerGas].reduce((a, b) => (a < b ? a : b)));
    }),
  );
});
