import { createHash, randomBytes } from "node:crypto";
import { type Address, getAddress } from "viem";
import type { Accounts } from "../../store/accounts.ts";
import { Caller, type Rights } from "../callers.ts";
import { Refusal } from "../refusal.ts";
import type { Rate } from "../token-bucket.ts";
import { NONCE_MS, Nonces } from "./nonces.ts";
import { faultOf, hasSigned, type LoginRules, messageOf, type ReadContract } from "./wallet-login.ts";

export type LoginConfig = {
  /** `host` or `host:port` of the site. */
  readonly domain: string;
  /** What a role may do, by its name. */
  readonly roles: Readonly<Record<string, Rights>>;
  /** The role of a wallet that is not named below, and of guests; without one there are none. */
  readonly walletRole?: string | undefined;
  readonly guestRole?: string | undefined;
  readonly wallets: Readonly<Record<Address, string>>;
  /** Logins of one client address; one a second on average and ten at once unless said otherwise. */
  readonly loginRate?: Rate | undefined;
  readonly sessionSeconds: number;
  /** How long a guest that nobody claims lives. */
  readonly guestSeconds: number;
};

export type UsersPorts = {
  readonly config: LoginConfig;
  readonly accounts: Accounts;
  readonly secret: Uint8Array;
  readonly chainId: number;
  readonly read: ReadContract;
  /** Told of every user the first time that it calls, to count its gas. */
  readonly met: (caller: Caller) => Promise<void>;
  readonly forgotten: (caller: Caller) => void;
};

export type Ticket = { readonly token: string; readonly expiresAt: number; readonly account: string };

/** Users with their rates in memory; whoever was not seen longest is forgotten first. */
const MOST_USERS = 10_000;
const GUEST = "guest:";
const WALLET = "wallet:";

/** People: wallets that have logged in, and guests. Each is a caller with the rights of its role. */
export class Users {
  readonly #ports: UsersPorts;
  readonly #nonces: Nonces;
  readonly #rules: LoginRules;
  readonly #wallets: ReadonlyMap<string, string>;
  readonly #callers = new Map<string, Caller>();
  readonly #meeting = new Map<string, Promise<Caller>>();

