import { addresses } from "@tributary/chain/chain/chain.fixture";
import { PREDEPLOYS } from "@tributary/chain/genesis/predeploys";
import { RULES_CODE } from "@tributary/chain/genesis/rules-code";
import { RULES_ADDRESS } from "@tributary/chain/predeploy-addresses";
import { createAddress } from "@tributary/chain/transaction/recover";
import { compilePredeploy } from "@tributary/contracts/compile";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { Address } from "viem";
import { beforeEach, describe, expect, test } from "vitest";
import {
  ANY,
  BUYER,
  DEPLOYER,
  INNER,
  OWNER,
  RuledMarket,
  rulesData,
  STRANGER,
  selectorOf,
  TOP,
} from "./ruled-market.fixture.ts";

const NOBODY = new Uint8Array(20).fill(0x99);
const NOTHING = new Uint8Array(0);
const forbidden = /^not permitted by the rules of this chain/;
const at = (index: number): Uint8Array => addresses[index]!;
const hex = (address: Uint8Array): Address => toHex(address) as Address;

let m: RuledMarket;
beforeEach(async () => {
  m = await RuledMarket.open();
});

test("the code at the rules' address is what the source compiles to", () => {
  expect(compilePredeploy("Rules.sol").get("Rules")).toBe(RULES_CODE);
});

test("the market itself works: five selectors, each where it is permitted", async () => {
  const transfer = m.calldata("transfer", [hex(at(BUYER)), 7n]);
  expect(await m.order(DEPLOYER, { to: m.token, data: transfer })).toBe("success");
  const buy = m.calldata("buy", [hex(m.token), hex(at(DEPLOYER)), 5n]);
  expect(await m.order(BUYER, { to: m.market, data: buy })).toBe("success");
  expect(m.slot(m.market, 1)).toBe(1n);
  const moved = m.calldata("transferFrom", [hex(at(DEPLOYER)), hex(at(BUYER)), 1n]);
  expect(await m.reach(0, m.token, moved)).toBe(true);
});

