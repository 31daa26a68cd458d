// For users of viem: heads and logs without a gap. Needs no viem to run.

/** What the helper uses of a viem client with a WebSocket transport. */
export type SubscribingClient = {
  readonly transport: {
    subscribe(args: {
      // biome-ignore lint/suspicious/noExplicitAny: viem's own type admits Ethereum's subscriptions alone
      readonly params: any;
      readonly onData: (data: { readonly result?: unknown }) => void;
      readonly onError?: (error: unknown) => void;
    }): Promise<{ readonly unsubscribe: () => Promise<unknown> }>;
  };
};

/** The fields of a head or a log by which its place is known; others are as the node sends them. */
export type Head = { readonly number: string; readonly [field: string]: unknown };
export type FollowedLog = {
  readonly blockNumber: string;
  readonly logIndex: string;
  readonly [field: string]: unknown;
};

export type FollowOptions<T> = {
  /** Block to begin with: all from there on are given. */
  readonly fromBlock: bigint;
  /** Called for each one, in the chain's order, never twice. */
  readonly onData: (item: T) => void;
  /** The connection was lost, and viem makes it again where its `reconnect` says so; or the node refuses. */
  readonly onError?: (error: unknown) => void;
};

export type LogFilter = {
  readonly address?: string | readonly string[];
  readonly topics?: readonly (string | readonly string[] | null)[];
};

/** Follows the heads of a chain of Tributary through lost connections. Resolves to what ends it. */
export function followHeads(client: SubscribingClient, options: FollowOptions<Head>): Promise<() => Promise<unknown>> {
  return follow<Head>(client, "newHeads", {}, options, (head) => ({ block: BigInt(head.number), index: 0n }));
}

/** Follows the logs that the filter names through lost connections. Resolves to what ends it. */
export function followLogs(
  client: SubscribingClient,
  filter: LogFilter,
  options: FollowOptions<FollowedLog>,
): Promise<() => Promise<unknown>> {
  return follow<FollowedLog>(client, "logs", filter, options, (log) => ({
    block: BigInt(log.blockNumber),
    index: BigInt(log.logIndex),
  }));
}

type Place = { readonly block: bigint; readonly index: bigint };

async function follow<T>(
  client: SubscribingClient,
  topic: "newHeads" | "logs",
  filter: LogFilter,
  { fromBlock, onData, onError }: FollowOptions<T>,
  placeOf: (item: T) => Place,
): Promise<() => Promise<unknown>> {
  // viem subscribes again with the very same object: what is written here is where it will go on.
  const request = { ...filter, fromBlock: hex(fromBlock) };
  let last: Place = { block: fromBlock, index: -1n };
  const subscription = await client.transport.subscribe({
    params: [topic, request],
    onData: ({ result }) => {
      const item = result as T;
      const place = placeOf(item);
      // The block that was interrupted comes again as a whole.
      if (place.block < last.block || (place.block === last.block && place.index <= last.index)) return;
      last = place;
      request.fromBlock = hex(place.block);
      onData(item);
    },
    ...(onError === undefined ? {} : { onError }),
  });
  return () => subscription.unsubscribe();
}

function hex(number: bigint): string {
  return `0x${number.toString(16)}`;
}
