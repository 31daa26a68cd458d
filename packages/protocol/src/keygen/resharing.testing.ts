// Test support: handing a key on from one committee to the next, in memory.

import type { BlsSecretKey } from "../crypto/bls.ts";
import type { PostedDealing } from "../ports/key-vault.ts";
import { type Ceremony, type CeremonyMember, ceremony } from "./ceremony.testing.ts";
import { makeEncryptionKey, type Random } from "./encryption-key.ts";
import { acceptDealings } from "./fresh-key.ts";
import type { GroupKeys } from "./group-keys.ts";
import { acceptResharing, makeResharing, qualifiedDealers } from "./resharing.ts";

/** A committee with its shares, by seat. */
export type Holders = { readonly keys: GroupKeys; readonly shares: readonly BlsSecretKey[] };

/** The new committee of a resharing in the next epoch, with the dealing of every old member. */
export type Handover = Ceremony & { readonly previous: Holders };

/** A freshly generated key. */
export function holdersOf(c: Ceremony): Holders {
  const results = c.members.map(({ opener }) => {
    const accepted = acceptDealings(c.context, c.dealings, c.members.length, opener, c.random);
    if (accepted === undefined) throw new Error("honest dealings give a share");
    return accepted;
  });
  const [first] = results;
  if (first === undefined) throw new Error("nobody took part");
  const { groupKey, shareKeys } = first;
  return { keys: { groupKey, shareKeys }, shares: results.map(({ share }) => share) };
}

/** Every old member deals its share to a new committee of `count` members in the next epoch. */
export function handover(context: Ceremony["context"], previous: Holders, count: number, random: Random): Handover {
  const next = { ...context, epoch: context.epoch + 1 };
  const strangers = ceremony(count, `strangers/${next.epoch}`).members;
  const members = strangers.map((stranger, seat): CeremonyMember => {
    const encryption = makeEncryptionKey(next, seat, random);
    return { ...stranger, encryption, opener: { seat, key: encryption.key, secret: encryption.secret } };
  });
  const encryptionKeys = members.map(({ encryption }) => encryption.key);
  const dealings = previous.shares.map((share, dealer): PostedDealing => {
    const dealing = makeResharing(next, dealer, share.toBytes(), encryptionKeys, random);
    if (dealing === undefined) throw new Error("an honest dealing cannot fail");
    return { dealer, dealing };
  });
  return { context: next, random, members, encryptionKeys, dealings, previous };
}

/** What the new committee holds when these dealings stand unconvicted; undefined below a quorum of old members. */
export function finish(h: Handover, unconvicted: readonly PostedDealing[]): Holders | undefined {
  const seats = qualifiedDealers(
    unconvicted.map(({ dealer }) => dealer),
    h.previous.shares.length,
  );
  const qualified = seats?.flatMap((seat) => unconvicted.filter(({ dealer }) => dealer === seat));
  if (qualified === undefined) return undefined;
  const results = h.members.flatMap(
    ({ opener }) => acceptResharing(h.context, h.previous.keys, qualified, h.members.length, opener, h.random) ?? [],
  );
  const [first] = results;
  if (first === undefined || results.length !== h.members.length) return undefined;
  const { groupKey, shareKeys } = first;
  return { keys: { groupKey, shareKeys }, shares: results.map(({ share }) => share) };
}
