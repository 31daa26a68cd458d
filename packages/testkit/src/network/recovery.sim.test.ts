import type { EraStanding } from "@tributary/node/consensus/ports";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { describe, expect, test } from "vitest";
import { NetworkSimulation, simulateNetwork } from "./simulation.ts";

const opening: HexHash = `0x${"0e".repeat(32)}`;

/** Four honest members and one transaction that is final; what the mainchain says from then on is up to the test. */
function quietWorld(): { world: NetworkSimulation; say: (standing: EraStanding) => void } {
  let standing: EraStanding = "unknown";
  const world = new NetworkSimulation({ members: 4, heights: 1, seed: 5, calm: true, standing: () => standing });
  const [first] = world.start();
  world.submit(first!, 1, 0);
  world.advance(3_000);
  expect(world.outstanding).toBe(0);
  const say = (next: EraStanding): void => {
    standing = next;
  };
  return { world, say };
}

test("an era that lost more than f disks ends, and the next one goes on with all that may have been final", () => {
  let inherited = 0;
  for (const seed of [22, 31]) {
    const report = simulateNetwork({ members: 4, heights: 2, seed, recoveries: 1 });
    expect(report.failure, `seed ${seed}`).toBeUndefined();
    inherited += report.inherited;
  }
  expect(inherited).toBeGreaterThan(0);
});

test("so it is in the era after that one too, which may begin before what it takes over is final again", () => {
  const report = simulateNetwork({ members: 4, heights: 2, seed: 22, recoveries: 2 });
  expect(report.failure).toBeUndefined();
  expect(report.recoveries).toBe(2);
  expect(report.inheritedAgain).toBeGreaterThan(0);
});

describe("while a Recovery is open", () => {
  test("nothing is signed, whoever restarts; what waited goes on when it was cancelled", () => {
    const { world, say } = quietWorld();
    const [first, second, third] = world.members;
    say({ opening });
    world.advance(1_000);
    const signed = world.costs.crypto.sharesSigned + world.costs.crypto.nodeSigned;
    world.submit(first!, 1, 1);
    world.advance(20_000);
    // Without a word of the mainchain a restarted member still knows.
    say("unknown");
    second!.crash();
    second!.start();
    world.advance(20_000);
    // It may be heard again before it says anything of Recoveries.
    say("open");
    third!.crash();
    third!.start();
    world.submit(third!, 2, 0);
    world.advance(20_000);
    expect(world.costs.crypto.sharesSigned + world.costs.crypto.nodeSigned).toBe(signed);
    expect(world.members.map((member) => member.status()?.status)).toEqual(new Array(4).fill("recovery"));
    say({ cancelled: [`0x${"0f".repeat(32)}`] });
    world.advance(5_000);
    expect(world.outstanding).toBe(2);
    // One that was opened and cancelled while somebody was down does not stand between.
    say({ cancelled: [opening, `0x${"0f".repeat(32)}`] });
    world.advance(10_000);
    expect(world.outstanding).toBe(0);
    expect(world.members.map((member) => member.status()?.status)).toEqual(new Array(4).fill("running"));
  });

  test("a silent mainchain freezes too, until it is heard", () => {
    const { world, say } = quietWorld();
    say("silent");
    world.advance(1_000);
    world.submit(world.members[0]!, 1, 1);
    world.advance(10_000);
    expect(world.outstanding).toBe(1);
    say("open");
    world.advance(10_000);
    expect(world.outstanding).toBe(0);
  });

  test("an opening in the middle of agreement loses nothing", () => {
    for (let seed = 1; seed <= 3; seed++) {
      let standing: EraStanding = "open";
      const world = new NetworkSimulation({ members: 4, heights: 1, seed, calm: true, standing: () => standing });
      const members = world.start();
      for (let nonce = 0; nonce < 30; nonce++) {
        world.submit(members[nonce % 4]!, 1 + (nonce % 4), Math.floor(nonce / 4));
        if (nonce === 9) standing = { opening };
        if (nonce === 19) standing = { cancelled: [opening] };
        world.advance(37 * seed);
      }
      world.advance(15_000);
      expect(world.outstanding, `seed ${seed}`).toBe(0);
    }
  });
});
