import { BlockList, isIP } from "node:net";

/** Not the public internet: this machine, private and shared networks, documentation, multicast, reserved. */
const SPECIAL_V4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];
/** Inside 2000::/3, and yet ways to other addresses: Teredo, documentation, 6to4. */
const SPECIAL_V6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

/** Which addresses a webhook may go to: public ones, and what the operator allows. */
export class AddressRules {
  readonly #special = new BlockList();
  readonly #global = new BlockList();
  readonly #allowed = new BlockList();

  /** `allowed`: networks such as "10.1.0.0/16" or "fd00::/8". Throws a RangeError at what is none. */
  constructor(allowed: readonly string[]) {
    for (const [network, prefix] of SPECIAL_V4) this.#special.addSubnet(network, prefix, "ipv4");
    for (const [network, prefix] of SPECIAL_V6) this.#special.addSubnet(network, prefix, "ipv6");
    this.#global.addSubnet("2000::", 3, "ipv6");
    for (const text of allowed) {
      const [network = "", prefix = ""] = text.split("/");
      const family = isIP(network);
      const bits = /^[0-9]{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
      if (family === 0 || !(bits <= (family === 4 ? 32 : 128))) throw new RangeError(`${text} is no network`);
      this.#allowed.addSubnet(network, bits, family === 4 ? "ipv4" : "ipv6");
    }
  }

  permits(address: string): boolean {
    const family = isIP(address);
    if (family === 0) return false;
    const kind = family === 4 ? "ipv4" : "ipv6";
    if (this.#allowed.check(address, kind)) return true;
    return (family === 4 || this.#global.check(address, kind)) && !this.#special.check(address, kind);
  }
}
