import { concat } from "@tributary/protocol/bytes/bytes";
import { COIN_CREATION_CODE } from "../executor/coin.fixture.ts";
import { diskFolder } from "../files/disk-folder.ts";
import { SnapshotFiles } from "../snapshot/snapshot-files.ts";
import { createAddress } from "../transaction/recover.ts";
import { addresses, hex, TestChain, word } from "./chain.fixture.ts";

export const PROOF: Uint8Array = new TextEncoder().encode("whatever certifies the block");
const alice = addresses[0] ?? new Uint8Array(20);
export const coin: Uint8Array = createAddress(alice, 0n);

/** One more block: a transfer of coins and one of the native coin, to accounts of their own. */
export function step(chain: TestChain, nonce: number): Promise<unknown> {
  const to = word(BigInt(nonce) * 7_919n + 3n);
  const data = concat(hex("a9059cbb"), to, word(BigInt(nonce)));
  return chain.block(
    chain.sign(0, { nonce: BigInt(nonce), to: coin, data }),
    chain.sign(1, { nonce: BigInt(nonce - 1), to: to.subarray(12), value: 5n }),
  );
}

/** A chain with contract, storage and accounts, so many blocks high. */
export async function grownChain(blocks: number, directory?: string): Promise<TestChain> {
  const chain = await TestChain.open(directory === undefined ? {} : { storage: { directory } });
  await chain.block(chain.sign(0, { data: hex(COIN_CREATION_CODE) }));
  for (let nonce = 1; nonce < blocks; nonce++) await step(chain, nonce);
  return chain;
}

/** The snapshot of the chain's newest block, written to the folder. */
export async function writtenSnapshot(chain: TestChain, folder: string): Promise<SnapshotFiles> {
  const files = diskFolder(folder);
  const frozen = chain.chain.freeze();
  await frozen.write(files, PROOF);
  await frozen.close();
  const written = SnapshotFiles.open(files);
  if (written === undefined) throw new Error("a written snapshot can be opened");
  return written;
}
