import { count, hash, headerOf, quantity } from "../rpc/decode.ts";
import { type RpcClient, RpcUnreachable } from "../rpc/rpc-client.ts";
import { Fees } from "./fees.ts";
import type { Limits } from "./options.ts";

/** Looks at the chain between two questions for the node's suggested tip. */
const LOOKS_PER_TIP = 8;

/** The chain as the pool last saw it. */
export class ChainView {
  readonly chainId: number;
  genesis: string;
  readonly fees: Fees;
  number = 0;
  #looks = 0;

  private constructor(chainId: number, genesis: string, fees: Fees) {
    this.chainId = chainId;
    this.genesis = genesis;
    this.fees = fees;
  }

  static async read(rpc: RpcClient, limits: Limits): Promise<ChainView> {
    const chainId = count(await rpc.call("eth_chainId"));
    const genesis = await genesisHash(rpc);
    if (chainId === undefined || genesis === undefined)
      throw new RpcUnreachable("the endpoint names no chain id or no genesis");
    const view = new ChainView(chainId, genesis, new Fees(limits.maxFeePerGas, limits.tip));
    await view.refresh(rpc);
    return view;
  }

  /** Brings head and fees up to date; undefined when the endpoint's answer makes no sense. */
  async refresh(rpc: RpcClient): Promise<boolean> {
    const [answer] = await rpc.batch([{ method: "eth_getBlockByNumber", params: ["latest", false] }]);
    const head = answer?.ok === true ? headerOf(answer.result) : undefined;
    if (head === undefined) return false;
    this.number = head.number;
    this.fees.update(
      head.baseFee,
      this.#looks++ % LOOKS_PER_TIP === 0 ? await suggestion(rpc, head.baseFee) : undefined,
    );
    return true;
  }
}

export async function genesisHash(rpc: RpcClient): Promise<string | undefined> {
  const block = await rpc.call("eth_getBlockByNumber", "0x0", false);
  return hash((block as { readonly hash?: unknown } | null)?.hash);
}

async function suggestion(rpc: RpcClient, baseFee: bigint | undefined): Promise<bigint | undefined> {
  const method = baseFee === undefined ? "eth_gasPrice" : "eth_maxPriorityFeePerGas";
  const [answer] = await rpc.batch([{ method, params: [] }]);
  return answer?.ok === true ? quantity(answer.result) : undefined;
}
