import { expect, test } from "vitest";
import { MemberSet } from "./member-set.ts";

function setOf(...healths: readonly ({ status: string; height: number } | undefined)[]): MemberSet {
  const set = new MemberSet(7n);
  set.replace(healths.map((_, index) => `http://10.0.0.${index}:1/`));
  for (const [index, health] of healths.entries()) {
    const member = set.members[index];
    if (member !== undefined) member.health = health;
  }
  return set;
}

const hosts = (set: MemberSet, client: string): readonly number[] =>
  set.order(client).map(({ url }) => set.members.findIndex((member) => member.url === url));

test("running members at the top come first, dead ones last", () => {
  const set = setOf(
    undefined,
    { status: "expired", height: 100 },
    { status: "syncing", height: 100 },
    { status: "paused", height: 100 },
    { status: "running", height: 50 },
    { status: "running", height: 99 },
  );
  expect(hosts(set, "client")).toEqual([5, 4, 3, 2, 1, 0]);
});

test("a client stays with its member, and clients spread", () => {
  const set = setOf(...Array.from({ length: 4 }, () => ({ status: "running", height: 9 })));
  const firsts = Array.from({ length: 64 }, (_, index) => hosts(set, `10.1.0.${index}`)[0]);
  expect(Array.from({ length: 64 }, (_, index) => hosts(set, `10.1.0.${index}`)[0])).toEqual(firsts);
  expect(new Set(firsts).size).toBe(4);
});

test("when a member goes, only its own clients move", () => {
  const set = setOf(...Array.from({ length: 4 }, () => ({ status: "running", height: 9 })));
  const clients = Array.from({ length: 64 }, (_, index) => `10.1.0.${index}`);
  const before = clients.map((client) => hosts(set, client)[0]);
  const gone = set.members[2];
  if (gone !== undefined) gone.health = undefined;
  for (const [index, client] of clients.entries()) {
    if (before[index] !== 2) expect(hosts(set, client)[0]).toBe(before[index]);
    else expect(hosts(set, client)[0]).not.toBe(2);
  }
});

test("replacing keeps what is known and drops duplicates", () => {
  const set = setOf({ status: "running", height: 5 }, undefined);
  set.replace(["http://10.0.0.0:1", "http://10.0.0.0:1/", "http://10.0.0.9:1"]);
  expect(set.members).toEqual([
    { url: "http://10.0.0.0:1/chains/7", health: { status: "running", height: 5 } },
    { url: "http://10.0.0.9:1/chains/7", health: undefined },
  ]);
});
