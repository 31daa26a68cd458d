import { createBlock } from "@ethereumjs/block";
import { createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import { createTxFromRLP, type TypedTransaction } from "@ethereumjs/tx";
import { Account, Address } from "@ethereumjs/util";
import { createVM, encodeReceipt as oracleReceipt, type RunTxResult, runTx, type VM } from "@ethereumjs/vm";
import { concat } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { describe, expect, test } from "vitest";
import { headerHash } from "../block/header-codec.ts";
import { encodeReceipt } from "../block/receipt-codec.ts";
import { addresses, CHAIN_ID, hex, keys, TestChain, word } from "../chain/chain.fixture.ts";
import { PREDEPLOYS } from "../genesis/predeploys.ts";
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from "../predeploy-addresses.ts";
import { createAddress } from "../transaction/recover.ts";
import { signAuthorization } from "../transaction/sign.fixture.ts";
import { COIN_CREATION_CODE } from "./coin.fixture.ts";

const [alice, bob, carol] = addresses as [Uint8Array, Uint8Array, Uint8Array];
const coin = createAddress(alice, 0n);
const transferTo = (to: Uint8Array, amount: bigint): Uint8Array => concat(hex("a9059cbb"), word(to), word(amount));
const balanceOf = (who: Uint8Array): Uint8Array => concat(hex("70a08231"), word(who));
/** Creation code that returns the given runtime code. */
const deploy = (runtime: string): Uint8Array => {
  const code = hex(runtime);
  return concat(
    hex("60"),
    Uint8Array.of(code.length),
    hex("600b5f3960"),
    Uint8Array.of(code.length),
    hex("5ff3"),
    hex("00"),
    code,
  );
};
const STORE_AND_LOG = "5f356001555f5460010180 5f555f5260205fa0".replace(" ", "");

async function coinChain(): Promise<TestChain> {
  const test = await TestChain.open();
  await test.block(test.sign(0, { data: hex(COIN_CREATION_CODE) }));
  return test;
}

const marks = (result: { readonly transactions: readonly { readonly mark: string }[] }): string[] =>
  result.transactions.map(({ mark }) => mark);

describe("a token", () => {
  test("is deployed, transferred and read", async () => {
    const { chain, ...rest } = await coinChain();
    const t = { chain, ...rest };
    expect(chain.code(coin).length).toBe(1710);
    const test_ = await coinChain();
    await test_.block(test_.sign(0, { nonce: 1n, to: coin, data: transferTo(bob, 5n) }));
    const read = await test_.chain.call({ to: coin, data: balanceOf(bob) });
    expect(read).toMatchObject({ kind: "success", data: word(5n) });
    expect(t.chain.head.header.number).toBe(1);
    const [included] = test_.chain.receipts("latest")!;
    expect(included!.receipt.status).toBe(1);
    expect(included!.receipt.logs).toHaveLength(1);
    expect(toHex(included!.receipt.logs[0]!.topics[2]!)).toBe(toHex(word(bob)));
  });

  test("reverts with its reason and leaves nothing but nonce and gas", async () => {
    const t = await coinChain();
    const before = await t.chain.call({ to: coin, data: balanceOf(carol) });
    await t.block(t.sign(1, { to: coin, data: transferTo(carol, 1n) }));
    const [included] = t.chain.receipts("latest")!;
    expect(included!.receipt).toMatchObject({ status: 0, logs: [] });
    expect(t.chain.nonce(bob)).toBe(1n);
    expect(await t.chain.call({ to: coin, data: balanceOf(carol) })).toEqual(before);
    const call = await t.chain.call({ from: bob, to: coin, data: transferTo(carol, 1n) });
    expect(call.kind).toBe("revert");
    // ERC20InsufficientBalance(address,uint256,uint256)
    if (call.kind === "revert") expect(toHex(call.data.subarray(0, 4))).toBe("0xe450d38c");
    expect(await t.chain.estimateGas({ from: bob, to: coin, data: transferTo(carol, 1n) })).toEqual(call);
  });

  test("an estimate is enough and not much more than needed", async () => {
    const t = await coinChain();
    const data = transferTo(carol, 9n);
    const estimate = await t.chain.estimateGas({ from: alice, to: coin, data });
    if (estimate.kind !== "success") throw new Error(estimate.kind);
    await t.block(t.sign(0, { nonce: 1n, to: coin, data, gasLimit: estimate.gas }));
    const [included] = t.chain.receipts("latest")!;
    expect(included!.receipt.status).toBe(1);
    expect(Number(estimate.gas)).toBeLessThan(included!.receipt.gasUsed * 1.05);
    expect(await t.chain.estimateGas({ from: alice, to: bob, value: 1n })).toEqual({ kind: "success", gas: 21_000n });
    expect(await t.chain.estimateGas({ from: alice, to: coin, data, gas: 30_000n })).toMatchObject({
      kind: "halt",
      message: "gas required exceeds allowance (30000)",
    });
  });
});

describe("predeployed contracts", () => {
  test("have the code that is known elsewhere", () => {
    expect(PREDEPLOYS.slice(0, 4).map(({ name, code }) => [name, toHex(keccak256(code))])).toEqual([
      ["CREATE2 deployer", "0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989"],
      ["Multicall3", "0xd5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891"],
      ["EIP-2935 history", "0x6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d"],
      ["EIP-4788 beacon roots", "0xf57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c"],
    ]);
  });

  test("the deployer deploys at the CREATE2 address", async () => {
    const t = await TestChain.open();
    const salt = word(7n);
    const initcode = deploy("6001");
    await t.block(t.sign(0, { to: PREDEPLOYS[0]!.address, data: concat(salt, initcode) }));
    const preimage = concat(hex("ff"), PREDEPLOYS[0]!.address, salt, keccak256(initcode));
    expect(toHex(t.chain.code(keccak256(preimage).slice(12)))).toBe("0x6001");
  });

  test("Multicall3 calls several contracts in one", async () => {
    const t = await coinChain();
    // aggregate((address,bytes)[]) with one call
    const inner = balanceOf(alice);
    const call = concat(word(coin), word(64n), word(BigInt(inner.length)), inner, new Uint8Array(28));
    const data = concat(hex("252dba42"), word(32n), word(1n), word(32n), call);
    const result = await t.chain.call({ to: PREDEPLOYS[1]!.address, data });
    if (result.kind !== "success") throw new Error(result.kind);
    expect(toHex(result.data.subarray(0, 32))).toBe(toHex(word(1n)));
    expect(toHex(result.data.subarray(-32))).toBe(toHex(word(10n ** 30n)));
  });

  test("history and beacon roots are written before the first transaction", async () => {
    const t = await TestChain.open();
    await t.block();
    await t.block();
    const head = t.chain.head.header;
    const history = await t.chain.call({ to: HISTORY_ADDRESS, data: word(1n) });
    expect(history).toMatchObject({ kind: "success", data: t.chain.block(1)!.hash });
    const root = await t.chain.call({ to: BEACON_ROOTS_ADDRESS, data: word(BigInt(head.timestamp)) });
    expect(root).toMatchObject({ kind: "success", data: head.parentBeaconBlockRoot });
    expect((await t.chain.call({ to: HISTORY_ADDRESS, data: word(2n) })).kind).toBe("revert");
  });
});

describe("at its place in the container", () => {
  test("equal ones count once, invalid ones are skipped, the rest goes on", async () => {
    const t = await TestChain.open();
    const first = t.sign(0, { to: bob, value: 1n });
    const poor = t.sign(9, { to: bob, value: 1n });
    const again = t.sign(0, { to: carol, value: 1n });
    const other = t.sign(1, { to: carol, value: 1n });
    const result = await t.execute([first, poor], [first, again, Uint8Array.of(1, 2, 3), other]);
    expect(marks(result)).toEqual(["executed", "skipped", "skipped", "skipped", "executed"]);
    await t.commit(1);
    expect(t.chain.head.transactions.map(toHex)).toEqual([first, other].map(toHex));
  });

  test("one ahead of its nonce waits for the gap to close, and runs right after", async () => {
    const t = await TestChain.open();
    const [zero, one, two, four] = [0n, 1n, 2n, 4n].map((nonce) => t.sign(0, { nonce, to: bob }));
    const between = t.sign(1, { to: bob });
    const result = await t.execute([two!, one!, four!], [between, zero!]);
    expect(marks(result)).toEqual(["executed", "executed", "left-out", "executed", "executed"]);
    await t.commit(1);
    expect(t.chain.head.transactions.map(toHex)).toEqual([between, zero!, one!, two!].map(toHex));
  });

  test("what no longer fits gas or bytes is left out, what fits goes on", async () => {
    const t = await TestChain.open({ genesis: { gasLimit: 100_000, byteLimit: 500 } });
    const send = (from: number, gasLimit: bigint, bytes = 0): Uint8Array =>
      t.sign(from, { to: bob, gasLimit, data: new Uint8Array(bytes) });
    expect(marks(await t.execute([send(0, 100_001n), send(1, 60_000n), send(2, 80_000n), send(3, 70_000n)]))).toEqual([
      "left-out",
      "executed",
      "left-out",
      "executed",
    ]);
    await t.commit(1);
    expect(marks(await t.execute([send(4, 30_000n, 200), send(5, 30_000n, 200), send(6, 30_000n)]))).toEqual([
      "executed",
      "left-out",
      "executed",
    ]);
  });

  test("the list of one container, executed as one body, gives the same block", async () => {
    const bodies = (t: TestChain): Uint8Array[][] => [
      [t.sign(0, { nonce: 1n, to: bob }), t.sign(9, { to: bob, value: 1n }), t.sign(0, { nonce: 5n, to: bob })],
      [t.sign(1, { to: bob }), t.sign(0, { to: carol })],
    ];
    const one = await TestChain.open();
    const other = await TestChain.open();
    const first = await one.execute(...bodies(one));
    const second = await other.execute(first.transactions.map(({ raw }) => raw));
    expect(second).toEqual(first);
  });

  test("a closed gap may come from an authorisation", async () => {
    const t = await TestChain.open();
    const authorizations = [signAuthorization({ chainId: CHAIN_ID, address: coin, nonce: 0n }, keys[1]!)];
    const ahead = t.sign(1, { nonce: 1n, to: carol });
    const setCode = t.sign(0, { type: 4, to: carol, authorizations });
    expect(marks(await t.execute([ahead, setCode]))).toEqual(["executed", "executed"]);
  });
});

describe("EIP-7702", () => {
  test("an account runs the code that it delegates to, and takes it back", async () => {
    const t = await TestChain.open();
    await t.block(t.sign(0, { data: deploy(STORE_AND_LOG) }));
    const target = createAddress(alice, 0n);
    const authorize = (address: Uint8Array, nonce: bigint) => [
      signAuthorization({ chainId: 0n, address, nonce }, keys[1]!),
      signAuthorization({ chainId: 7n, address, nonce: nonce + 1n }, keys[1]!),
    ];
    await t.block(t.sign(0, { type: 4, nonce: 1n, to: bob, authorizations: authorize(target, 0n), data: word(9n) }));
    expect(toHex(t.chain.code(bob))).toBe(toHex(concat(hex("ef0100"), target)));
    expect(toHex(t.chain.storage(bob, word(1n)))).toBe(toHex(word(9n)));
    expect(t.chain.nonce(bob)).toBe(1n);
    const clear = authorize(new Uint8Array(20), 1n);
    await t.block(t.sign(0, { type: 4, nonce: 2n, to: carol, authorizations: clear }));
    expect(t.chain.code(bob).length).toBe(0);
    expect(toHex(t.chain.storage(bob, word(1n)))).toBe(toHex(word(9n)));
    const audit = await t.chain.audit();
    expect(toHex(audit.root)).toBe(toHex(t.chain.head.header.stateRoot));
  });
});

// Everything below also runs through the library's own transaction processing over its own state.

const common = createCustomCommon({ chainId: Number(CHAIN_ID) }, Mainnet, { hardfork: Hardfork.Prague });

async function oracleVm(): Promise<VM> {
  const vm = await createVM({ common });
  for (const address of addresses) {
    await vm.stateManager.putAccount(new Address(address), new Account(0n, 10n ** 20n));
  }
  return vm;
}

async function oracleRun(vm: VM, raw: Uint8Array, t: TestChain): Promise<RunTxResult> {
  const { header } = t.chain.head;
  const block = createBlock(
    {
      header: {
        number: header.number,
        timestamp: header.timestamp,
        gasLimit: header.gasLimit,
        mixHash: header.mixHash,
        baseFeePerGas: 0n,
        parentBeaconBlockRoot: header.parentBeaconBlockRoot,
      },
    },
    { common },
  );
  const tx = createTxFromRLP(raw, { common }) as TypedTransaction;
  return runTx(vm, { tx, block, skipHardForkValidation: true });
}

describe("agrees with the library's transaction processing", () => {
  const counter = createAddress(alice, 0n);
  // PUSH0 SELFDESTRUCT in the constructor; a contract that destroys itself when called.
  const scenarios: Record<string, (t: TestChain) => Uint8Array[]> = {
    transfers: (t) => [
      t.sign(0, { to: bob, value: 3n }),
      t.sign(0, { nonce: 1n, to: hex(`${"00".repeat(19)}77`), value: 1n }),
      t.sign(0, { nonce: 2n, type: 0, to: alice, value: 10n }),
      t.sign(0, { nonce: 3n, to: carol, data: new Uint8Array(3000).fill(1), gasLimit: 200_000n }),
    ],
    token: (t) => [
      t.sign(0, { data: hex(COIN_CREATION_CODE) }),
      t.sign(0, { nonce: 1n, to: coin, data: transferTo(bob, 1000n) }),
      t.sign(1, { to: coin, data: transferTo(carol, 1000n) }),
      t.sign(1, { nonce: 1n, to: coin, data: transferTo(carol, 1n) }),
      t.sign(0, { nonce: 2n, to: coin, data: transferTo(bob, 1n), gasLimit: 30_000n }),
      t.sign(0, {
        ...{ type: 1, nonce: 3n, to: coin, data: transferTo(bob, 1n) },
        accessList: [{ address: coin, storageKeys: [word(0n), word(1n)] }],
      }),
    ],
    "storage refunds": (t) => [
      t.sign(0, { data: deploy("5f35602035 55".replace(" ", "")) }),
      t.sign(0, { nonce: 1n, to: counter, data: concat(word(5n), word(1n)) }),
      t.sign(0, { nonce: 2n, to: counter, data: concat(word(0n), word(1n)) }),
      t.sign(0, { nonce: 3n, to: counter, data: concat(word(0n), word(1n)) }),
    ],
    "creation and destruction": (t) => [
      t.sign(0, { data: hex("5fff"), value: 7n }),
      t.sign(0, { nonce: 1n, data: deploy("33ff"), value: 5n }),
      t.sign(1, { to: createAddress(alice, 1n), value: 2n }),
      t.sign(0, { nonce: 2n, data: hex("fe") }),
      t.sign(0, { nonce: 3n, data: hex("60ef5f5360015ff3") }),
      // A factory that creates and destroys a child in one call: 0x60... CREATE of 5fff.
      t.sign(0, { nonce: 4n, data: deploy("615fff5f52600260 1e5ff0505f5f".replace(/ /g, "")) }),
      t.sign(0, { nonce: 5n, to: createAddress(alice, 4n) }),
    ],
    precompiles: (t) =>
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0b, 0x11].map((id, i) =>
        t.sign(0, { nonce: BigInt(i), to: word(BigInt(id)).slice(12), data: new Uint8Array(128), gasLimit: 500_000n }),
      ),
    "set code": (t) => [
      t.sign(0, { data: deploy(STORE_AND_LOG) }),
      t.sign(0, {
        ...{ type: 4, nonce: 1n, to: bob, data: word(4n) },
        authorizations: [
          signAuthorization({ chainId: CHAIN_ID, address: counter, nonce: 0n }, keys[1]!),
          signAuthorization({ chainId: CHAIN_ID, address: counter, nonce: 9n }, keys[2]!),
          signAuthorization({ chainId: 0n, address: counter, nonce: 2n }, keys[0]!),
        ],
      }),
      t.sign(2, { to: bob, data: word(5n) }),
      t.sign(1, { nonce: 1n, to: bob, data: word(6n) }),
    ],
  };

  test.each(Object.entries(scenarios))("%s", async (_, make) => {
    const t = await TestChain.open();
    const vm = await oracleVm();
    for (const raw of make(t)) {
      const result = await t.block(raw);
      expect(marks(result)).toEqual(["executed"]);
      const oracle = await oracleRun(vm, raw, t);
      const [included] = t.chain.receipts("latest")!;
      expect(BigInt(included!.receipt.gasUsed)).toBe(oracle.totalGasSpent);
      expect(toHex(encodeReceipt(included!.receipt))).toBe(
        toHex(oracleReceipt(oracle.receipt, included!.receipt.type)),
      );
      if (oracle.createdAddress !== undefined) {
        expect(toHex(included!.receipt.contractAddress!)).toBe(oracle.createdAddress.toString());
      }
      for (const address of [...addresses, counter, createAddress(alice, 1n), createAddress(alice, 4n)]) {
        const account = await vm.stateManager.getAccount(new Address(address));
        expect(t.chain.balance(address)).toBe(account?.balance ?? 0n);
        expect(t.chain.nonce(address)).toBe(account?.nonce ?? 0n);
        expect(toHex(t.chain.code(address))).toBe(toHex(await vm.stateManager.getCode(new Address(address))));
        const slot = await vm.stateManager.getStorage(new Address(address), word(1n));
        expect(toHex(t.chain.storage(address, word(1n)))).toBe(toHex(word(slot)));
      }
      const audit = await t.chain.audit();
      expect(toHex(audit.root)).toBe(toHex(t.chain.head.header.stateRoot));
      expect(audit.badCode).toEqual([]);
    }
    expect(t.failures).toEqual([]);
  });

  test("block headers hash and chain as the library's do", async () => {
    const t = await coinChain();
    const { header, hash, transactions } = t.chain.head;
    const { nonce, ommersHash, beneficiary, logsBloom, receiptsRoot, ...rest } = header;
    const oracle = createBlock(
      {
        header: {
          ...rest,
          nonce,
          uncleHash: ommersHash,
          coinbase: beneficiary,
          logsBloom,
          receiptTrie: receiptsRoot,
          transactionsTrie: header.transactionsRoot,
        },
        transactions: transactions.map((raw) => createTxFromRLP(raw, { common })),
        withdrawals: [],
      },
      { common },
    );
    expect(toHex(oracle.hash())).toBe(toHex(hash));
    expect(await oracle.transactionsTrieIsValid()).toBe(true);
    expect(oracle.serialize().length).toBe(t.chain.head.size);
    expect(toHex(headerHash(header))).toBe(toHex(hash));
    expect(toHex(header.parentHash)).toBe(toHex(t.chain.block(0)!.hash));
  });
});

test("a call that runs out of gas says so", async () => {
  const t = await TestChain.open();
  // JUMPDEST PUSH0 JUMP
  const looping = t.chain.call({ to: carol, gas: 3_000_000n }, "latest", {
    state: [{ address: carol, code: hex("5b5f56") }],
  });
  expect(await looping).toMatchObject({ kind: "halt", message: "out of gas" });
});

test("point evaluation fails instead of breaking the block", async () => {
  const t = await TestChain.open();
  await t.block(t.sign(0, { to: word(10n).slice(12), data: new Uint8Array(192), gasLimit: 100_000n }));
  const [included] = t.chain.receipts("latest")!;
  expect(included!.receipt).toMatchObject({ status: 0, gasUsed: 100_000 });
});
