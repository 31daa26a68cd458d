import type { Manifest } from "@tributary/chain/snapshot/manifest";
import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { Accepted, HexHash } from "@tributary/protocol/consensus/types";
import { containerHash } from "@tributary/protocol/container/codec";
import {
  bodyRoot,
  type ContainerBody,
  encodeContainerBody,
  segmentsRoot,
} from "@tributary/protocol/container/container-body";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import { encode, finalDigest, type Limits, orderDigest, proposalDigest } from "@tributary/protocol/wire/index";
import { expect, test } from "vitest";
import type { ContainerStore, Verifier } from "../consensus/ports.ts";
import { adoptProof, type KnownEras, proofOf, verifyProof } from "./snapshot-proof.ts";

const hash = (n: number): HexHash => `0x${n.toString(16).padStart(64, "0")}`;
const limits: Limits = { members: 4, containerBytes: 10_000 };
const spec = { chainId: 77n, group: hash(1), era: 0, epoch: 2 };
const HEIGHT = 9;
const BLOCK = hash(0xb10c);
const final = new Uint8Array(96).fill(1);
const ordered = new Uint8Array(96).fill(2);

type Made = {
  readonly header: ContainerHeader;
  readonly body: ContainerBody;
  readonly accepted: readonly Accepted[];
  readonly orderHeight: number;
  readonly certificateEra: number;
};

function accepted(seat: number): Accepted {
  const header = {
    ...{
      version: 1,
      group: spec.group,
      era: 0,
      epoch: 2,
      height: HEIGHT,
      seat,
      anchor: hash(3),
      time: 5,
      checkpoints: [],
    },
    ...{ bodyHash: hash(4), bodyBytes: 0, txCount: 0, gas: 0 },
  };
  return { seat, proposal: { header, digest: toHex(proposalDigest(header)) } };
}

const seats = [0, 1, 3].map(accepted);
const body: ContainerBody = {
  accepted: seats.map(({ seat, proposal }) => ({ seat, digest: proposal.digest })),
  transactions: [],
};
const order = orderDigest({ ...spec, height: HEIGHT }, hash(5), seats);

function honest(): Made {
  const header: ContainerHeader = {
    ...{
      version: 1,
      rules: 1,
      group: spec.group,
      era: 0,
      epoch: 2,
      height: HEIGHT,
      committee: hash(6),
      parent: hash(7),
    },
    ...{ order, beacon: hash(8), time: 5, mainchainNumber: 0, mainchainHash: hash(0), bodyRoot: bodyRoot(body) },
    segmentsRoot: segmentsRoot([{ chainId: spec.chainId, blockNumber: HEIGHT, blockHash: BLOCK }]),
  };
  return { header, body, accepted: seats, orderHeight: HEIGHT, certificateEra: 0 };
}

/** A store that holds the container and the order of one height. */
function storeOf({ header, body: content, accepted: list, orderHeight, certificateEra }: Made): ContainerStore {
  const container = encode({
    ...{ kind: "container", header, certificateEra, certificate: final, body: encodeContainerBody(content) },
  });
  const slot = { group: header.group, era: header.era, epoch: header.epoch, height: orderHeight };
  const message = encode({ kind: "order", ...slot, previous: hash(5), accepted: list, certificate: ordered });
  return { container: () => container, order: () => message } as never;
}

/** Accepts what q members signed: F over the honest header and O over the honest order, nothing else. */
const signed = new Set([
  `${toHex(finalDigest({ ...spec, height: HEIGHT }, containerHash(honest().header)))} ${toHex(final)}`,
  `${order} ${toHex(ordered)}`,
]);
const verifier = {
  certificate: (digest: Uint8Array, signature: Uint8Array, done: (ok: boolean) => void) =>
    done(signed.has(`${toHex(digest)} ${toHex(signature)}`)),
} as Verifier;

const eras: KnownEras = {
  epochs: (era) => new Set(era === spec.era ? [spec.epoch] : []),
  verifierOf: (era) => (era === spec.era ? verifier : undefined),
  lastHeight: () => lastHeight,
};
let lastHeight = Number.POSITIVE_INFINITY;

