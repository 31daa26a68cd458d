import { MESSAGE_KINDS, type MessageKind } from "@tributary/protocol/wire/index";

export type Deed = "forged" | "withheld" | "equivocated";

/** How often faulty members abused each kind of message. */
export class Abuse {
  readonly #counts = new Map<string, number>();

  add(kind: MessageKind, deed: Deed, count: number = 1): void {
    const key = `${kind} ${deed}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  count(kind: MessageKind, deed: Deed): number {
    return this.#counts.get(`${kind} ${deed}`) ?? 0;
  }

  merge(other: Abuse): void {
    for (const kind of MESSAGE_KINDS) {
      for (const deed of ["forged", "withheld", "equivocated"] as const) this.add(kind, deed, other.count(kind, deed));
    }
  }

  table(): string {
    const lines = ["kind              forged  withheld  equivocated"];
    for (const kind of MESSAGE_KINDS) {
      const counts = (["forged", "withheld", "equivocated"] as const).map((deed) => this.count(kind, deed));
      const [forged = 0, withheld = 0, equivocated = 0] = counts;
      lines.push(
        `${kind.padEnd(16)}${String(forged).padStart(8)}${String(withheld).padStart(10)}${String(equivocated).padStart(13)}`,
      );
    }
    return lines.join("\n");
  }
}
