import { expect, test } from "vitest";
import type { Share, Verifier } from "./ports.ts";
import { ShareCollector } from "./share-collector.ts";

const digest = new Uint8Array(32);
const good = Uint8Array.of(1);
const bad = Uint8Array.of(2);

/** Combines when asked to, and knows bad shares by their value. */
function verifier(): { readonly port: Verifier; readonly asked: (readonly Share[])[] } {
  const asked: (readonly Share[])[] = [];
  const port: Verifier = {
    node: () => {},
    certificate: () => {},
    combine(_digest, shares, done) {
      asked.push(shares);
      const faulty = shares.filter(({ share }) => share[0] === 2).map(({ seat }) => seat);
      done(faulty.length > 0 ? { faulty } : { signature: Uint8Array.of(shares.length) });
    },
  };
  return { port, asked };
}

test("combines q shares of different seats, once, when it is open", () => {
  const { port, asked } = verifier();
  const results: Uint8Array[] = [];
  const collector = new ShareCollector(
    digest,
    3,
    port,
    (signature) => results.push(signature),
    () => {},
  );
  collector.add(0, good);
  collector.add(0, good);
  collector.add(1, good);
  expect(collector.ready).toBe(false);
  collector.add(2, good);
  expect(collector.ready).toBe(true);
  expect(asked).toHaveLength(0);
  collector.open();
  collector.add(3, good);
  expect(results).toEqual([Uint8Array.of(3)]);
  expect(asked).toHaveLength(1);
});

test("a bad share is named and its seat is out; the next one completes the set", () => {
  const { port } = verifier();
  const results: Uint8Array[] = [];
  const faulty: number[] = [];
  const collector = new ShareCollector(
    digest,
    3,
    port,
    (signature) => results.push(signature),
    (seat) => faulty.push(seat),
  );
  collector.open();
  collector.add(0, good);
  collector.add(1, bad);
  collector.add(2, good);
  expect(faulty).toEqual([1]);
  expect(results).toHaveLength(0);
  collector.add(1, good);
  expect(results).toHaveLength(0);
  collector.add(3, good);
  expect(results).toHaveLength(1);
});

test("nothing comes of a closed one", () => {
  const { port, asked } = verifier();
  const collector = new ShareCollector(
    digest,
    1,
    port,
    () => expect.unreachable(),
    () => {},
  );
  collector.close();
  collector.open();
  collector.add(0, good);
  expect(asked).toHaveLength(0);
});
