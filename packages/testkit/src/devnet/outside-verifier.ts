// A verifier from outside: it knows the manager contract, public libraries (viem, @noble/curves) and the written format,
// and nothing of our code.
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { concatHex, createPublicClient, type Hex, hexToBytes, http, keccak256, parseAbi, toHex } from "viem";

/** Answer of tributary_getFinality. */
export type Finality = {
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly headerEncoded: Hex;
  readonly certificate: Hex;
  readonly branch: { readonly index: number; readonly count: number; readonly siblings: readonly Hex[] };
  readonly orderCertificate: Hex | null;
  readonly beacon: Hex;
};

const bls = bls12_381.longSignatures;

/** Whether `signature` over `digest` is by the secret of `key` (compressed G1). */
export function verify(key: Hex, digest: Hex, signature: Hex): boolean {
  try {
    const message = bls.hash(hexToBytes(digest), "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_");
    return bls.verify(hexToBytes(signature), message, hexToBytes(key));
  } catch {
    return false;
  }
}

/** Fields of the container header by their constant offsets: version u16, rules u32, group, era, epoch, height, ... */
const field = (encoded: Hex, offset: number, bytes: number): Hex =>
  `0x${encoded.slice(2 + 2 * offset, 2 + 2 * (offset + bytes))}`;

/**
 * keccak256(tag hash, group, era, epoch, height, header hash): what q members signed. `era`: that of the key, which the
 * contract names for the height. The header's own may be an earlier one, where a Recovery had it certified again.
 */
export function signedDigest(encoded: Hex, era: number): Hex {
  return keccak256(
    concatHex([
      keccak256(toHex("tributary/v1/final")),
      field(encoded, 6, 32),
      toHex(era, { size: 4 }),
      field(encoded, 42, 4),
      field(encoded, 46, 8),
      keccak256(encoded),
    ]),
  );
}

/** Root over the segments of a container, from one block up its branch. */
export function segmentsRoot(leaf: Hex, branch: Finality["branch"]): Hex {
  let node = keccak256(concatHex(["0x00", leaf]));
  let place = branch.index;
  for (const sibling of branch.siblings) {
    node = keccak256((place & 1) === 0 ? concatHex(["0x01", node, sibling]) : concatHex(["0x01", sibling, node]));
    place >>= 1;
  }
  return keccak256(concatHex(["0x02", toHex(branch.count, { size: 4 }), node]));
}

/** Era of a group's key, as the manager contract has it; the last height of an open one is 0. */
export type Era = {
  readonly era: number;
  readonly firstHeight: bigint;
  readonly lastHeight: bigint;
  readonly groupKey: Hex;
};

/** The era that the manager contract has for a height: the only one whose key counts there, whatever a certificate says. */
export async function eraAt(
  mainchain: { readonly rpc: string; readonly contracts: Readonly<Record<string, Hex>> },
  chainId: number,
  height: number,
): Promise<Era> {
  const client = createPublicClient({ transport: http(mainchain.rpc) });
  return await client.readContract({
    address: mainchain.contracts["Eras"]!,
    abi: parseAbi([
      "struct Era { uint32 era; uint64 firstHeight; uint64 lastHeight; bytes32 group; bytes groupKey; }",
      "function eraAt(uint64 chainId, uint64 height) view returns (Era)",
    ]),
    functionName: "eraAt",
    args: [BigInt(chainId), BigInt(height)],
  });
}
