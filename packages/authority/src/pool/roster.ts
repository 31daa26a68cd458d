import { type Address, getAddress } from "viem";
import { LocalSigner, mnemonicSigners } from "../keys/local-signer.ts";
import type { Signer } from "../keys/signer.ts";
import { PoolError } from "../pool-error.ts";
import { count, quantity } from "../rpc/decode.ts";
import { RpcUnreachable } from "../rpc/rpc-client.ts";
import type { SigningPoolOptions } from "./options.ts";
import { SignerStream, type StreamPorts } from "./signer-stream.ts";

export type Size = { readonly min: number; readonly max: number };

const MOST_SIGNERS = 1_024;

function sizeOf(options: SigningPoolOptions): Size {
  const { size } = options;
  const { min, max } = typeof size === "number" ? { min: size, max: size } : size;
  const fixed = options.keys?.length ?? options.signers?.length ?? MOST_SIGNERS;
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min < 1 || max < min || max > fixed) {
    throw new PoolError("BAD_REQUEST", `the size must be from 1 to ${fixed} signers`);
  }
  return { min, max };
}

function keysOf(options: SigningPoolOptions): (index: number) => Signer {
  const { mnemonic, keys, signers, server } = options;
  if ([mnemonic, keys, signers].filter((each) => each !== undefined).length !== 1) {
    throw new PoolError("BAD_REQUEST", "give one of mnemonic, keys and signers");
  }
  if (mnemonic !== undefined) return mnemonicSigners(mnemonic, server);
  const list = signers ?? (keys ?? []).map((key) => LocalSigner.fromHex(key));
  return (index) => {
    const signer = list[index];
    if (signer === undefined) throw new PoolError("BAD_REQUEST", `there is no signer ${index}`);
    return signer;
  };
}

/**
 * Which signers there are and which of them work: at least `min`, up to `max` while jobs wait for all of them. Servers
 * that share a database have equal shares of `max`.
 */
export class Roster {
  #size: Size;
  readonly streams: SignerStream[] = [];
  readonly #keys: Signer[];
  readonly #keyAt: (index: number) => Signer;
  readonly #byAddress: Map<Address, Signer>;
  readonly #funder: Signer | undefined;
  readonly #ports: StreamPorts;

