import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { KeySlot } from "@tributary/protocol/ports/key-vault";
import { z } from "zod";

const bytes: z.ZodType<Uint8Array, string> = z.string().transform((text, context) => {
  const value = fromHex(text);
  if (value === undefined) context.addIssue("not hexadecimal");
  return value ?? z.NEVER;
});

const epoch = z.strictObject({
  encryption: z.strictObject({ secret: bytes, key: bytes, proof: bytes }).optional(),
  /** By keccak256 of the encryption keys dealt to. */
  dealings: z.record(z.string(), bytes),
  /** Newest last; a key generation that was run again may have left an unused one. */
  shares: z.array(
    z.strictObject({ groupKey: bytes, shareKeys: z.array(bytes), secret: bytes, from: z.string().optional() }),
  ),
  /** Absent where an older version wrote it. */
  sessions: z.number().int().nonnegative().optional(),
  /** What was here and must not come again. */
  erased: z.strictObject({ encryption: z.boolean(), shares: z.boolean() }).optional(),
});

const content = z.strictObject({
  nodeKey: bytes,
  blsKey: bytes,
  /** PKCS #8 DER. */
  transportKey: bytes,
  epochs: z.record(z.string(), epoch),
});

/** What stands encrypted in the keystore. */
export type VaultContent = {
  readonly nodeKey: Uint8Array;
  readonly blsKey: Uint8Array;
  readonly transportKey: Uint8Array;
  readonly epochs: Record<string, EpochSecrets>;
};

/** Of one seat in one key generation. */
export type EpochSecrets = {
  readonly encryption?:
    | { readonly secret: Uint8Array; readonly key: Uint8Array; readonly proof: Uint8Array }
    | undefined;
  readonly dealings: Readonly<Record<string, Uint8Array>>;
  readonly shares: readonly KeyShare[];
  /** Starts of the member that may have signed with it. */
  readonly sessions?: number | undefined;
  readonly erased?: { readonly encryption: boolean; readonly shares: boolean } | undefined;
};

export type KeyShare = {
  readonly groupKey: Uint8Array;
  readonly shareKeys: readonly Uint8Array[];
  readonly secret: Uint8Array;
  /** Names the dealings that it was accepted from, which are not judged again. Absent where an older version wrote it. */
  readonly from?: string | undefined;
};

export function epochName(slot: KeySlot, seat: number): string {
  return `${slot.group}/${slot.era}/${slot.epoch}/${seat}`;
}

/** What `epochName` named. */
export function epochNamed(name: string): (KeySlot & { readonly seat: number }) | undefined {
  const [group, ...numbers] = name.split("/");
  const [era, epoch, seat] = numbers.map(Number);
  if (group === undefined || era === undefined || epoch === undefined || seat === undefined) return undefined;
  return { group: group as KeySlot["group"], era, epoch, seat };
}

export function encodeContent(value: VaultContent): Uint8Array {
  const text = JSON.stringify(value, (_, field: unknown) => (field instanceof Uint8Array ? toHex(field) : field));
  return new TextEncoder().encode(text);
}

/** Undefined where the bytes are not a vault's content. */
export function decodeContent(encoded: Uint8Array): VaultContent | undefined {
  try {
    return content.parse(JSON.parse(new TextDecoder().decode(encoded)));
  } catch {
    return undefined;
  }
}
