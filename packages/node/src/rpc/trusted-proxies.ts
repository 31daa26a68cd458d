import { BlockList, isIP } from "node:net";

/** Proxies that one request can have passed; what a header says of more is not read. */
const MAX_HOPS = 16;

/**
 * Servers in front of this one, such as what ends TLS or a gateway, whose word about a client's address counts: without
 * them all clients behind one would share what a single address may have.
 */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** Addresses, or networks as 10.0.0.0/8 and fd00::/8. Throws RangeError on anything else. */
  constructor(names: readonly string[] = []) {
    for (const name of names) {
      const proxy = parseProxy(name);
      if (proxy === undefined) throw new RangeError(`not an address or a network: ${name.slice(0, 80)}`);
      this.#list.addSubnet(proxy.address, proxy.bits, proxy.family);
    }
  }

  /**
   * The client's address: `remote`, the connection's, unless that is a trusted proxy; then whom the last entries of
   * X-Forwarded-For name, as far back as trusted proxies wrote them.
   */
  clientOf(remote: string | undefined, forwarded: string | readonly string[] | undefined): string {
    let client = remote ?? "";
    const hops = [forwarded ?? []].flat().join(",").split(",").slice(-MAX_HOPS);
    while (this.trusts(client)) {
      const before = hops.pop()?.trim() ?? "";
      if (isIP(before) === 0) break;
      client = before;
    }
    return client;
  }

  /** Whether the address is a trusted proxy's. */
  trusts(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? "ipv4" : "ipv6");
  }
}

/** Whether a name is an address or a network. */
export function isProxyName(name: string): boolean {
  return parseProxy(name) !== undefined;
}

type Proxy = { readonly address: string; readonly bits: number; readonly family: "ipv4" | "ipv6" };

function parseProxy(name: string): Proxy | undefined {
  const [address = "", mask, ...rest] = name.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const most = version === 4 ? 32 : 128;
  if (mask !== undefined && (!/^[0-9]{1,3}$/.test(mask) || Number(mask) > most)) return undefined;
  return { address, bits: mask === undefined ? most : Number(mask), family: version === 4 ? "ipv4" : "ipv6" };
}
