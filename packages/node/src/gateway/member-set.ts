import { TOLERATED_LAG } from "./limits.ts";

/** What the last check found out about a member. */
export type MemberHealth = { readonly status: string; readonly height: number };

/** One member of a chain as the gateway sees it. */
export type GatewayMember = {
  /** http(s)://host:port/chains/<chainId> */
  readonly url: string;
  /** undefined: it did not answer, or was not asked yet. */
  health: MemberHealth | undefined;
};

/** The members of one chain, and who should serve whom. */
export class MemberSet {
  readonly chainId: bigint;
  #members: readonly GatewayMember[] = [];

  constructor(chainId: bigint) {
    this.chainId = chainId;
  }

  get members(): readonly GatewayMember[] {
    return this.#members;
  }

  /** Replaces the members by their JSON-RPC bases (http://host:port); those that stay keep what is known of them. */
  replace(bases: readonly string[]): void {
    const known = new Map(this.#members.map((member) => [member.url, member]));
    const urls = new Set(bases.map((base) => `${base.replace(/\/+$/, "")}/chains/${this.chainId}`));
    this.#members = [...urls].map((url) => known.get(url) ?? { url, health: undefined });
  }

  /**
   * All members, the best for this client first: running ones at the top height before others. Among equals a client
   * meets the same member again and again, because each member has its own pool and so its own view of next nonces.
   */
  order(client: string, preferred?: GatewayMember): readonly GatewayMember[] {
    const top = Math.max(0, ...this.#members.map((member) => member.health?.height ?? 0));
    return this.#members
      .map((member) => ({ member, rank: rankOf(member, top), score: scoreOf(client, member.url) }))
      .sort(
        (a, b) =>
          a.rank - b.rank || Number(b.member === preferred) - Number(a.member === preferred) || a.score - b.score,
      )
      .map(({ member }) => member);
  }
}

function rankOf(member: GatewayMember, top: number): number {
  if (member.health === undefined) return 5;
  const { status, height } = member.health;
  switch (status) {
    case "running":
      return height >= top - TOLERATED_LAG ? 0 : 1;
    // Reads are as new, but its keys are away: should others fail, it would not help them on.
    case "following":
      return height >= top - TOLERATED_LAG ? 1 : 2;
    // A paused chain still answers reads and takes transactions.
    case "paused":
    case "recovery":
      return 2;
    case "syncing":
      return 3;
    default:
      return 4;
  }
}

/** Rendezvous hashing (FNV-1a): when a member goes, only its own clients move. */
function scoreOf(client: string, url: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${client}|${url}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  // FNV's low bits alone say little about its last characters.
  return (hash ^ (hash >>> 15)) >>> 0;
}
