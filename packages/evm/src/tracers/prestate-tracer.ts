import type { Transaction } from "../types.ts";
import { addressOfWord, hexOf, quantity, wordHex } from "./hex.ts";
import { OutputBudget } from "./output-budget.ts";
import { TraceError } from "./trace-error.ts";
import type { Step, TracedCall, Tracer, TraceState } from "./tracer.ts";

export type PrestateTracerOptions = {
  readonly diffMode?: boolean;
  readonly disableCode?: boolean;
  readonly disableStorage?: boolean;
  /** Also accounts that did not exist; not with diffMode. */
  readonly includeEmpty?: boolean;
  /** Bytes that the trace must not pass: then TraceError TRACE_TOO_LARGE. */
  readonly maxBytes?: number;
};

/** Fields that are zero, and in `post` those that did not change, are left out; a balance in `pre` is always there. */
export type PrestateAccount = {
  balance?: string;
  code?: string;
  nonce?: number;
  storage?: Record<string, string>;
};

export type Prestate = Readonly<Record<string, PrestateAccount>>;
export type PrestateDiff = { readonly post: Prestate; readonly pre: Prestate };

type Known = {
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  readonly storage: Map<bigint, bigint>;
};

const ACCOUNT_BYTES = 160;
const SLOT_BYTES = 140;

const isCreation = (kind: string): boolean => kind === "CREATE" || kind === "CREATE2";

/** Where EIP-7702 code delegates to. */
function delegateOf(code: Uint8Array): Uint8Array | undefined {
  return code.length === 23 && code[0] === 0xef && code[1] === 1 && code[2] === 0 ? code.slice(3) : undefined;
}

/** All that a transaction reads of the state, as it was before; with diffMode, what it changed. */
export class PrestateTracer implements Tracer {
  readonly #options: PrestateTracerOptions;
  readonly #budget: OutputBudget;
  readonly #pre = new Map<string, Known>();
  readonly #post = new Map<string, PrestateAccount>();
  readonly #created = new Set<string>();
  readonly #deleted = new Set<string>();
  #state: TraceState | undefined;

  /** Throws TraceError TRACE_OPTIONS. */
  constructor(options: PrestateTracerOptions = {}) {
    if (options.diffMode === true && options.includeEmpty === true) {
      throw new TraceError("TRACE_OPTIONS", "cannot use diffMode with includeEmpty");
    }
    this.#options = options;
    this.#budget = new OutputBudget(options.maxBytes);
  }

  start(transaction: Transaction, coinbase: Uint8Array, state: TraceState): void {
    this.#state = state;
    const { sender, to, authorizations } = transaction;
    if (to !== undefined) this.#lookupTarget(to);
    this.#lookup(sender);
    this.#lookup(coinbase);
    for (const { authority } of authorizations) if (authority !== undefined) this.#lookup(authority);
  }

  #lookupTarget(address: Uint8Array): void {
    const delegate = delegateOf(this.#lookup(address).code);
    if (delegate !== undefined) this.#lookup(delegate);
  }

  #lookup(address: Uint8Array): Known {
    const name = hexOf(address);
    const known = this.#pre.get(name);
    if (known !== undefined) return known;
    const state = this.#requireState();
    const account = state.account(address);
    const code = state.code(account);
    this.#budget.spend(ACCOUNT_BYTES + 2 * code.length);
    const found = { address, balance: account.balance, nonce: account.nonce, code, storage: new Map() };
    this.#pre.set(name, found);
    return found;
  }

  #requireState(): TraceState {
    if (this.#state === undefined) throw new RangeError("no transaction is traced");
    return this.#state;
  }

  /** Called contracts and precompiles also where the call is refused: geth looks at operands. */
  step(step: Step): void {
    const { op, stackLength } = step;
    switch (op) {
      case 0x54:
      case 0x55:
        if (stackLength > 0) this.#lookupSlot(step.address, step.stack(0));
        return;
      case 0x31:
      case 0x3b:
      case 0x3c:
      case 0x3f:
        if (stackLength > 0) this.#lookup(addressOfWord(step.stack(0)));
        return;
      case 0xff:
        if (stackLength > 0) this.#lookup(addressOfWord(step.stack(0)));
        if (this.#created.has(hexOf(step.address))) this.#deleted.add(hexOf(step.address));
        return;
      case 0xf1:
      case 0xf2:
      case 0xf4:
      case 0xfa:
        if (stackLength > 4) this.#lookupTarget(addressOfWord(step.stack(1)));
    }
  }

  #lookupSlot(address: Uint8Array, slot: bigint): void {
    if (this.#options.disableStorage === true) return;
    const { storage } = this.#lookup(address);
    if (storage.has(slot)) return;
    this.#budget.spend(SLOT_BYTES);
    storage.set(slot, this.#requireState().storage(address, slot));
  }

  enter({ kind, to }: TracedCall): void {
    if (!isCreation(kind) || to === undefined) return;
    this.#lookup(to);
    this.#created.add(hexOf(to));
  }

  settle(): void {
    if (this.#options.diffMode === true) for (const [name, known] of this.#pre) this.#compare(name, known);
  }

  /** An account that was created and destroyed stays in `pre` and is missing in `post`. */
  #compare(name: string, known: Known): void {
    if (this.#deleted.has(name)) return;
    const state = this.#requireState();
    const account = state.account(known.address);
    const code = state.code(account);
    const after: PrestateAccount = {};
    if (account.balance !== known.balance) after.balance = quantity(account.balance);
    if (account.nonce !== known.nonce) after.nonce = Number(account.nonce);
    if (this.#options.disableCode !== true && Buffer.compare(code, known.code) !== 0) {
      this.#budget.spend(2 * code.length);
      after.code = hexOf(code);
    }
    const slots = this.#changesOf(known, after);
    if (Object.keys(after).length === 0 && slots === 0) this.#pre.delete(name);
    else this.#post.set(name, after);
  }

  /** Writes changed slots into `after`, leaves only them in `known`, and counts them. */
  #changesOf({ address, storage }: Known, after: PrestateAccount): number {
    const state = this.#requireState();
    let changed = 0;
    for (const [slot, before] of storage) {
      const now = state.storage(address, slot);
      if (now === before || before === 0n) storage.delete(slot);
      if (now === before) continue;
      changed++;
      if (now === 0n) continue;
      after.storage ??= {};
      after.storage[wordHex(slot)] = wordHex(now);
      this.#budget.spend(SLOT_BYTES);
    }
    return changed;
  }

  #written({ balance, nonce, code, storage }: Known): PrestateAccount {
    return {
      balance: quantity(balance),
      ...(code.length === 0 || this.#options.disableCode === true ? {} : { code: hexOf(code) }),
      ...(nonce === 0n ? {} : { nonce: Number(nonce) }),
      ...(storage.size === 0
        ? {}
        : { storage: Object.fromEntries([...storage].map(([k, v]) => [wordHex(k), wordHex(v)])) }),
    };
  }

  /** The state before; with diffMode, what changed. */
  result(): Prestate | PrestateDiff {
    const pre: Record<string, PrestateAccount> = {};
    for (const [name, known] of this.#pre) {
      const existed = known.balance !== 0n || known.nonce !== 0n || known.code.length > 0;
      if (existed || this.#options.includeEmpty === true) pre[name] = this.#written(known);
    }
    return this.#options.diffMode === true ? { post: Object.fromEntries(this.#post), pre } : pre;
  }
}
