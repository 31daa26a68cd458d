import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeHeader } from "@tributary/chain/block/header-codec";
import { ChainImport, parseGenesisFile } from "@tributary/ethereum";
import { readBlocks } from "@tributary/ethereum/block/block-codec";
import { describe, expect, test } from "vitest";
import { rpcVectors } from "./vector-files.ts";

/** A block's RLP with another header of the same length. */
function withHeader(block: Uint8Array, header: Uint8Array, length: number): Uint8Array {
  // The list's own length stands in 3 or 4 bytes before the header.
  const at = block.length < 0x1_0000 + 4 ? (block.length < 0x100 + 3 ? 2 : 3) : 4;
  const out = new Uint8Array(block);
  if (header.length !== length) throw new RangeError("the header changed its length");
  out.set(header, at);
  return out;
}

const folder = rpcVectors();

describe.skipIf(folder === undefined)("the chain of execution-apis", () => {
  const read = (name: string): Buffer => readFileSync(join(folder ?? "", name));
  const begin = (): Promise<ChainImport> => ChainImport.begin(parseGenesisFile(read("genesis.json").toString("utf8")));

  test("gives the state root of each header, from proof of work to Osaka, and refuses a block that lies", async () => {
    const chain = await begin();
    for (const raw of readBlocks(read("chain.rlp"))) {
      const { number } = raw.header;
      if (number === 3 || number === 44) {
        const header = { ...raw.header, stateRoot: raw.header.parentHash };
        const encoded = withHeader(raw.encoded, encodeHeader(header), encodeHeader(raw.header).length);
        const lie = chain.add({ ...raw, header, encoded });
        await expect(lie).rejects.toThrow(new RegExp(`^block ${number}: .*state ?root`, "i"));
      }
      await chain.add(raw);
    }
    const { headBlockHash } = JSON.parse(read("headfcu.json").toString("utf8")).params[0];
    expect(`0x${Buffer.from(chain.ledger.head.block.hash).toString("hex")}`).toBe(headBlockHash);
    expect(chain.ledger.head.block.header.number).toBe(54);
  });

  test("a file that is torn is refused", async () => {
    const chain = await begin();
    await expect(chain.addFile(read("chain.rlp").subarray(0, 5_000))).rejects.toMatchObject({ code: "chain-file" });
  });
});
