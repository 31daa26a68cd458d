import { privateKeyToAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";
import { expect, test } from "vitest";
import { AddressRates } from "./address-rates.ts";
import { NONCE_MS, Nonces } from "./nonces.ts";
import { faultOf, hasSigned, messageOf } from "./wallet-login.ts";

const account = privateKeyToAccount(`0x${"11".repeat(32)}`);
const now = Date.UTC(2026, 1, 3);
const rules = { domain: "game.example", chainId: 7, maxAgeMs: NONCE_MS };
const fields = {
  address: account.address,
  chainId: 7,
  domain: "game.example",
  nonce: "0123456789abcdef",
  uri: "https://game.example/login",
  version: "1",
  statement: "Play.",
  issuedAt: new Date(now),
} as const;

test("a message of the wallet's is read as it was signed", () => {
  const text = createSiweMessage(fields);
  expect(messageOf(text)).toMatchObject({ ...fields });
  expect(messageOf(text.replace(".000Z", "Z"))?.issuedAt?.getTime()).toBe(now);
  for (const wrong of [
    `${text}\nResources: x`,
    text.replace("Version: 1", "Version: 2"),
    `${text} `,
    "",
    "x".repeat(5_000),
  ]) {
    expect(messageOf(wrong)).toBeUndefined();
  }
  expect(messageOf(text.replace(account.address, account.address.toLowerCase()))).toBeUndefined();
});

test.each([
  ["another domain", { domain: "evil.example" }],
  ["a URI elsewhere", { uri: "https://evil.example/login" }],
  ["another chain", { chainId: 1 }],
  ["an old message", { issuedAt: new Date(now - NONCE_MS - 1) }],
  ["a message of the future", { issuedAt: new Date(now + 120_000) }],
  ["an expired one", { expirationTime: new Date(now) }],
  ["one for later", { notBefore: new Date(now + 120_000) }],
])("%s is no login", (_, change) => {
  const message = messageOf(createSiweMessage({ ...fields, ...change }));
  expect(message).toBeDefined();
  if (message !== undefined) expect(faultOf(message, rules, now)).toBeTypeOf("string");
});

test("the account's own signature counts, another one only by the word of a contract", async () => {
  const text = createSiweMessage(fields);
  expect(faultOf(messageOf(text) as never, rules, now)).toBeUndefined();
  const nothing = async () => "0x" as const;
  const own = await account.signMessage({ message: text });
  const other = await privateKeyToAccount(`0x${"22".repeat(32)}`).signMessage({ message: text });
  expect(await hasSigned(account.address, text, own, nothing)).toBe(true);
  expect(await hasSigned(account.address, text, other, nothing)).toBe(false);
  expect(await hasSigned(account.address, text, other, async () => `0x1626ba7e${"0".repeat(56)}`)).toBe(true);
  expect(await hasSigned(account.address, text, other, async () => `0xffffffff${"0".repeat(56)}`)).toBe(false);
  expect(await hasSigned(account.address, text, other, async () => undefined)).toBe(false);
});

test("a nonce is good for a while, and only where it was made", () => {
  const nonces = new Nonces(new Uint8Array(32).fill(1));
  const nonce = nonces.issue(now);
  expect(nonces.expiry(nonce, now)).toBe(now + NONCE_MS);
  expect(nonces.expiry(nonce, now + NONCE_MS)).toBeUndefined();
  expect(new Nonces(new Uint8Array(32)).expiry(nonce, now)).toBeUndefined();
  const later = (now + 60_000).toString(16).padStart(12, "0") + nonce.slice(12);
  for (const forged of [later, "", "0123456789abcdef"]) expect(nonces.expiry(forged, now)).toBeUndefined();
});

test("addresses of one IPv6 network share a rate", () => {
  const rates = new AddressRates({ ratePerSecond: 1, burst: 1 });
  const waits = ["2001:db8::1", "2001:db8:0:0:9::2", "2001:db8:0:1::1", "::ffff:10.0.0.1", "10.0.0.1"];
  expect(waits.map((address) => rates.spend(address, now))).toEqual([0, 1, 0, 0, 1]);
});
