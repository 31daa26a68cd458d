import { MerklePatriciaTrie } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import { toHex } from "@tributary/protocol/bytes/hex";
import { expect, test } from "vitest";
import { EMPTY_TRIE_ROOT, orderedTrieRoot } from "./ordered-root.ts";

async function oracle(values: readonly Uint8Array[]): Promise<Uint8Array> {
  const trie = new MerklePatriciaTrie();
  for (const [i, value] of values.entries()) await trie.put(RLP.encode(i), value);
  return trie.root();
}

test.each([0, 1, 2, 3, 15, 16, 17, 127, 128, 129, 130, 255, 256, 257, 300])(
  "agrees with a general trie on %i entries",
  async (count) => {
    const values = Array.from({ length: count }, (_, i) =>
      Uint8Array.from({ length: 1 + ((i * 37) % 200) }, (_, j) => (i + j) & 0xff),
    );
    expect(toHex(orderedTrieRoot(values))).toBe(toHex(await oracle(values)));
  },
);

test("has the well-known empty root", () => {
  expect(toHex(EMPTY_TRIE_ROOT)).toBe("0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
});
