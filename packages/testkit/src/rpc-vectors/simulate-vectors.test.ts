import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ask, useSoloServer } from "@tributary/node/rpc/solo-server.testing";
import { describe, expect, test } from "vitest";
import { unpacked, vectorsFolder } from "../statetest/fixture-files.ts";

// The vectors of eth_simulateV1 were made on Ethereum's chain of execution-apis. Most of them look at nothing of it but
// the chain id and the gas limit, so that a chain of ours with both has to answer the same, down to the roots.

const CHAIN_ID = 3_503_995_874_084_926n;
const GAS_LIMIT = 200_000_000;
/** Number and time of the vectors' head, and of ours. */
const [THEIR_NUMBER, THEIR_TIME] = [0x36, 0x21c];
const [OUR_NUMBER, OUR_TIME] = [0, 1_700_000_000];

/** What cannot be the same here, and why. */
const excused: Readonly<Record<string, string>> = {
  blobs: "blob transactions are disabled on a rented chain",
  "blockhash-complex": "shows the hash of a block of their chain",
  "blockhash-simple": "shows the hash of a block of their chain",
  "empty-validation": "their next block has a base fee",
  "empty-with-block-num-set-firstblock": "their first block was found by proof of work",
  "simple-no-funds-with-validation": "their next block has a base fee",
  "use-as-many-features-as-possible": "the zero address has coins there, so that a SELFDESTRUCT to it costs less",
};

const archive = join(vectorsFolder(), "rpc-compat.tar.xz");
const wanted = existsSync(archive) || process.env["TRIBUTARY_VECTORS"] !== undefined;
if (!wanted)
  process.stderr.write(`SKIPPED: eth_simulateV1's vectors, for ${archive} is absent (set TRIBUTARY_VECTORS)\n`);

type Fields = Record<string, unknown>;

/** Numbers and times of a request, as far behind our head as they are behind theirs. */
function moved(request: Fields): Fields {
  const shift = (hex: unknown, by: number): unknown =>
    typeof hex === "string" ? `0x${(Number(hex) + by).toString(16)}` : hex;
  const blocks = (request["blockStateCalls"] as Fields[]).map((block) => {
    const { number, time, ...others } = (block["blockOverrides"] ?? {}) as Fields;
    const place = {
      ...(number === undefined ? {} : { number: shift(number, OUR_NUMBER - THEIR_NUMBER) }),
      ...(time === undefined ? {} : { time: shift(time, OUR_TIME - THEIR_TIME) }),
    };
    return { ...block, blockOverrides: { ...others, ...place } };
  });
  return { ...request, blockStateCalls: blocks };
}

/** A block without what depends on the chain below it. */
function comparable(block: Fields): Fields {
  // A timestamp of our days has more bytes; the root of the requests is that of the outbox here.
  const { requestsHash: _r, ...own } = block;
  const { hash: _h, parentHash: _p, stateRoot: _s, number: _n, timestamp: _t, size: _b, ...rest } = own;
  const placeless = (item: unknown): unknown => {
    if (typeof item !== "object" || item === null) return item;
    const {
      blockHash: _hash,
      blockNumber: _number,
      blockTimestamp: _time,
      gasPrice: _paid,
      ...others
    } = item as Fields;
    return others;
  };
  const calls = (rest["calls"] as Fields[]).map((call) => ({
    ...call,
    logs: (call["logs"] as unknown[]).map(placeless),
  }));
  return { ...rest, calls, transactions: (rest["transactions"] as unknown[]).map(placeless) };
}

/** What does not agree; undefined where all does. Messages are for people: codes are compared. */
async function difference(request: { params: Fields[] }, expected: Fields): Promise<string | undefined> {
  const [options = {}] = request.params;
  const actual = await ask("eth_simulateV1", moved(options), "latest");
  const shape = ({ error, result }: Fields): unknown =>
    error === undefined ? (result as Fields[]).map(comparable) : { code: (error as Fields)["code"] };
  try {
    expect(shape(actual)).toEqual(shape(expected));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe.skipIf(!wanted)("eth_simulateV1's vectors of execution-apis", () => {
  useSoloServer(CHAIN_ID, GAS_LIMIT);

  test("agree, but for those that cannot", async () => {
    const folder = join(unpacked(archive), "rpc", "tests", "eth_simulateV1");
    const differing = new Map<string, string>();
    const files = readdirSync(folder);
    for (const file of files) {
      const lines = readFileSync(join(folder, file), "utf8").split("\n");
      const read = (mark: string): string => lines.find((line) => line.startsWith(mark))?.slice(mark.length) ?? "";
      const fault = await difference(JSON.parse(read(">> ")), JSON.parse(read("<< ")));
      if (fault !== undefined) differing.set(file.replace(/^ethSimulate-|\.io$/g, ""), fault);
    }
    const surprising = [...differing].filter(([name]) => excused[name] === undefined);
    expect(surprising).toEqual([]);
    expect([...differing.keys()].sort()).toEqual(Object.keys(excused).sort());
    expect(files.length).toBeGreaterThan(50);
  });
});
