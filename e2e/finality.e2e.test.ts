// Blocks are checked from outside: by the key in the manager contract and public libraries.
import { RLP } from "@ethereumjs/rlp";
import { bucketCalldata, certifiedCalldata } from "@tributary/chain/proof/calldata";
import { verifyStateProof } from "@tributary/chain/proof/verify-state-proof";
import { erasAbi } from "@tributary/contracts/abi/eras.generated";
import { stateProofsAbi } from "@tributary/contracts/abi/state-proofs.generated";
import { parseStateProof } from "@tributary/node/client/state-proof";
import { Devnet } from "@tributary/testkit/devnet/devnet";
import { eraAt, type Finality, segmentsRoot, signedDigest, verify } from "@tributary/testkit/devnet/outside-verifier";
import { until } from "@tributary/testkit/devnet/processes";
import { call } from "@tributary/testkit/devnet/rpc";
import { createPublicClient, encodePacked, type Hex, hexToBytes, http, keccak256, toHex } from "viem";
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
    const { era, groupKey: key } = await eraAt(devnet.info.mainchain, chainId, proof.blockNumber);
    expect(key).toBe(devnet.info.chains[0]!.groupPublicKey);
    const digest = signedDigest(proof.headerEncoded, era);
    expect(verify(key, digest, proof.certificate)).toBe(true);
    const changed = hexToBytes(proof.certificate);
    changed[50]! ^= 1;
    expect(verify(key, digest, toHex(changed))).toBe(false);
    const forged = hexToBytes(proof.headerEncoded);
    forged[100]! ^= 1;
    expect(verify(key, signedDigest(toHex(forged), era), proof.certificate)).toBe(false);
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

test("a balance is proven by the group's key alone, to a library and to the contract on the mainchain", async () => {
  const { chainId } = devnet.info.chains[0]!;
  const { mainchain } = devnet.info;
  const address = devnet.info.accounts[0]!.address;
  const answer = await call<{ blockNumber: number }>(url, "tributary_getProof", address, []);
  const proof = parseStateProof(answer)!;
  const client = createPublicClient({ transport: http(mainchain.rpc) });
  const [era] = await client.readContract({
    address: mainchain.contracts["Eras"]!,
    abi: erasAbi,
    functionName: "erasOf",
    args: [BigInt(chainId)],
  });
  const groupKey = hexToBytes(era!.groupKey);
  const trusted = { group: era!.group, era: era!.era, firstHeight: Number(era!.firstHeight), groupKey };
  const verdict = verifyStateProof(proof, { ...trusted, chainId: BigInt(chainId) });
  if (!verdict.ok) throw new Error(verdict.fault);
  const account = verdict.state.account(hexToBytes(address))!;
  expect(account.balance).toBeGreaterThan(0n);
  const contract = { address: mainchain.contracts["StateProofs"]!, abi: stateProofsAbi } as const;
  const certified = certifiedCalldata(proof, groupKey)!;
  const state = await client.readContract({ ...contract, functionName: "stateOf", args: [BigInt(chainId), certified] });
  expect(state).toEqual({
    root: toHex(verdict.state.block.stateRoot),
    blockNumber: BigInt(answer.blockNumber),
    timestamp: BigInt(verdict.state.block.timestamp),
  });
  const bucket = bucketCalldata(proof.buckets[0]!);
  const held = await client.readContract({
    ...contract,
    functionName: "accountIn",
    args: [state.root, bucket, address],
  });
  expect(held).toEqual([account.nonce, account.balance, toHex(account.codeHash)]);
  const other = { ...certified, certificateEra: 2 };
  await expect(
    client.readContract({ ...contract, functionName: "stateOf", args: [BigInt(chainId), other] }),
  ).rejects.toThrow("UnknownEra");
  await expect(
    client.readContract({ ...contract, functionName: "stateOf", args: [BigInt(chainId) + 1n, certified] }),
  ).rejects.toThrow("UnknownEra");
});
