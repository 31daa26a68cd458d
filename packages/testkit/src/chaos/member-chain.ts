import { BlsPublicKey } from "@tributary/protocol/crypto/bls";
import { encodePacked, hexToBytes } from "viem";
import { type Era, eraAt, type Finality, segmentsRoot, signedDigest } from "../devnet/outside-verifier.ts";
import { sleep } from "../devnet/processes.ts";
import type { Block, Hash, MemberChain } from "./history.ts";

type RpcBlock = {
  readonly number: string;
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly transactions: readonly Hash[];
};
type Request = { readonly method: string; readonly params: readonly unknown[] };
type Answer = { readonly id: number; readonly result?: unknown; readonly error?: { readonly code: number } };

/** Heights asked for at a time: two requests each. */
const BATCH = 50;
/** Answers of a server that is busy, not wrong: it is asked again, so many times. */
const BUSY_MS = 500;
const TRIES = 40;
const TIMEOUT_MS = 10_000;

type KnownEra = Era & { readonly key: BlsPublicKey };

/** Reads the chain that a member serves, and checks each block's certificate by the key that the mainchain has for it. */
export class ChainReader {
  readonly #mainchain: Parameters<typeof eraAt>[0];
  readonly #chainId: number;
  readonly #eras: KnownEra[] = [];
  /** Container headers with a certificate that proved true: other members serve the same, and need no second check. */
  readonly #proven = new Set<string>();

  constructor(mainchain: Parameters<typeof eraAt>[0], chainId: number) {
    this.#mainchain = mainchain;
    this.#chainId = chainId;
  }

  /** From the member's earliest block, at least 1, through `head`, or to where it has no block. */
  async read(url: string, head: number): Promise<MemberChain> {
    const [first] = await ask(url, [{ method: "eth_getBlockByNumber", params: ["earliest", false] }]);
    const earliest = Math.max(1, Number((first as RpcBlock | undefined)?.number ?? 1));
    const blocks: Block[] = [];
    for (let from = earliest; from <= head; from += BATCH) {
      const heights = Array.from(
        { length: Math.min(BATCH, head + 1 - from) },
        (_, i) => `0x${(from + i).toString(16)}`,
      );
      const found = await ask(url, [
        ...heights.map((height) => ({ method: "eth_getBlockByNumber", params: [height, false] })),
        ...heights.map((height) => ({ method: "tributary_getFinality", params: [height] })),
      ]);
      for (const index of heights.keys()) {
        const block = found[index] as RpcBlock | null | undefined;
        if (block === undefined || block === null) continue;
        const finality = found[heights.length + index] as Finality | undefined;
        const { hash, parentHash, transactions } = block;
        const certified = await this.#certified(Number(block.number), hash, finality);
        blocks.push({ height: Number(block.number), hash, parentHash, transactions, certified });
      }
    }
    return { earliest, blocks };
  }

  async #certified(height: number, hash: Hash, finality: Finality | undefined): Promise<boolean> {
    if (finality === undefined || finality.blockHash !== hash || finality.blockNumber !== height) return false;
    const { headerEncoded, certificate, branch } = finality;
    const leaf = encodePacked(["uint64", "uint64", "bytes32"], [BigInt(this.#chainId), BigInt(height), hash]);
    if (segmentsRoot(leaf, branch) !== `0x${headerEncoded.slice(-64)}`) return false;
    const { era, key } = await this.#keyAt(height);
    const digest = signedDigest(headerEncoded, era);
    const name = digest + certificate;
    if (this.#proven.has(name)) return true;
    if (!key.verify(hexToBytes(digest), hexToBytes(certificate))) return false;
    this.#proven.add(name);
    return true;
  }

  /** The mainchain's key for a height, asked for once an era. */
  async #keyAt(height: number): Promise<KnownEra> {
    const known = this.#eras.find(
      ({ firstHeight, lastHeight }) => height >= firstHeight && (lastHeight === 0n || height <= lastHeight),
    );
    if (known !== undefined) return known;
    const era = await eraAt(this.#mainchain, this.#chainId, height);
    const key = BlsPublicKey.fromBytes(hexToBytes(era.groupKey));
    if (key === undefined) throw new Error(`the mainchain has no key for height ${height}`);
    const found = { ...era, key };
    this.#eras.push(found);
    return found;
  }
}

/** Results in the order of the requests; undefined where the answer is a refusal of that very request. */
async function ask(url: string, requests: readonly Request[]): Promise<readonly unknown[]> {
  const body = JSON.stringify(requests.map((request, id) => ({ jsonrpc: "2.0", id, ...request })));
  for (let tries = 1; ; tries++) {
    const answers = await post(url, body).catch(() => undefined);
    const busy = answers === undefined || answers.some(({ error }) => error?.code === LIMIT_EXCEEDED);
    if (!busy) {
      const byId = new Map(answers.map((answer) => [answer.id, answer.result]));
      return requests.map((_, id) => byId.get(id));
    }
    if (tries === TRIES) throw new Error(`${url} does not answer`);
    await sleep(BUSY_MS);
  }
}

/** EIP-1474: the request's rate is above the limit. */
const LIMIT_EXCEEDED = -32_005;

async function post(url: string, body: string): Promise<readonly Answer[] | undefined> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answers = (await response.json()) as unknown;
  return Array.isArray(answers) ? (answers as readonly Answer[]) : undefined;
}
