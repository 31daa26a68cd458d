// Submits transactions to a chain in the folder named by the first argument and prints each hash once it is
// acknowledged, until it is killed.

import { toHex } from "@tributary/protocol/bytes/hex";
import { addresses, TestChain } from "../chain/chain.fixture.ts";

const [, , directory] = process.argv;
if (directory === undefined) throw new TypeError("no folder given");
const t = await TestChain.open({ storage: { directory } });
const to = addresses[1] ?? new Uint8Array(20);
for (let nonce = 0n; nonce < 1_000n; nonce += 4n) {
  const some = [0n, 1n, 2n, 3n].map((i) => t.chain.submit(t.sign(0, { nonce: nonce + i, to })));
  for (const result of await Promise.all(some)) {
    if (result.kind === "accepted") process.stdout.write(`${toHex(result.hash)}\n`);
  }
}
