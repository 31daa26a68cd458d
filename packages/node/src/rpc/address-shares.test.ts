import { expect, test } from "vitest";
import { AddressShares, networkOf } from "./address-shares.ts";
import { NodeBudget } from "./budget.ts";

const settings = { unitsPerSecond: 8_000, surplusPerSecond: 0, burstSeconds: 1, leastBurst: 1_000 };

function open(): { shares: AddressShares; wait: (ms: number) => void } {
  let now = 0;
  const clock = (): number => now;
  const shares = new AddressShares(new NodeBudget(settings, clock).open(128), clock);
  return { shares, wait: (ms) => (now += ms) };
}

/** Units that an address gets by asking for 10 until it is refused. */
function drain(shares: AddressShares, address: string): number {
  let got = 0;
  while (shares.take(address, 10) === 0) got += 10;
  return got;
}

test("one address gets everything while nobody else asks, what other chains leave included", () => {
  let now = 0;
  const node = new NodeBudget({ ...settings, surplusPerSecond: 2_000 }, () => now);
  const shares = new AddressShares(node.open(16), () => now);
  drain(shares, "10.0.0.1");
  now = 1_000;
  expect(drain(shares, "10.0.0.1")).toBe(1_000 + 2_000);
  // Somebody else comes: from now on the flood has no more than its share of the chain's own, and the rest of the node's.
  drain(shares, "10.0.0.2");
  now = 2_000;
  expect(drain(shares, "10.0.0.1")).toBeLessThan(1_000 + 2_000);
  expect(shares.take("10.0.0.2", 100)).toBe(0);
});

test("one address gets nearly everything while nobody else asks, again and again", () => {
  const { shares, wait } = open();
  drain(shares, "10.0.0.1");
  let got = 0;
  for (let i = 0; i < 100; i++) {
    wait(100);
    got += drain(shares, "10.0.0.1");
  }
  expect(got).toBeGreaterThan(0.95 * 80_000);
});

test("a flood from many addresses leaves others their calls", () => {
  const { shares, wait } = open();
  const flood = (): void => {
    for (let i = 0; i < 20; i++) drain(shares, `10.0.0.${i}`);
  };
  flood();
  let served = 0;
  for (let step = 0; step < 200; step++) {
    wait(100);
    flood();
    served += shares.take("192.0.2.1", 11) === 0 ? 1 : 0;
  }
  // The first ones come before it has saved anything.
  expect(served).toBeGreaterThanOrEqual(195);
});

test("one network of IPv6 is one client, and IPv4 in IPv6 is what it says", () => {
  expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe(networkOf("2001:db8:1:2::9"));
  expect(networkOf("2001:db8:1:2::9")).not.toBe(networkOf("2001:db8:1:3::9"));
  expect(networkOf("2001:db8::1")).toBe(networkOf("2001:db8:0:0::2"));
  expect(networkOf("::ffff:192.0.2.7")).toBe("192.0.2.7");
  expect(networkOf("::1")).toBe("0:0:0:0");
});

test("what a call turned out to cost is the address's own, and others keep their calls", () => {
  const { shares, wait } = open();
  /** Asks for little and costs much. */
  const flood = (): void => {
    for (let i = 0; i < 100 && shares.take("10.0.0.1", 1) === 0; i++) shares.charge("10.0.0.1", 50);
  };
  shares.take("192.0.2.1", 1);
  flood();
  let served = 0;
  for (let step = 0; step < 100; step++) {
    wait(100);
    flood();
    served += shares.take("192.0.2.1", 20) === 0 ? 1 : 0;
  }
  expect(served).toBeGreaterThanOrEqual(95);
});
