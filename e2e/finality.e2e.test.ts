// Blocks are checked from outside: by the key in the manager contract and public libraries.
import { RLP } from "@ethereumjs/rlp";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { eraKey, type Finality, segmentsRoot, signedDigest, verify } from "@tributary/testkit/devnet/outside-verifier";
import { until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { encodePacked, type Hex, hexToBytes, keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";

let devnet: Devnet;
let url = "";
beforeAll(async () => {
  devnet = await Devnet.start({ nodes: 4 });
  url = devnet.info.chains[0]!.rpc[1]!;
});
afterAll(() => devnet?.dispose());

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
    const key = await eraKey(devnet.info.mainchain, chainId, proof.blockNumber);
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
