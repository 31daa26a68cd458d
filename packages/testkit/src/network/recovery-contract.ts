import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { containerHash, decodeContainerHeader } from "@tributary/protocol/container/codec";
import { digest } from "@tributary/protocol/crypto/digest";
import type { EraBeginning, FinalClaim, OrderClaim, RecoveryClaims } from "@tributary/protocol/ports/recovery-host";
import { quorum } from "@tributary/protocol/quorum";
import { finalDigest, toSlot } from "@tributary/protocol/wire/index";
import type { IdealCrypto } from "./ideal-crypto.ts";
import { TOY_GROUP, toyConfig } from "./toy-config.ts";

/** Why the contract refuses a claim; undefined where it takes it. */
export type Refusal = "not-higher" | "not-inherited" | "bad-certificate";

type Top = { readonly height: number; readonly digest: HexHash };
type Record = {
  readonly era: number;
  final: { readonly height: number; readonly hash: HexHash; readonly order: HexHash };
  order: Top;
  /** Highest order so far of those that the era took over, below their end. */
  lower: Top | undefined;
  readonly lacking: Set<number>;
};

const NOTHING: HexHash = `0x${"00".repeat(32)}`;

/**
 * What a chain's mainchain judges in one Recovery after the other: claims, members that lack what their era took over, and
 * where the next era begins. Rules: RecoveryClaims.sol and `close` of Recovery.sol, for eras that all end by a Recovery.
 */
export class RecoveryContract {
  readonly #members: number;
  readonly #cryptoOf: (era: number) => Pick<IdealCrypto, "checkCertificate">;
  /** Of the eras that a Recovery began, with D of their final heights. */
  readonly #beginnings = new Map<number, EraBeginning & { readonly finalOrder: HexHash }>();
  #record: Record | undefined;

  constructor(members: number, cryptoOf: (era: number) => Pick<IdealCrypto, "checkCertificate">) {
    this.#members = members;
    this.#cryptoOf = cryptoOf;
  }

  /** Where the era began; the first one at genesis. */
  beginningOf(era: number): EraBeginning {
    return this.#beginning(era);
  }

  /** Era whose own order the height has, as the era saw the chain. */
  ordererOf(era: number, height: number): number {
    let orderer = era;
    while (orderer > 1 && height <= this.#beginning(orderer).orderHeight) orderer -= 1;
    return orderer;
  }

  open(era: number): void {
    const { finalHeight, finalHash, finalOrder, orderHeight, order } = this.#beginning(era);
    const final = { height: finalHeight, hash: finalHash, order: finalOrder };
    this.#record = { era, final, order: { height: orderHeight, digest: order }, lower: undefined, lacking: new Set() };
  }

  /** Everything that a node found, the final container first. */
  claim({ final, order, lacking }: RecoveryClaims): readonly (Refusal | undefined)[] {
    const record = this.#open();
    return [
      ...(final === undefined ? [] : [this.#claimFinal(record, final)]),
      ...(lacking?.upTo === undefined ? [] : [this.#claimInherited(record, lacking.upTo)]),
      ...(order === undefined ? [] : [this.#claimOrder(record, order)]),
    ];
  }

  /** A member says that it lacks part of what the era took over. */
  lack(seat: number): void {
    const { era, lacking } = this.#open();
    const { finalHeight, orderHeight } = this.#beginning(era);
    if (orderHeight > finalHeight) lacking.add(seat);
  }

  /** Ends the era: where the next one begins. */
  close(): EraBeginning {
    const record = this.#open();
    this.#dropLacking(record);
    this.#record = undefined;
    const { final, order } = record;
    const beginning = {
      finalHeight: final.height,
      finalHash: final.hash,
      finalOrder: final.order,
      orderHeight: order.height,
      order: order.digest,
    };
    this.#beginnings.set(record.era + 1, beginning);
    return beginning;
  }

  #open(): Record {
    if (this.#record === undefined) throw new Error("no Recovery is open");
    return this.#record;
  }

  #beginning(era: number): EraBeginning & { readonly finalOrder: HexHash } {
    const { order } = toyConfig(0, 1).genesis;
    const genesis = { finalHeight: 0, finalHash: NOTHING, finalOrder: order, orderHeight: 0, order };
    return this.#beginnings.get(era) ?? genesis;
  }

  /** Whose key signs the height. */
  #eraAt(record: Record, height: number): number {
    let { era } = record;
    while (era > 1 && height <= this.#beginning(era).finalHeight) era -= 1;
    return era;
  }

  #claimFinal(record: Record, { container, certificate }: FinalClaim): Refusal | undefined {
    const header = decodeContainerHeader(container);
    if (header === undefined || header.height <= record.final.height) return "not-higher";
    const { height, epoch, order } = header;
    const era = this.#eraAt(record, height);
    const hash = containerHash(header);
    const signed = finalDigest({ group: TOY_GROUP, era, epoch, height }, hash);
    if (!this.#cryptoOf(era).checkCertificate(signed, certificate)) return "bad-certificate";
    record.final = { height, hash, order };
    // What is final was ordered.
    if (height > record.order.height) record.order = { height, digest: order };
    return undefined;
  }

  #claimOrder(record: Record, claim: OrderClaim): Refusal | undefined {
    if (claim.height <= record.order.height) return "not-higher";
    const top = this.#signed(this.#eraAt(record, claim.height), claim);
    if (top === undefined) return "bad-certificate";
    record.order = top;
    return undefined;
  }

  #claimInherited(record: Record, claim: OrderClaim): Refusal | undefined {
    const { era, height } = claim;
    const within = era < record.era && height < this.#beginning(record.era).orderHeight;
    const taken = height > this.#beginning(era).orderHeight && height <= this.#beginning(era + 1).orderHeight;
    if (!within || !taken) return "not-inherited";
    if (height <= Math.max(record.final.height, record.lower?.height ?? 0)) return "not-higher";
    const top = this.#signed(era, claim);
    if (top === undefined) return "bad-certificate";
    record.lower = top;
    return undefined;
  }

  #signed(era: number, { height, epoch, content, certificate }: OrderClaim): Top | undefined {
    const signed = digest("order", toSlot({ group: TOY_GROUP, era, epoch, height }), content);
    return this.#cryptoOf(era).checkCertificate(signed, certificate) ? { height, digest: toHex(signed) } : undefined;
  }

  /** Of what q members cannot have, nothing was made final in the era, and nothing that is ordered above it counts. */
  #dropLacking(record: Record): void {
    if (record.lacking.size < quorum(this.#members)) return;
    // They are only behind.
    if (record.final.height >= this.#beginning(record.era).orderHeight) return;
    const { final, lower } = record;
    record.order =
      lower !== undefined && lower.height > final.height ? lower : { height: final.height, digest: final.order };
  }
}
