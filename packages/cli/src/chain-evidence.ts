import { type ManagerClient, mined } from "@tributary/contracts";
import { offencesAbi } from "@tributary/contracts/abi/offences.generated";
import { fromHex } from "@tributary/protocol/bytes/hex";
import { decodeEvidence } from "@tributary/protocol/evidence/codec";
import { BaseError, ContractFunctionRevertedError } from "viem";
import { chainCall } from "./chain-rpc.ts";
import type { ChainView } from "./chain-view.ts";
import type { Network } from "./network.ts";

/** Pages that are read of one member at most: all that a member keeps. */
const MAX_PAGES = 129;
/** The contract's words for what evidence is worth, by number. */
const verdicts = ["proven", "malformed", "no-such-seat", "lawful", "bad-signature"] as const;

/** One offence that some member can prove. */
export type OffenceView = {
  readonly kind: string;
  readonly era: number;
  readonly epoch: number;
  readonly height: number;
  readonly seat: number;
  /** Node that it convicts; 0 where the contract is not convinced. */
  readonly nodeId: number;
  /** What the contract says of it; "unknown-committee" where no such committee had a key. */
  readonly verdict: (typeof verdicts)[number] | "unknown-committee";
  /** It is recorded on the mainchain. */
  readonly recorded: boolean;
  /** Calldata for the contract, in hexadecimal. */
  readonly evidence: `0x${string}`;
};

/** What the chain's members keep, each offence once, judged by the contract; members that do not answer are left out. */
export async function chainEvidence(
  client: ManagerClient,
  network: Network,
  chain: Pick<ChainView, "members">,
): Promise<readonly OffenceView[]> {
  const found = new Map<string, Set<`0x${string}`>>();
  for (const { rpc } of chain.members) {
    for (const evidence of await keptBy(rpc)) {
      const decoded = decodeEvidence(fromHex(evidence) ?? new Uint8Array(0));
      if (decoded === undefined) continue;
      const { group, era, epoch, height, seat, kind } = decoded;
      const name = [height, era, epoch, seat, kind, group].join(".");
      found.set(name, (found.get(name) ?? new Set()).add(evidence));
    }
  }
  const views: OffenceView[] = [];
  for (const proofs of found.values()) views.push(await best(client, network, [...proofs]));
  return views.sort((a, b) => a.height - b.height || a.seat - b.seat);
}

/** Records an offence on the mainchain. */
export async function submitEvidence(client: ManagerClient, network: Network, offence: OffenceView): Promise<void> {
  const hash = await client.writeContract({
    address: network.contracts.Offences,
    abi: offencesAbi,
    functionName: "submit",
    args: [offence.evidence],
  });
  await mined(client, `the evidence of ${offence.kind} at ${offence.height}`, hash);
}

async function keptBy(rpc: string): Promise<readonly `0x${string}`[]> {
  const kept: `0x${string}`[] = [];
  let place: unknown;
  try {
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = (await chainCall(rpc, "tributary_getEvidence", ...(place === undefined ? [] : [place]))) as {
        readonly evidence: readonly { readonly evidence: `0x${string}` }[];
        readonly next: string | null;
      };
      kept.push(...answer.evidence.map(({ evidence }) => evidence));
      if (answer.next === null) break;
      place = answer.next;
    }
  } catch {
    // This member is away or speaks nonsense; what it said before that, and the others, are enough.
  }
  return kept;
}

/** The first proof of an offence that convinces: a member may hand out a bad one to hide the others'. */
async function best(
  client: ManagerClient,
  network: Network,
  [evidence, ...others]: readonly `0x${string}`[],
): Promise<OffenceView> {
  const view = await judged(client, network, evidence ?? "0x");
  return view.verdict === "proven" || others.length === 0 ? view : best(client, network, others);
}

async function judged(client: ManagerClient, network: Network, evidence: `0x${string}`): Promise<OffenceView> {
  const offences = { address: network.contracts.Offences, abi: offencesAbi } as const;
  const decoded = decodeEvidence(fromHex(evidence) ?? new Uint8Array(0));
  if (decoded === undefined) throw new Error("only what decodes is judged");
  const { kind, era, epoch, height, seat } = decoded;
  const view = { kind, era, epoch, height, seat, evidence };
  try {
    const [code, offence, nodeId] = await client.readContract({
      ...offences,
      functionName: "judge",
      args: [evidence],
    });
    const recorded = await client.readContract({ ...offences, functionName: "isProven", args: [offence] });
    return { ...view, nodeId, verdict: verdicts[code] ?? "malformed", recorded };
  } catch (error) {
    if (!isUnknownCommittee(error)) throw error;
    return { ...view, nodeId: 0, verdict: "unknown-committee", recorded: false };
  }
}

function isUnknownCommittee(error: unknown): boolean {
  const cause =
    error instanceof BaseError ? error.walk((inner) => inner instanceof ContractFunctionRevertedError) : undefined;
  return cause instanceof ContractFunctionRevertedError && cause.data?.errorName === "UnknownCommittee";
}
