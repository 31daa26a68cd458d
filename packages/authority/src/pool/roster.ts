import { type Address, getAddress } from "viem";
import { LocalSigner, mnemonicSigners } from "../keys/local-signer.ts";
import type { Signer } from "../keys/signer.ts";
import { PoolError } from "../pool-error.ts";
import { count, quantity } from "../rpc/decode.ts";
import { type RpcClient, RpcUnreachable } from "../rpc/rpc-client.ts";
import type { Account, Ledger } from "./ledger.ts";
import type { SigningPoolOptions } from "./options.ts";
import { SignerStream, type StreamPorts } from "./signer-stream.ts";

type Size = { readonly min: number; readonly max: number };

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

/** Which signers there are and which of them work: at least `min`, up to `max` while jobs wait for all of them. */
export class Roster {
  readonly size: Size;
  readonly streams: SignerStream[] = [];
  readonly funder: SignerStream | undefined;
  readonly #keys: readonly Signer[];
  readonly #ports: StreamPorts;

  private constructor(size: Size, keys: readonly Signer[], funder: Signer | undefined, ports: StreamPorts) {
    this.size = size;
    this.#keys = keys;
    this.#ports = ports;
    this.funder = undefined;
    for (const { address } of [...keys, ...(funder === undefined ? [] : [funder])]) {
      // Two spellings of one address would be two nonce streams of one account.
      if (!isChecksummed(address)) throw new PoolError("BAD_REQUEST", "a signer's address needs its checksum");
    }
    const known = new Map(keys.map((signer) => [signer.address, signer]));
    if (known.size !== keys.length || (funder !== undefined && known.has(funder.address))) {
      throw new PoolError("BAD_REQUEST", "one signer was given twice");
    }
    for (const account of ports.ledger.accounts.values()) {
      const { address } = account.record;
      const signer = address === funder?.address ? funder : known.get(address);
      const stream = new SignerStream(account, signer, ports);
      this.streams.push(stream);
      if (signer !== undefined && signer === funder) this.funder = stream;
    }
  }

  static async open(options: SigningPoolOptions, ports: StreamPorts): Promise<Roster> {
    const size = sizeOf(options);
    const keyAt = keysOf(options);
    const keys = Array.from({ length: size.max }, (_, index) => keyAt(index));
    const funder = typeof options.funder === "string" ? LocalSigner.fromHex(options.funder) : options.funder;
    if (funder !== undefined) await enrol(ports.rpc, ports.ledger, funder.address, "funder");
    for (const { address } of keys.slice(0, size.min)) await enrol(ports.rpc, ports.ledger, address, "worker");
    const roster = new Roster(size, keys, funder, ports);
    await roster.#look(roster.streams);
    return roster;
  }

  get active(): SignerStream[] {
    return this.streams.filter(({ account }) => account.record.role === "worker" && account.record.state === "active");
  }

  /** Adds a signer when jobs wait although all have as many transactions on their way as they may. */
  async grow(): Promise<void> {
    const { ledger, rpc } = this.#ports;
    const active = this.active;
    if (
      !ledger.queue.hasWork(ledger.routeRoom) ||
      active.length >= this.size.max ||
      active.some(({ room }) => room > 0)
    )
      return;
    const working = new Set(active.map(({ address }) => address));
    const signer = this.#keys.find(({ address }) => !working.has(address));
    if (signer === undefined) return;
    const account = await enrol(rpc, ledger, signer.address, "worker");
    const old = this.streams.find(({ address }) => address === signer.address);
    const stream = old ?? new SignerStream(account, signer, this.#ports);
    if (old === undefined) this.streams.push(stream);
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
    if (active.length <= this.size.min || ledger.queue.hasWork(ledger.routeRoom)) return;
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

/** Puts the signer into the ledger, or back into the rotation; a new one begins at the node's next nonce. */
async function enrol(rpc: RpcClient, ledger: Ledger, address: Address, role: "worker" | "funder"): Promise<Account> {
  const known = ledger.accounts.get(address)?.record;
  // What is pending counts: it was sent by somebody else, before this pool had the key for itself.
  const chain = known === undefined ? count(await rpc.call("eth_getTransactionCount", address, "pending")) : 0;
  if (chain === undefined) throw new RpcUnreachable("the endpoint names no nonce");
  return await ledger.enrol(address, role, chain);
}
