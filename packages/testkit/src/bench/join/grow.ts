import { until } from "../../devnet/processes.ts";
import type { JoinNetwork } from "./join-network.ts";
import { Transfers } from "./transfers.ts";

/** Transfers a second while the chain grows: one a block, about. */
const PER_SECOND = 100;
/** The same while the other members come: blocks enough for a snapshot to be made, and few to follow. */
const QUIET = 5;
/** Heights behind at which the second and the third member fetch a snapshot. */
const LAG = 64;
const NEVER = 1_000_000_000;
const BLOCKS_MS = 7_200_000;
const MEMBERS_MS = 900_000;

/**
 * So many blocks of a committee of one, then the epoch of all members: two of them come first, as new members do. Where an
 * earlier run did that, the three start.
 */
export async function growChain(network: JoinNetwork, blocks: number, progress: (line: string) => void): Promise<void> {
  const [founder, ...others] = [1, 2, 3] as const;
  if (network.isReady) {
    for (const id of [founder, ...others]) network.spawn(id, NEVER);
    await Promise.all([founder, ...others].map((id) => network.serves(id)));
    return;
  }
  network.spawn(founder, NEVER);
  await network.serves(founder);
  let transfers = new Transfers(network, PER_SECOND, [founder]);
  try {
    await reach(network, founder, blocks, progress);
    await transfers.stop();
    transfers = new Transfers(network, QUIET, [founder]);
    for (const id of others) network.spawn(id, LAG);
    await until("the other members", MEMBERS_MS, async () => {
      const [head, ...heights] = await Promise.all([founder, ...others].map((id) => network.height(id)));
      return head !== undefined && heights.every((height) => height >= head - LAG);
    });
    network.ready();
    await until("a block of all members", MEMBERS_MS, async () => (await network.epoch(founder)) > 0);
  } finally {
    await transfers.stop();
  }
}

async function reach(
  network: JoinNetwork,
  id: number,
  blocks: number,
  progress: (line: string) => void,
): Promise<void> {
  let said = performance.now();
  await until(
    `${blocks} blocks`,
    BLOCKS_MS,
    async () => {
      const height = await network.height(id);
      if (performance.now() - said > 20_000) {
        progress(`${height} of ${blocks} blocks`);
        said = performance.now();
      }
      return height >= blocks;
    },
    500,
  );
}