function verdict(proof: Uint8Array, blockHash: HexHash = BLOCK, number: number = HEIGHT): boolean {
  const block = { header: { number }, hash: fromHex(blockHash) };
  let answer: boolean | undefined;
  verifyProof({ proof, record: { block } } as unknown as Manifest, spec, eras, limits, (ok) => {
    answer = ok;
  });
  if (answer === undefined) throw new Error("no verdict");
  return answer;
}

const proof = (change: Partial<Made> = {}): Uint8Array => {
  const bytes = proofOf(storeOf({ ...honest(), ...change }), HEIGHT);
  if (bytes === undefined) throw new Error("no container");
  return bytes;
};
const header = (change: Partial<ContainerHeader>): Partial<Made> => ({ header: { ...honest().header, ...change } });

test("what an era certified above its recorded end is refused", () => {
  lastHeight = HEIGHT - 1;
  expect(verdict(proof())).toBe(false);
  lastHeight = HEIGHT;
  expect(verdict(proof())).toBe(true);
  lastHeight = Number.POSITIVE_INFINITY;
});

test("takes the container that the group made final, with its order or without", () => {
  expect(verdict(proof())).toBe(true);
  const store = storeOf(honest());
  const alone = proofOf({ ...store, order: () => undefined } as never, HEIGHT);
  expect(alone !== undefined && verdict(alone)).toBe(true);
  expect(proofOf({ ...store, container: () => undefined } as never, HEIGHT)).toBeUndefined();
});

test("refuses another block, another height and every header that nobody signed", () => {
  expect(verdict(proof(), hash(0xbad))).toBe(false);
  expect(verdict(proof(), BLOCK, HEIGHT + 1)).toBe(false);
  const changes: Partial<ContainerHeader>[] = [
    ...[{ version: 2 }, { rules: 2 }, { group: hash(2) }, { era: 1 }, { epoch: 3 }, { height: HEIGHT + 1 }],
    ...[{ committee: hash(99) }, { parent: hash(99) }, { order: hash(99) }, { beacon: hash(99) }, { time: 6 }],
    ...[{ mainchainNumber: 1 }, { mainchainHash: hash(99) }, { bodyRoot: hash(99) }],
    // The header of a container that holds the liar's own block.
    { segmentsRoot: segmentsRoot([{ chainId: spec.chainId, blockNumber: HEIGHT, blockHash: hash(0xbad) }]) },
  ];
  for (const change of changes) {
    expect(verdict(proof(header(change))), JSON.stringify(change)).toBe(false);
    expect(verdict(proof(header(change)), hash(0xbad)), JSON.stringify(change)).toBe(false);
  }
});

test("refuses a body, an order or a certificate that does not belong to the header", () => {
  const raw = new Uint8Array([2, 0xc0]);
  expect(verdict(proof({ body: { ...body, transactions: [{ raw, mark: "executed" }] } }))).toBe(false);
  expect(verdict(proof({ accepted: seats.slice(1) }))).toBe(false);
  expect(verdict(proof({ orderHeight: HEIGHT + 1 }))).toBe(false);
  expect(verdict(proof({ certificateEra: 1 }))).toBe(false);
});

test("refuses every proof with one byte changed, cut off or added", () => {
  const good = proof();
  const spared: number[] = [];
  for (let at = 0; at < good.length; at++) {
    const bad = good.slice();
    bad[at] = (bad[at] ?? 0) ^ 1;
    if (verdict(bad)) spared.push(at);
  }
  expect(spared).toEqual([]);
  for (const length of [0, 3, 4, 100, good.length - 1]) expect(verdict(good.subarray(0, length))).toBe(false);
  expect(verdict(Uint8Array.from([...good, 0]))).toBe(false);
});

test("what was verified goes into the store once", () => {
  const kept: string[] = [];
  let held: Uint8Array | undefined;
  const store = {
    container: () => held,
    putOrder: (height: number) => kept.push(`order ${height}`),
    putContainer: (height: number, bytes: Uint8Array) => {
      held = bytes;
      kept.push(`container ${height}`);
    },
    flush: (done: () => void) => done(),
  } as unknown as ContainerStore;
  let flushed = 0;
  for (let i = 0; i < 2; i++) adoptProof(proof(), limits, store, () => flushed++);
  expect([kept, flushed]).toEqual([[`order ${HEIGHT}`, `container ${HEIGHT}`], 2]);
});
