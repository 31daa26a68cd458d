import { expect, test } from "vitest";
import { isProxyName, TrustedProxies } from "./trusted-proxies.ts";

test("without trusted proxies nobody's header counts", () => {
  const proxies = new TrustedProxies();
  expect(proxies.clientOf("127.0.0.1", "203.0.113.9")).toBe("127.0.0.1");
  expect(proxies.clientOf(undefined, "203.0.113.9")).toBe("");
});

test.each([
  ["127.0.0.1", "203.0.113.9", "203.0.113.9"],
  // What a client wrote itself stands before what the proxy appended.
  ["127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"],
  ["127.0.0.1", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"],
  // A chain of trusted proxies.
  ["127.0.0.1", "198.51.100.1, 203.0.113.9, 10.9.8.7", "203.0.113.9"],
  ["fd00::1", "2001:db8::7", "2001:db8::7"],
  ["::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"],
  // Not a proxy: its header is its own invention.
  ["192.0.2.1", "203.0.113.9", "192.0.2.1"],
  // No word, or none that is an address: the proxy itself.
  ["127.0.0.1", undefined, "127.0.0.1"],
  ["127.0.0.1", "", "127.0.0.1"],
  ["127.0.0.1", "203.0.113.9, unknown", "127.0.0.1"],
  ["127.0.0.1", "203.0.113.9:443", "127.0.0.1"],
])("from %s, forwarded for %s", (remote, forwarded, client) => {
  const proxies = new TrustedProxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);
  expect(proxies.clientOf(remote, forwarded)).toBe(client);
});

test("proxies are known by their address alone", () => {
  const proxies = new TrustedProxies(["127.0.0.1", "10.0.0.0/8"]);
  for (const address of ["127.0.0.1", "10.1.2.3", "::ffff:10.0.0.1"]) expect(proxies.trusts(address)).toBe(true);
  for (const address of ["127.0.0.2", "11.0.0.1", "::1", "", "unknown"]) expect(proxies.trusts(address)).toBe(false);
});

test("a header of trusted addresses alone ends, however long it is", () => {
  const proxies = new TrustedProxies(["10.0.0.0/8"]);
  expect(proxies.clientOf("10.0.0.1", Array.from({ length: 10_000 }, () => "10.0.0.2").join(","))).toBe("10.0.0.2");
});

test("names of proxies are addresses and networks", () => {
  for (const name of ["127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8", "0.0.0.0/0"]) expect(isProxyName(name)).toBe(true);
  for (const name of ["", "localhost", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/", "10.0.0.0/-1", "::/129", "1.2.3"]) {
    expect(isProxyName(name)).toBe(false);
    expect(() => new TrustedProxies([name])).toThrow(RangeError);
  }
});
