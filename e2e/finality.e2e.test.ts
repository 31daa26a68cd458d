// A verifier from outside: it knows the manager contract, public libraries (viem, @noble/curves, @ethereumjs/rlp) and the
// written format, and nothing of our code.
import { RLP } from "@ethereumjs/rlp";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import {
  concatHex,
  createPublicClient,
  encodePacked,
  type Hex,
  hexToBytes,
  http,
  keccak256,
  parseAbi,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

type Finality = {
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly headerEncoded: Hex;
  readonly certificate: Hex;
  readonly branch: { readonly index: number; readonly count: number; readonly siblings: readonly Hex[] };
  readonly orderCertificate: Hex | null;
  readonly beacon: Hex;
};

let devnet: Devnet;
let url = "";
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  url = devnet.info.chains[0]!.rpc[1]!;
});
afterAll(() => devnet?.dispose());

const bls = bls12_381.longSignatures;

function verify(key: Hex, digest: Hex, signature: Hex): boolean {
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

/** keccak256(tag hash, group, era, epoch, height, header hash): what q members signed. */
function signedDigest(encoded: Hex): Hex {
  return keccak256(
    concatHex([
      keccak256(toHex("tributary/v1/final")),
      field(encoded, 6, 32),
      field(encoded, 38, 4),
      field(encoded, 42, 4),
      field(encoded, 46, 8),
      keccak256(encoded),
    ]),
  );
}

function segmentsRoot(leaf: Hex, branch: Finality["branch"]): Hex {
  let node = keccak256(concatHex(["0x00", leaf]));
  let place = branch.index;
  for (const sibling of branch.siblings) {
    node = keccak256((place & 1) === 0 ? concatHex(["0x01", node, sibling]) : concatHex(["0x01", sibling, node]));
    place >>= 1;
  }
  return keccak256(concatHex(["0x02", toHex(branch.count, { size: 4 }), node]));
}

async function eraKey(chainId: number, height: number): Promise<Hex> {
  const client = createPublicClient({ transport: http(devnet.info.mainchain.rpc) });
  const era = await client.readContract({
    address: devnet.info.mainchain.contracts["Eras"]!,
    abi: parseAbi([
      "struct Era { uint32 era; uint64 firstHeight; uint64 lastHeight; bytes32 group; bytes groupKey; }",
      "function eraAt(uint64 chainId, uint64 height) view returns (Era)",
    ]),
    functionName: "eraAt",
    args: [BigInt(chainId), BigInt(height)],
  });
  return era.groupKey;
}

test("a block is checked against the key in the manager contract; one changed bit fails", async () => {
  const { chainId } = devnet.info.chains[0]!;
  const account = privateKeyToAccount(devnet.info.accounts[0]!.privateKey);
  const hash = await call<Hex>(
    url,
    "eth_sendRawTransaction",
    await account.signTransaction({
      chainId,
      nonce: 0,
      to: account.address,
      value: 1n,
      gas: 21_000n,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
    }),
  );
  const receipt = await until(
    "the receipt",
    20_000,
    async () => (await call<{ blockNumber: Hex } | null>(url, "eth_getTransactionReceipt", hash)) ?? undefined,
  );
  for (const tag of ["0x1", receipt.blockNumber]) {
    const proof = await call<Finality>(url, "tributary_getFinality", tag);
    const key = await eraKey(chainId, proof.blockNumber);
    expect(key).toBe(devnet.info.chains[0]!.groupPublicKey);
    const digest = signedDigest(proof.headerEncoded);
    expect(verify(key, digest, proof.certificate)).toBe(true);
    const changed = hexToBytes(proof.certificate);
    changed[50]! ^= 1;
    expect(verify(key, digest, toHex(changed))).toBe(false);
    const forged = hexToBytes(proof.headerEncoded);
    forged[100]! ^= 1;
    expect(verify(key, signedDigest(toHex(forged)), proof.certificate)).toBe(false);
    // From the signed header down to the block: segmentsRoot is the last field, 32 bytes.
    const leaf = encodePacked(
      ["uint64", "uint64", "bytes32"],
      [BigInt(chainId), BigInt(proof.blockNumber), proof.blockHash],
    );
    expect(segmentsRoot(leaf, proof.branch)).toBe(`0x${proof.headerEncoded.slice(-64)}`);
    // The block's hash is keccak of its RLP header, and its PREVRANDAO the hash of the order's signature.
    const raw = await call<Hex>(url, "debug_getRawHeader", tag);
    expect(keccak256(raw)).toBe(proof.blockHash);
    const fields = RLP.decode(hexToBytes(raw)) as Uint8Array[];
    expect(toHex(fields[13]!)).toBe(proof.beacon);
    if (proof.orderCertificate !== null) expect(keccak256(proof.orderCertificate)).toBe(proof.beacon);
  }
});
