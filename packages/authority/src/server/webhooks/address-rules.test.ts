import { expect, test } from "vitest";
import { AddressRules } from "./address-rules.ts";
import { checkedUrl, checkName, Forbidden } from "./guarded-post.ts";

const rules = new AddressRules([]);

test.each([
  "127.0.0.1",
  "10.1.2.3",
  "172.31.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "255.255.255.255",
  "::1",
  "::",
  "fe80::1",
  "fd00::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "2001:0:1::",
  "2001:db8::1",
  "ff02::1",
  "localhost",
])("%s is not public", (address) => expect(rules.permits(address)).toBe(false));

test.each(["1.1.1.1", "172.32.0.1", "2606:4700::1111"])("%s is public", (address) =>
  expect(rules.permits(address)).toBe(true),
);

test("what the operator allows is allowed, and what is no network is refused", () => {
  const own = new AddressRules(["10.1.0.0/16", "fd00::/8"]);
  expect(["10.1.9.9", "fd00::1", "10.2.0.1", "::1"].map((address) => own.permits(address))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  for (const wrong of ["10.0.0.0", "10.0.0.0/33", "host/8", "10.0.0.0/", "::/129"]) {
    expect(() => new AddressRules([wrong])).toThrow(RangeError);
  }
});

test.each([
  "ftp://example.com/",
  "https://user:pass@example.com/",
  "not a url",
  "http://127.0.0.1/",
  "http://2130706433/",
  "http://0x7f.1/",
  "http://0177.0.0.1/",
  "http://[::1]:80/",
  "http://[::ffff:10.0.0.1]/",
])("%s is no place for a webhook", (url) => expect(() => checkedUrl(url, rules)).toThrow(Forbidden));

test("a name is refused when one of its addresses is not public, and when it has none", async () => {
  const url = checkedUrl("https://game.example/hook", rules);
  const resolve = (addresses: readonly string[]) => async () => addresses.map((address) => ({ address, family: 4 }));
  await checkName(url, rules, resolve(["1.1.1.1"]));
  for (const addresses of [["1.1.1.1", "10.0.0.1"], []]) {
    await expect(checkName(url, rules, resolve(addresses))).rejects.toThrow(Forbidden);
  }
});