describe("a policy that denies by default blocks", () => {
  test("every other call of a transaction, in the pool, in blocks, in calls and estimates", async () => {
    const burn = m.calldata("burn", [1n]);
    const deployer = PREDEPLOYS.find(({ name }) => name === "CREATE2 deployer")!.address;
    const multicall = PREDEPLOYS.find(({ name }) => name === "Multicall3")!.address;
    const attempts: readonly (readonly [Uint8Array, Uint8Array])[] = [
      [m.victim, m.calldata("touch")],
      [m.victim, NOTHING],
      [m.token, burn],
      // The fallback: no data, less than a selector, a selector of nobody.
      [m.token, NOTHING],
      [m.token, burn.subarray(0, 3)],
      [m.token, Uint8Array.of(1, 2, 3, 4)],
      // Permitted inside only.
      [m.token, m.calldata("transferFrom", [hex(at(DEPLOYER)), hex(at(STRANGER)), 1n])],
      [m.market, NOTHING],
      [deployer, new Uint8Array(64)],
      [multicall, Uint8Array.of(0x25, 0x2d, 0xba, 0x42)],
      [NOBODY, NOTHING],
    ];
    for (const [to, data] of attempts) {
      expect(await m.submit(STRANGER, { to, data })).toMatch(forbidden);
      expect(await m.order(STRANGER, { to, data })).toBe("skipped");
      const call = { from: at(STRANGER), to, data };
      const refused = { kind: "invalid", rejection: { code: "forbidden" } };
      expect(await m.t.chain.call(call)).toMatchObject(refused);
      expect(await m.t.chain.estimateGas(call)).toMatchObject(refused);
    }
    expect(m.touched).toBe(0n);
    expect(m.slot(m.token, 1)).toBe(0n);
  });

  test("every other inner call, by each way to call", async () => {
    for (const op of [0, 1, 2, 3]) {
      for (const data of [m.calldata("touch"), NOTHING]) expect(await m.reach(op, m.victim, data)).toBe(false);
      // Permitted to transactions only.
      expect(await m.reach(op, m.token, m.calldata("transfer", [hex(at(STRANGER)), 0n]))).toBe(false);
      expect(await m.reach(op, m.token, NOTHING)).toBe(false);
    }
    for (const account of [STRANGER, OWNER]) expect(await m.reach(0, at(account), NOTHING, 1n)).toBe(false);
    expect(m.t.chain.balance(m.market)).toBe(1_000n);
    expect(m.touched).toBe(0n);
  });

  test("every deployment, by transactions and from inside", async () => {
    const data = m.code("Victim");
    expect(await m.submit(STRANGER, { data })).toMatch(forbidden);
    expect(await m.order(STRANGER, { data })).toBe("skipped");
    expect(await m.t.chain.call({ from: at(STRANGER), data })).toMatchObject({ rejection: { code: "forbidden" } });
    for (const withSalt of [false, true]) {
      const make = m.calldata("make", [withSalt, toHex(data)]);
      expect(await m.order(STRANGER, { to: m.market, data: make })).toBe("success");
      expect(m.slot(m.market, 3)).toBe(0n);
    }
    expect(m.t.chain.nonce(m.market)).toBe(1n);
  });

  test("creation code that calls out, though its sender may deploy", async () => {
    await m.t.block(m.rule("setAccounts", [[{ account: hex(at(DEPLOYER)), flags: 1n, gasLimit: 0n }]]));
    const nonce = m.t.chain.nonce(at(DEPLOYER));
    expect(await m.order(DEPLOYER, { data: m.code("Caller", m.victim) })).toBe("success");
    expect(m.t.chain.code(createAddress(at(DEPLOYER), nonce)).length).toBeGreaterThan(0);
    expect(m.touched).toBe(0n);
  });

  test("accounts that borrow code (EIP-7702), whoever delegates and however they are called", async () => {
    const touch = m.calldata("touch");
    const borrowed = { type: 4 as const, authorizations: [m.authorization(BUYER, m.victim, 0n)] };
    const harmless = { to: m.token, data: m.calldata("transfer", [hex(NOBODY), 0n]) };
    expect(await m.order(STRANGER, { ...borrowed, ...harmless })).toBe("skipped");
    expect(m.t.chain.code(at(BUYER))).toHaveLength(0);
    await m.t.block(
      m.rule("setAccounts", [[{ account: hex(at(DEPLOYER)), flags: 1n, gasLimit: 0n }]]),
      // Coins may go to accounts without code.
      m.rule("setPolicy", [7n, 0n]),
    );
    expect(await m.order(STRANGER, { to: at(BUYER), value: 1n })).toBe("success");
    // In the very transaction that delegates: its target has no code yet when it is looked at.
    expect(await m.order(DEPLOYER, { ...borrowed, to: at(BUYER), value: 1n })).toBe("failed");
    expect(m.t.chain.code(at(BUYER))).toHaveLength(23);
    for (const data of [touch, NOTHING]) {
      expect(await m.order(STRANGER, { to: at(BUYER), data })).toBe("skipped");
      expect(await m.order(BUYER, { to: at(BUYER), data })).toBe("skipped");
      for (const op of [0, 1, 2, 3]) expect(await m.reach(op, at(BUYER), data)).toBe(false);
    }
    // A permitted account does not permit the code that it borrows.
    await m.t.block(m.rule("setCalls", [[{ target: hex(at(BUYER)), selector: ANY, permission: TOP | INNER }]]));
    expect(await m.reach(0, at(BUYER), touch)).toBe(false);
    expect(await m.order(STRANGER, { to: at(BUYER), data: touch })).toBe("failed");
    expect(m.slot(at(BUYER), 0)).toBe(0n);
    await m.t.block(m.rule("setCalls", [[{ target: hex(m.victim), selector: ANY, permission: INNER }]]));
    expect(await m.reach(0, at(BUYER), touch)).toBe(true);
    expect(m.slot(at(BUYER), 0)).toBe(1n);
  });
});

test("a rule that changes inside of a block lets through what comes after it, until it changes again", async () => {
  const touch = (): Uint8Array => m.signed(STRANGER, { to: m.victim, data: m.calldata("touch") });
  const permit = (permission: bigint): Uint8Array =>
    m.rule("setCalls", [[{ target: hex(m.victim), selector: selectorOf("touch()"), permission }]]);
  const { transactions } = await m.t.block(permit(TOP), touch(), permit(0n), touch());
  expect(transactions.map(({ mark }) => mark)).toEqual(["executed", "executed", "executed", "skipped"]);
  expect(m.touched).toBe(1n);
  const replayed: string[] = [];
  await m.t.chain.replay("latest", 3, (transaction) => {
    replayed.push(toHex(transaction.sender));
    return undefined;
  });
  expect(replayed).toEqual([OWNER, STRANGER, OWNER].map((index) => hex(at(index))));
});

