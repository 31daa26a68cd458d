import { expect, test } from "vitest";
import type { LocatedLog } from "../block/receipt.ts";
import { FoundLogs, MAX_LOG_BYTES, MAX_LOG_RESULTS } from "./log-search.ts";

function logs(count: number, bytes: number): LocatedLog[] {
  const data = new Uint8Array(bytes);
  const hash = new Uint8Array(32);
  const place = { blockNumber: 1, blockHash: hash, timestamp: 1, transactionIndex: 0, transactionHash: hash };
  return Array.from({ length: count }, (_, logIndex) => ({
    ...place,
    logIndex,
    log: { address: new Uint8Array(20), topics: [], data },
  }));
}

test("an answer takes so many logs, and so many bytes of their data, whichever is reached first", () => {
  const found = new FoundLogs();
  found.add(logs(MAX_LOG_RESULTS / 2, 0));
  found.add(logs(MAX_LOG_RESULTS / 2, 0));
  expect(found.logs).toHaveLength(MAX_LOG_RESULTS);
  expect(() => found.add(logs(1, 0))).toThrow(`query returned more than ${MAX_LOG_RESULTS} results`);

  const large = new FoundLogs();
  for (let block = 0; block < 16; block++) large.add(logs(2, MAX_LOG_BYTES / 32));
  expect(large.logs).toHaveLength(32);
  expect(() => large.add(logs(1, 1))).toThrow(`query returned logs with more than ${MAX_LOG_BYTES} bytes of data`);
});