  private constructor(size: Size, keyAt: (index: number) => Signer, funder: Signer | undefined, ports: StreamPorts) {
    const keys = Array.from({ length: size.max }, (_, index) => keyAt(index));
    this.#size = size;
    this.#keys = keys;
    this.#keyAt = keyAt;
    this.#ports = ports;
    this.#funder = funder;
    const all = funder === undefined ? keys : [...keys, funder];
    // Two spellings of one address would be two nonce streams of one account.
    if (!all.every(({ address }) => isChecksummed(address))) {
      throw new PoolError("BAD_REQUEST", "a signer's address needs its checksum");
    }
    this.#byAddress = new Map(all.map((signer) => [signer.address, signer]));
    if (this.#byAddress.size !== all.length) throw new PoolError("BAD_REQUEST", "one signer was given twice");
  }

  /** `share`: how many workers this server may have among others, undefined where there are no others. */
  static async open(options: SigningPoolOptions, ports: StreamPorts, share: number | undefined): Promise<Roster> {
    const size = sizeOf(options);
    const keyAt = keysOf(options);
    const funder = typeof options.funder === "string" ? LocalSigner.fromHex(options.funder) : options.funder;
    const roster = new Roster(size, keyAt, funder, ports);
    roster.adopt();
    if (share !== undefined) await roster.balance(share);
    else {
      if (funder !== undefined) await roster.#enrol(funder, "funder");
      for (const signer of roster.#keys.slice(0, size.min)) await roster.#enrol(signer, "worker");
    }
    await roster.#look(roster.streams);
    return roster;
  }

  get size(): Size {
    return this.#size;
  }

  /** One more signer than before, until the process ends: the next of the mnemonic or of those that were given. */
  async add(): Promise<Address> {
    const { min, max } = this.#size;
    if (max >= MOST_SIGNERS) throw new PoolError("NO_SIGNER", `there are ${MOST_SIGNERS} signers already`);
    const signer = this.#keyAt(max);
    if (this.#byAddress.has(signer.address)) throw new PoolError("BAD_REQUEST", "one signer was given twice");
    this.#keys.push(signer);
    this.#byAddress.set(signer.address, signer);
    this.#size = { min: min + 1, max: max + 1 };
    const stream = await this.#enrol(signer, "worker");
    if (stream !== undefined) await this.#look([stream]);
    return signer.address;
  }

  get funder(): SignerStream | undefined {
    return this.streams.find(({ address }) => address === this.#funder?.address);
  }

  /** Takes up the accounts that the ledger has got. One whose key was not given is followed and gets nothing new. */
  adopt(): void {
    const known = new Set(this.streams.map(({ address }) => address));
    for (const account of this.#ports.ledger.accounts.values()) {
      const { address } = account.record;
      if (known.has(address)) continue;
      const lane = this.streams.length;
      this.streams.push(new SignerStream(account, this.#byAddress.get(address), this.#ports, lane));
    }
  }

  /** Leaves what is more than `share` to other servers, and takes what they leave. */
  async balance(share: number): Promise<void> {
    const funder = this.#funder;
    for (const stream of this.streams.filter(({ address }) => !this.#byAddress.has(address)))
      await this.#release(stream);
    if (funder !== undefined && this.funder === undefined) await this.#enrol(funder, "funder");
    const workers = this.streams.filter(({ account }) => account.record.role === "worker");
    for (const stream of workers.slice(share)) {
      if (stream.account.record.state === "active") await this.#ports.ledger.retire(stream.account);
      await this.#release(stream);
    }
    const fresh: SignerStream[] = [];
    for (const signer of this.#keys) {
      if (this.active.length >= share) break;
      const old = this.streams.find(({ address }) => address === signer.address);
      if (old?.account.record.state === "active") continue;
      const stream = await this.#enrol(signer, "worker");
      if (stream !== undefined) fresh.push(stream);
    }
    if (fresh.length > 0) await this.#look(fresh);
  }

  async #release(stream: SignerStream): Promise<void> {
    if (stream.account.slots.size > 0 || stream.isBusy) return;
    if (await this.#ports.ledger.release(stream.account)) this.streams.splice(this.streams.indexOf(stream), 1);
  }

  /** Puts the signer into the ledger, or back into the rotation; a new one begins at the node's next nonce. */
  async #enrol(signer: Signer, role: "worker" | "funder"): Promise<SignerStream | undefined> {
    const { rpc, ledger } = this.#ports;
    const { address } = signer;
    // What is pending counts: it was sent by somebody else, before this pool had the key for itself.
    const chain = ledger.accounts.has(address)
      ? 0
      : count(await rpc.call("eth_getTransactionCount", address, "pending"));
    if (chain === undefined) throw new RpcUnreachable("the endpoint names no nonce");
    const account = await ledger.enrol(address, role, chain);
    if (account === undefined) return undefined;
    this.adopt();
    return this.streams.find((stream) => stream.address === address);
  }

  get active(): SignerStream[] {
    return this.streams.filter(({ account }) => account.record.role === "worker" && account.record.state === "active");
  }

  /** Adds a signer when jobs wait although all have as many transactions on their way as they may. */
  async grow(): Promise<void> {
    const { ledger } = this.#ports;
    const active = this.active;
    if (
      !ledger.queue.hasWork(ledger.routeRoom) ||
      active.length >= this.#size.max ||
      active.some(({ room }) => room > 0)
    )
      return;
    const working = new Set(active.map(({ address }) => address));
    const signer = this.#keys.find(({ address }) => !working.has(address));
    if (signer === undefined) return;
    const stream = await this.#enrol(signer, "worker");
    if (stream === undefined) return;
    stream.lastUsed = Date.now();
    await this.#look([stream]);
    stream.kick();
  }

  /** A signer with nothing, or with less than it must have, begins when it is seen to have more. */
  async #look(streams: readonly SignerStream[]): Promise<void> {
    const { rpc, chain, limits, alert } = this.#ports;
    const answers = await rpc.batch(
      streams.map(({ address }) => ({ method: "eth_getBalance", params: [address, "latest"] })),
    );
    for (const [index, stream] of streams.entries()) {
      const answer = answers[index];
      const balance = answer?.ok === true ? quantity(answer.result) : undefined;
      if (balance === undefined) continue;
      stream.dry = (balance === 0n && chain.fees.price().maxFee > 0n) || balance < limits.minBalance;
      if (stream.dry)
        alert({ kind: "signer-dry", message: `${stream.address} begins when it has more than ${balance}` });
    }
  }

  /** Takes one signer out of the rotation that is not needed any more. */
  async shrink(): Promise<void> {
    const { ledger, limits } = this.#ports;
    const active = this.active;
    if (active.length <= this.#size.min || ledger.queue.hasWork(ledger.routeRoom)) return;
    const before = Date.now() - limits.idleMs;
    const idle = active.findLast(({ account, lastUsed }) => account.slots.size === 0 && lastUsed < before);
    if (idle !== undefined) await ledger.retire(idle.account);
  }
}

function isChecksummed(address: Address): boolean {
  try {
    return getAddress(address) === address;
  } catch {
    return false;
  }
}