describe("the owner", () => {
  test("is not bound by its rules, and nobody else sets them", async () => {
    expect(await m.order(OWNER, { to: m.victim, data: m.calldata("touch") })).toBe("success");
    expect(await m.order(OWNER, { data: m.code("Victim") })).toBe("success");
    const data = rulesData("setPolicy", [0n, 0n]);
    expect(await m.order(STRANGER, { to: RULES_ADDRESS, data })).toBe("failed");
    expect(await m.order(STRANGER, { to: m.victim, data: m.calldata("touch") })).toBe("skipped");
  });

  test("blocks accounts, limits their gas, pauses classes of transactions", async () => {
    const transfer = { to: m.token, data: m.calldata("transfer", [hex(NOBODY), 0n]) };
    await m.t.block(
      m.rule("setPolicy", [2n, 1_000_000n]),
      m.rule("setAccounts", [
        [
          { account: hex(at(STRANGER)), flags: 8n, gasLimit: 0n },
          { account: hex(at(BUYER)), flags: 0n, gasLimit: 60_000n },
        ],
      ]),
    );
    expect(await m.submit(STRANGER, { ...transfer, gasLimit: 60_000n })).toMatch(/the account is blocked/);
    expect(await m.submit(BUYER, { ...transfer, gasLimit: 60_001n })).toMatch(/gas limit 60001 is above 60000/);
    expect(await m.order(BUYER, { ...transfer, gasLimit: 60_000n })).toBe("success");
    expect(await m.order(DEPLOYER, { ...transfer, gasLimit: 1_000_001n })).toBe("skipped");
    await m.t.block(m.rule("setPolicy", [8n | 16n | 32n | 64n, 0n]));
    expect(await m.submit(BUYER, { ...transfer, gasLimit: 60_000n })).toMatch(/calls are paused/);
    expect(await m.order(BUYER, { to: NOBODY, gasLimit: 21_000n })).toBe("skipped");
    expect(await m.order(DEPLOYER, { data: m.code("Victim") })).toBe("skipped");
    expect(await m.order(OWNER, transfer)).toBe("success");
    await m.t.block(m.rule("setPolicy", [0n, 0n]));
    expect(await m.order(STRANGER, { to: m.victim, data: m.calldata("touch") })).toBe("success");
  });

  test("names factories: for everybody, or for deployers only", async () => {
    const made = async (from: number): Promise<boolean> => {
      const make = m.calldata("make", [false, toHex(m.code("Victim"))]);
      expect(await m.order(from, { to: m.market, data: make })).toBe("success");
      return m.slot(m.market, 3) !== 0n;
    };
    const flags = (market: bigint): Uint8Array =>
      m.rule("setAccounts", [
        [
          { account: hex(m.market), flags: market, gasLimit: 0n },
          { account: hex(at(DEPLOYER)), flags: 1n, gasLimit: 0n },
        ],
      ]);
    await m.t.block(flags(4n));
    expect(await made(STRANGER)).toBe(false);
    expect(await made(DEPLOYER)).toBe(true);
    await m.t.block(flags(2n));
    expect(await made(STRANGER)).toBe(true);
    await m.t.block(flags(0n));
    expect(await made(DEPLOYER)).toBe(false);
  });

  test("gives the chain to a contract, whose own calls are free then", async () => {
    await m.t.block(m.rule("offerOwnership", [hex(m.market)]));
    // The market takes it, by the one way to call that it has.
    expect(await m.reach(0, RULES_ADDRESS, rulesData("takeOwnership", []))).toBe(true);
    expect(await m.reach(0, m.victim, m.calldata("touch"))).toBe(true);
    expect(await m.order(OWNER, { to: m.victim, data: m.calldata("touch") })).toBe("skipped");
    expect(await m.order(STRANGER, { to: m.market, value: 1n })).toBe("success");
  });
});
