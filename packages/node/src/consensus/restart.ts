import type { Base } from "@tributary/protocol/consensus/types";
import { decode } from "@tributary/protocol/wire/index";
import { decodeLogRecord, type LogRecord } from "./log-record.ts";
import type { MemberContext } from "./member-context.ts";
import type { InputLog } from "./ports.ts";
import { compareTerms } from "./term-name.ts";

/** All records; the first one is a base unless the log is new. Throws `log-unreadable`. */
export function readLog(log: InputLog): readonly LogRecord[] {
  const records: LogRecord[] = [];
  for (const bytes of log.replay()) {
    const record = decodeLogRecord(bytes);
    if (record === undefined) throw new LogUnreadable();
    records.push(record);
  }
  if (records.length > 0 && records[0]?.kind !== "base") throw new LogUnreadable();
  return records;
}

/** Where the core starts: genesis, or the first record of the log, or what the store holds where the log is gone. */
export function startingBase({ config, ports, limits }: MemberContext, records: readonly LogRecord[]): Base {
  const first = records[0];
  if (first?.kind === "base") return first.base;
  const { members, seat, group, era, epoch, firstHeight, genesis } = config;
  const start = { members, seat, group, era, epoch, firstHeight };
  const everyone = (1n << BigInt(members)) - 1n;
  const read = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : decode(bytes, limits));
  const newest = ports.store.highestContainer;
  const container = newest === 0 ? undefined : read(ports.store.container(newest));
  const order = newest === 0 ? undefined : read(ports.store.order(newest));
  const inherited = config.inherited;
  if (inherited !== undefined && (container?.kind !== "container" || container.header.era !== era)) {
    const { orderHeight, order: last, finalHeight } = inherited;
    const final = container?.kind === "container" && container.certificateEra === era ? newest : finalHeight;
    return { ...start, ordered: orderHeight, orderDigest: last, previousDigest: last, accepted: everyone, final };
  }
  const other = container?.kind === "container" && compareTerms(container.header, config) !== 0;
  if (other) {
    const { order: anchor } = container.header;
    return {
      ...start,
      ordered: newest,
      orderDigest: anchor,
      previousDigest: anchor,
      accepted: everyone,
      final: newest,
    };
  }
  if (order?.kind !== "order" || container?.kind !== "container") {
    const { order: origin } = genesis;
    return { ...start, ordered: 0, orderDigest: origin, previousDigest: origin, accepted: everyone, final: 0 };
  }
  let accepted = 0n;
  for (const { seat: one } of order.accepted) accepted |= 1n << BigInt(one);
  const orderDigest = container.header.order;
  return { ...start, ordered: newest, orderDigest, previousDigest: order.previous, accepted, final: newest };
}

/** The log's checksums hold, but not its records: another version wrote it. */
export class LogUnreadable extends Error {
  readonly code = "log-unreadable";

  constructor() {
    super("the input log holds records that this version does not know");
  }
}
