// A wallet that lives in a page as browser wallets do (EIP-1193, announced by EIP-6963): one account, the chains that
// pages added, and consent to all that a page asks.
import { createWalletClient, defineChain, getAddress, type Hex, http, numberToHex, publicActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { z } from "zod";

/** EIP-1193 and EIP-3085 name these codes. */
const [UNAUTHORIZED, UNSUPPORTED, UNKNOWN_CHAIN, INVALID] = [4100, 4200, 4902, -32602];
/** Wallets begin on Ethereum. */
const FIRST_CHAIN = 1;

const hex = z.custom<Hex>((value) => typeof value === "string" && /^0x[0-9a-f]*$/i.test(value));
const addressShape = z.string().transform((value) => getAddress(value));
const chainParameter = z.object({
  chainId: hex,
  chainName: z.string().min(1),
  rpcUrls: z.array(z.url()).min(1),
  nativeCurrency: z.object({ name: z.string(), symbol: z.string().min(2).max(6), decimals: z.literal(18) }),
});
const transactionParameter = z.object({
  from: addressShape,
  to: addressShape.optional(),
  value: hex.transform(BigInt).optional(),
  data: hex.optional(),
  gas: hex.transform(BigInt).optional(),
});

type Request = { readonly method: string; readonly params?: readonly unknown[] };
type Listener = (value: unknown) => void;

class WalletError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

class Wallet {
  readonly #account: ReturnType<typeof privateKeyToAccount>;
  readonly #clients = new Map<number, ReturnType<Wallet["connectTo"]>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  #chainId = FIRST_CHAIN;
  #isConnected = false;

  constructor(privateKey: Hex) {
    this.#account = privateKeyToAccount(privateKey);
  }

  on(event: string, listener: Listener): this {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return this;
  }

  removeListener(event: string, listener: Listener): this {
    this.#listeners.get(event)?.delete(listener);
    return this;
  }

  async request({ method, params = [] }: Request): Promise<unknown> {
    switch (method) {
      case "eth_chainId":
        return numberToHex(this.#chainId);
      case "eth_accounts":
        return this.#isConnected ? [this.#account.address] : [];
      case "eth_requestAccounts":
        this.#isConnected = true;
        this.#emit("accountsChanged", [this.#account.address]);
        return [this.#account.address];
      case "wallet_switchEthereumChain":
        return this.#switchTo(parse(chainParameter.pick({ chainId: true }), params[0]).chainId);
      case "wallet_addEthereumChain":
        return await this.#add(parse(chainParameter, params[0]));
      case "eth_sendTransaction":
        return await this.#send(parse(transactionParameter, params[0]));
      default:
        return await this.#forward(method, params);
    }
  }

  /** A client of the chain behind an RPC URL. */
  connectTo(id: number, chain: Omit<z.infer<typeof chainParameter>, "chainId">) {
    const { chainName: name, nativeCurrency, rpcUrls } = chain;
    return createWalletClient({
      account: this.#account,
      chain: defineChain({ id, name, nativeCurrency, rpcUrls: { default: { http: rpcUrls } } }),
      transport: http(rpcUrls[0]),
    }).extend(publicActions);
  }

  /** As wallets do: the URL must be protected, and the chain behind it be the one that it is called. */
  async #add({ chainId, ...chain }: z.infer<typeof chainParameter>): Promise<null> {
    if (!chain.rpcUrls.every((url) => url.startsWith("https:"))) throw new WalletError(INVALID, "a URL is not https");
    const id = Number(chainId);
    const client = this.connectTo(id, chain);
    const said = await client.getChainId();
    if (said !== id) throw new WalletError(INVALID, `the chain calls itself ${said}, not ${id}`);
    this.#clients.set(id, client);
    return this.#switchTo(chainId);
  }

  #switchTo(chainId: Hex): null {
    const id = Number(chainId);
    if (!this.#clients.has(id)) throw new WalletError(UNKNOWN_CHAIN, `unknown chain ${id}`);
    if (id === this.#chainId) return null;
    this.#chainId = id;
    this.#emit("chainChanged", chainId);
    return null;
  }

  /** Asks the chain for gas, fees and the nonce, signs here, and sends. */
  async #send({ from, ...transaction }: z.infer<typeof transactionParameter>): Promise<Hex> {
    if (!this.#isConnected || from !== this.#account.address)
      throw new WalletError(UNAUTHORIZED, `not ${from}'s wallet`);
    return await this.#client().sendTransaction(transaction);
  }

  /** What a page reads it may read through its wallet. */
  async #forward(method: string, params: readonly unknown[]): Promise<unknown> {
    if (!method.startsWith("eth_")) throw new WalletError(UNSUPPORTED, `${method} is not supported`);
    return await this.#client().request({ method, params } as never);
  }

  #client() {
    const client = this.#clients.get(this.#chainId);
    if (client === undefined) throw new WalletError(UNSUPPORTED, `no URL for chain ${this.#chainId}`);
    return client;
  }

  #emit(event: string, value: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }
}

function parse<T>(shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw new WalletError(INVALID, parsed.error.message);
  return parsed.data;
}

/** Puts the wallet into this page, before the page's own scripts. */
export function installWallet(privateKey: Hex): void {
  const provider = new Wallet(privateKey);
  Object.assign(globalThis, { ethereum: provider });
  const page = globalThis as unknown as EventTarget;
  const info = {
    uuid: "b5ab2ea2-7a2c-4ed4-9c9a-5d3e4a0c1f77",
    name: "Test wallet",
    icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>",
    rdns: "example.tributary.wallet",
  };
  const detail = Object.freeze({ info: Object.freeze(info), provider });
  const announce = (): boolean => page.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  page.addEventListener("eip6963:requestProvider", announce);
  announce();
}
