import { addresses, CHAIN_ID, keys, TestChain } from "@tributary/chain/chain/chain.fixture";
import { RULES_ADDRESS } from "@tributary/chain/predeploy-addresses";
import { createAddress } from "@tributary/chain/transaction/recover";
import type { Draft } from "@tributary/chain/transaction/sign.fixture";
import { signAuthorization } from "@tributary/chain/transaction/sign.fixture";
import type { Authorization } from "@tributary/chain/transaction/transaction";
import { rulesAbi } from "@tributary/contracts/abi/rules.generated";
import { compileTestContract } from "@tributary/contracts/compile";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import {
  type Address,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  pad,
  parseAbi,
  toFunctionSelector,
  trim,
} from "viem";

/** Accounts of the fixture by what they are to the market. */
export const OWNER = 0;
export const DEPLOYER = 1;
export const STRANGER = 2;
export const BUYER = 3;

export const TOP = 1n;
export const INNER = 2n;
export const BARE: Hex = pad("0x01", { size: 32 });
export const ANY: Hex = pad("0x02", { size: 32 });

const marketAbi = parseAbi([
  "function buy(address token, address from, uint256 amount)",
  "function reach(uint256 op, address target, uint256 value, bytes data)",
  "function make(bool withSalt, bytes code)",
  "function transfer(address to, uint256 amount)",
  "function transferFrom(address from, address to, uint256 amount)",
  "function burn(uint256 amount)",
  "function touch()",
]);

export function bytesOf(hex: Hex): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new TypeError("not hexadecimal");
  return bytes;
}

export const selectorOf = (signature: string): Hex => pad(toFunctionSelector(signature), { size: 32, dir: "right" });
export const accountAt = (index: number): Uint8Array => addresses[index] ?? new Uint8Array(20);

// biome-ignore lint/suspicious/noExplicitAny: arguments of any of the contract's functions
export function rulesData(functionName: any, args: any): Uint8Array {
  return bytesOf(encodeFunctionData({ abi: rulesAbi, functionName, args }));
}

let codes: ReadonlyMap<string, string> | undefined;

/** A chain whose owner lets two contracts be called by five selectors, and nothing else. */
export class RuledMarket {
  readonly t: TestChain;
  readonly token: Uint8Array;
  readonly market: Uint8Array;
  readonly victim: Uint8Array;
  readonly #codes: ReadonlyMap<string, string>;
  readonly #nonces = new Map<number, bigint>();

  private constructor(t: TestChain, codes: ReadonlyMap<string, string>) {
    this.t = t;
    this.#codes = codes;
    this.token = createAddress(accountAt(DEPLOYER), 0n);
    this.market = createAddress(accountAt(DEPLOYER), 1n);
    this.victim = createAddress(accountAt(DEPLOYER), 2n);
  }

  /** Contracts first, then the rules. */
  static async open(): Promise<RuledMarket> {
    const t = await TestChain.open({ genesis: { owner: toHex(accountAt(OWNER)) as Address } });
    codes ??= compileTestContract("chain/MarketUnderRules.sol");
    const made = new RuledMarket(t, codes);
    await t.block(
      ...["Token", "Market", "Victim"].map((name) => made.signed(DEPLOYER, { data: made.code(name) })),
      made.signed(DEPLOYER, { to: made.market, value: 1_000n }),
    );
    const [token, market] = [toHex(made.token) as Address, toHex(made.market) as Address];
    await t.block(
      made.rule("setPolicy", [3n, 0n]),
      made.rule("setCalls", [
        [
          { target: token, selector: selectorOf("transfer(address,uint256)"), permission: TOP },
          { target: token, selector: selectorOf("transferFrom(address,address,uint256)"), permission: INNER },
          { target: market, selector: selectorOf("buy(address,address,uint256)"), permission: TOP },
          { target: market, selector: selectorOf("reach(uint256,address,uint256,bytes)"), permission: TOP },
          { target: market, selector: selectorOf("make(bool,bytes)"), permission: TOP },
        ],
      ]),
    );
    return made;
  }

  /** Creation code of a contract of the file, with what its constructor takes. */
  code(name: string, ...addressArguments: readonly Uint8Array[]): Uint8Array {
    const code = this.#codes.get(name);
    if (code === undefined) throw new TypeError(`no contract ${name}`);
    const types = addressArguments.map(() => ({ type: "address" }));
    const tail = encodeAbiParameters(
      types,
      addressArguments.map((address) => toHex(address)),
    );
    return bytesOf(`0x${code}${tail.slice(2)}`);
  }

  /** The account's next transaction; what is refused gives its nonce back by `forget`. */
  signed(from: number, draft: Omit<Draft, "chainId" | "nonce">): Uint8Array {
    const nonce = this.#nonces.get(from) ?? 0n;
    this.#nonces.set(from, nonce + 1n);
    return this.t.sign(from, { nonce, gasLimit: 2_000_000n, ...draft });
  }

  forget(from: number): void {
    this.#nonces.set(from, (this.#nonces.get(from) ?? 1n) - 1n);
  }

  // biome-ignore lint/suspicious/noExplicitAny: arguments of any of the contract's functions
  rule(functionName: any, args: any): Uint8Array {
    return this.signed(OWNER, { to: RULES_ADDRESS, data: rulesData(functionName, args) });
  }

  // biome-ignore lint/suspicious/noExplicitAny: arguments of any of the contracts' functions
  calldata(functionName: any, args: any = []): Uint8Array {
    return bytesOf(encodeFunctionData({ abi: marketAbi, functionName, args }));
  }

  /** Orders one transaction, whatever a pool would say; gives its mark, and its receipt's status where it has one. */
  async order(from: number, draft: Omit<Draft, "chainId" | "nonce">): Promise<string> {
    const raw = this.signed(from, draft);
    const { transactions } = await this.t.block(raw);
    const mark = transactions[0]?.mark ?? "none";
    if (mark !== "executed") {
      this.forget(from);
      return mark;
    }
    return this.t.chain.receipts("latest")?.[0]?.receipt.status === 1 ? "success" : "failed";
  }

  /** What the pool answers. */
  async submit(from: number, draft: Omit<Draft, "chainId" | "nonce">): Promise<string> {
    const result = await this.t.chain.submit(this.signed(from, draft));
    this.forget(from);
    return result.kind === "accepted" ? "accepted" : result.rejection.message;
  }

  /** The market does something on a stranger's behalf; whether that went well for the stranger. */
  async reach(op: number, target: Uint8Array, data: Uint8Array, value = 0n): Promise<boolean> {
    const call = this.calldata("reach", [BigInt(op), toHex(target), value, toHex(data)]);
    if ((await this.order(STRANGER, { to: this.market, data: call })) !== "success") throw new Error("reach failed");
    return this.slot(this.market, 2) !== 0n;
  }

  slot(contract: Uint8Array, index: number): bigint {
    const word = this.t.chain.storage(contract, bytesOf(pad(`0x${index.toString(16)}`, { size: 32 })));
    return BigInt(trim(toHex(word)));
  }

  /** How often the victim's code ran: in its own storage, or in the market's. */
  get touched(): bigint {
    return this.slot(this.victim, 0) + this.slot(this.market, 0);
  }

  authorization(of: number, to: Uint8Array, nonce: bigint): Authorization {
    const key = keys[of];
    if (key === undefined) throw new TypeError("no such key");
    return signAuthorization({ chainId: CHAIN_ID, address: to, nonce }, key);
  }
}