  constructor(ports: UsersPorts) {
    const { config, chainId, secret } = ports;
    this.#ports = ports;
    this.#nonces = new Nonces(secret);
    this.#rules = { domain: config.domain, chainId, maxAgeMs: NONCE_MS };
    this.#wallets = new Map(Object.entries(config.wallets).map(([wallet, role]) => [wallet.toLowerCase(), role]));
    for (const role of [config.walletRole, config.guestRole, ...this.#wallets.values()]) {
      if (role !== undefined && config.roles[role] === undefined) throw new RangeError(`there is no role ${role}`);
    }
  }

  get loginRate(): Rate {
    return this.#ports.config.loginRate ?? { ratePerSecond: 1, burst: 10 };
  }

  nonce(): { readonly nonce: string; readonly domain: string; readonly chainId: number; readonly expiresAt: number } {
    const now = Date.now();
    const { domain, chainId } = this.#rules;
    return { nonce: this.#nonces.issue(now), domain, chainId, expiresAt: now + NONCE_MS };
  }

  async logIn(text: string, signature: `0x${string}`): Promise<Ticket> {
    const { accounts, config, read } = this.#ports;
    const now = Date.now();
    const message = messageOf(text);
    if (message === undefined) throw refused("the message is none of EIP-4361");
    const fault = faultOf(message, this.#rules, now);
    if (fault !== undefined) throw refused(fault);
    const nonceExpires = this.#nonces.expiry(message.nonce, now);
    if (nonceExpires === undefined) throw refused("the nonce is not from here, or too old");
    if (!(await hasSigned(message.address, text, signature, read))) throw refused("the signature is not the account's");
    const account = WALLET + message.address.toLowerCase();
    if (this.#roleOf(account) === undefined) throw new Refusal(403, "FORBIDDEN", "the account has no role here");
    const ticket = newTicket(account, now + config.sessionSeconds * 1_000);
    const fresh = await accounts.logIn(message.nonce, nonceExpires, sessionOf(ticket));
    if (!fresh) throw refused("the nonce was used before");
    return ticket;
  }

  async newGuest(): Promise<Ticket> {
    const { accounts, config } = this.#ports;
    if (config.guestRole === undefined) throw new Refusal(403, "FORBIDDEN", "there are no guests here");
    const account = GUEST + randomBytes(16).toString("hex");
    const ticket = newTicket(account, Date.now() + config.guestSeconds * 1_000);
    await accounts.newGuest(account, sessionOf(ticket));
    return ticket;
  }

  /** The caller behind a token, or undefined. */
  async find(token: string): Promise<Caller | undefined> {
    const account = await this.#ports.accounts.subject(hashOf(token), Date.now());
    const role = account === undefined ? undefined : this.#roleOf(account);
    const rights = role === undefined ? undefined : this.#ports.config.roles[role];
    if (account === undefined || rights === undefined) return undefined;
    const known = this.#callers.get(account);
    if (known === undefined) return await this.#meet(account, rights);
    this.#callers.delete(account);
    this.#callers.set(account, known);
    return known;
  }

  /** Requests that come meanwhile wait: a quota is read before it is used. */
  #meet(account: string, rights: Rights): Promise<Caller> {
    const meet = async (): Promise<Caller> => {
      const caller = new Caller({ ...rights, name: account }, Date.now());
      await this.#ports.met(caller);
      this.#callers.set(account, caller);
      this.#forgetOne();
      return caller;
    };
    const meeting = this.#meeting.get(account) ?? meet().finally(() => this.#meeting.delete(account));
    this.#meeting.set(account, meeting);
    return meeting;
  }

  async logOut(token: string): Promise<void> {
    await this.#ports.accounts.logOut(hashOf(token));
  }

  /** Makes the guest behind `guestToken` the wallet's. */
  async claim(wallet: Caller, guestToken: string): Promise<string> {
    if (!wallet.name.startsWith(WALLET)) throw new Refusal(403, "FORBIDDEN", "only a wallet claims guests");
    const { accounts } = this.#ports;
    const guest = await accounts.subject(hashOf(guestToken), Date.now());
    const free = guest?.startsWith(GUEST) === true && (await accounts.claim(guest, wallet.name));
    if (guest === undefined || !free) throw new Refusal(404, "UNKNOWN_GUEST", "there is no such guest to claim");
    return guest;
  }

  /** Whether what `owner` has asked for is the caller's to see. */
  async owns(caller: Caller, owner: string): Promise<boolean> {
    if (owner === caller.name) return true;
    if (!caller.name.startsWith(WALLET) || !owner.startsWith(GUEST)) return false;
    return await this.#ports.accounts.hasClaimed(caller.name, owner);
  }

  async view(caller: Caller): Promise<Readonly<Record<string, unknown>>> {
    const { name: account } = caller;
    const role = this.#roleOf(account);
    if (!account.startsWith(WALLET)) return { account, role };
    const wallet = getAddress(account.slice(WALLET.length));
    return { account, role, wallet, guests: await this.#ports.accounts.claimedBy(account) };
  }

  async clean(): Promise<void> {
    await this.#ports.accounts.clean(Date.now());
  }

  #roleOf(account: string): string | undefined {
    const { walletRole, guestRole } = this.#ports.config;
    if (account.startsWith(GUEST)) return guestRole;
    return this.#wallets.get(account.slice(WALLET.length)) ?? walletRole;
  }

  #forgetOne(): void {
    const [oldest] = this.#callers.values();
    if (this.#callers.size <= MOST_USERS || oldest === undefined) return;
    this.#callers.delete(oldest.name);
    this.#ports.forgotten(oldest);
  }
}

function refused(message: string): Refusal {
  return new Refusal(401, "LOGIN_REFUSED", message);
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function newTicket(account: string, expiresAt: number): Ticket {
  return { token: randomBytes(32).toString("base64url"), expiresAt, account };
}

function sessionOf({ token, account, expiresAt }: Ticket): { hash: string; subject: string; expires: number } {
  return { hash: hashOf(token), subject: account, expires: expiresAt };
}
