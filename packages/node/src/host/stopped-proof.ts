import { existsSync } from "node:fs";
import { join } from "node:path";
import { encodeHeader } from "@tributary/chain/block/header-codec";
import { proveDirectory } from "@tributary/chain/chain/prove-directory";
import { bucketsOf } from "@tributary/chain/proof/bucket-proof";
import { toHex } from "@tributary/protocol/bytes/hex";
import { encodeContainerHeader } from "@tributary/protocol/container/codec";
import { MAX_MEMBERS } from "@tributary/protocol/quorum";
import type { FinalityProof, StateProofReport } from "../rpc/backend.ts";
import { LevelContainerStore } from "../store/level-container-store.ts";
import { finalityOf } from "./finality-source.ts";

/** What was kept was checked when it came: of any chain. */
const limits = { members: MAX_MEMBERS, containerBytes: 2 ** 31 } as const;

/**
 * Proves an account and slots (32 bytes each) after the newest certified block out of the folder of a member that does
 * not run. Nobody else has to. ChainError or NodeError where a database is missing, in use or damaged.
 */
export async function stoppedProof(
  folder: string,
  chainId: bigint,
  address: Uint8Array,
  slots: readonly Uint8Array[],
): Promise<StateProofReport> {
  const { block, buckets } = await proveDirectory(join(folder, "chain"), bucketsOf(address, slots));
  if (buckets === undefined) return { kind: "too-large" };
  const at = { hash: toHex(block.hash), height: block.height };
  const finality = await storedFinality(join(folder, "containers"), chainId, block.header.number, at);
  if (finality === undefined) return { kind: "uncertified" };
  const { header, certificate, certificateEra, branch } = finality;
  return {
    kind: "proof",
    proof: {
      container: encodeContainerHeader(header),
      certificateEra: certificateEra ?? header.era,
      certificate,
      branch,
      header: encodeHeader(block.header),
      buckets,
    },
  };
}

async function storedFinality(
  folder: string,
  chainId: bigint,
  number: number,
  block: { readonly hash: `0x${string}`; readonly height: number },
): Promise<FinalityProof | undefined> {
  // Opening a folder without a database would make one.
  if (!existsSync(folder)) return undefined;
  // Nothing is written, so that nothing fails.
  const store = await LevelContainerStore.open(folder, () => undefined);
  try {
    return finalityOf(store, limits, chainId, () => block, number);
  } finally {
    await store.close();
  }
}
