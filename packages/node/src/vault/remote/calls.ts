import { fromHex, toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type {
  EncryptionKey,
  KeySlot,
  PostedDealing,
  PreviousKeys,
  ReadySignatures,
  ResharingVerdict,
} from "@tributary/protocol/ports/key-vault";
import { z } from "zod";

// What a node asks of its vault besides signatures of statements: JSON, bytes as hexadecimal. Both ends check all of it.

const MAX_SEATS = 64;

function bytes(limit: number): z.ZodType<Uint8Array, string> {
  return z
    .string()
    .max(2 + 2 * limit)
    .transform((text, context) => {
      const value = fromHex(text);
      if (value === undefined) context.addIssue("not hexadecimal");
      return value ?? z.NEVER;
    });
}

const point = bytes(128);
const points = z.array(point).max(MAX_SEATS);
const seat = z
  .number()
  .int()
  .min(0)
  .max(MAX_SEATS - 1);
const count = z.number().int().nonnegative();
const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text): HexHash => text as HexHash);
const slot = z.strictObject({ group: hash, era: count, epoch: count });
const keys = z.strictObject({ groupKey: point, shareKeys: points });
const dealings = z.array(z.strictObject({ dealer: seat, dealing: bytes(16_384) })).max(MAX_SEATS);
const bitmap = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,19})$/)
  .transform((text) => BigInt(text));
const nodeIds = z.array(z.number().int().nonnegative().max(0xffff_ffff)).max(MAX_SEATS);

const complaint = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("encoding"), index: count }),
  z.strictObject({ kind: z.literal("proof") }),
  z.strictObject({ kind: z.literal("constant") }),
  z.strictObject({ kind: z.literal("share"), shared: point, challenge: point, response: point }),
]);
const verdicts = z
  .array(
    z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("good"), dealer: seat }),
      z.strictObject({ kind: z.literal("bad"), dealer: seat, complaint }),
    ]),
  )
  .max(MAX_SEATS) as z.ZodType<readonly ResharingVerdict[], unknown>;
const ready: z.ZodType<ReadySignatures, unknown> = z.strictObject({ registered: point, share: point });

const nothing = z.null();
const named = { slot, seat };

type Bytes = Uint8Array;
type Points = readonly Uint8Array[];
type Named = { readonly slot: KeySlot; readonly seat: number };
type Dealt = Named & { readonly encryptionKeys: Points; readonly dealings: readonly PostedDealing[] };
type Reshared = Dealt & { readonly previous: PreviousKeys };
type Call<Takes, Gives> = { readonly takes: Takes; readonly gives: Gives };

/** Parameters and result of each call. */
export type Calls = {
  readonly ping: Call<object, null>;
  readonly hello: Call<object, { readonly nodeAddress: Bytes; readonly blsKey: Bytes; readonly blsProof: Bytes }>;
  readonly encryptionKey: Call<Named, EncryptionKey>;
  readonly deal: Call<Named & { readonly encryptionKeys: Points }, Bytes>;
  readonly judge: Call<Dealt, readonly ResharingVerdict[]>;
  readonly acceptShare: Call<Dealt, PreviousKeys>;
  readonly dealShare: Call<
    Named & { readonly from: KeySlot; readonly previous: PreviousKeys; readonly encryptionKeys: Points },
    Bytes
  >;
  readonly judgeShares: Call<Reshared, readonly ResharingVerdict[]>;
  readonly acceptReshared: Call<Reshared, PreviousKeys>;
  readonly eraseEncryption: Call<Named, null>;
  readonly encryptionErased: Call<Named, boolean>;
  readonly eraseOlder: Call<{ readonly slot: KeySlot }, null>;
  readonly signReady: Call<
    Named & { readonly nodeIds: readonly number[]; readonly qualified: bigint },
    ReadySignatures
  >;
  readonly signHandover: Call<Named & { readonly firstHeight: number; readonly groupKey: Bytes }, Bytes>;
  readonly signCancel: Call<Named & { readonly openingId: HexHash }, Bytes>;
  readonly signTransaction: Call<{ readonly unsigned: Bytes }, Bytes>;
  /** `confirmed`: the newest start that the node knows to be in the vault's record. `known`: the newest that the vault knows. */
  readonly attach: Call<Named & { readonly shareKey: Bytes; readonly confirmed: number }, { readonly known: number }>;
  /** The node's record holds `session`. `silent`: the vault's own record is lost, older, or restored. */
  readonly begin: Call<Named & { readonly session: number }, { readonly silent: boolean }>;
  /** Ends the silence; heights up to `height` stay closed. */
  readonly remember: Call<Named & { readonly height: number }, null>;
};

export type CallName = keyof Calls;

type Schemas = {
  readonly [K in CallName]: {
    readonly takes: z.ZodType<Calls[K]["takes"], unknown>;
    readonly gives: z.ZodType<Calls[K]["gives"], unknown>;
  };
};

const schemas: Schemas = {
  ping: { takes: z.strictObject({}), gives: nothing },
  hello: {
    takes: z.strictObject({}),
    gives: z.strictObject({ nodeAddress: bytes(20), blsKey: point, blsProof: point }),
  },
  encryptionKey: { takes: z.strictObject(named), gives: z.strictObject({ key: point, proof: bytes(256) }) },
  deal: { takes: z.strictObject({ ...named, encryptionKeys: points }), gives: bytes(16_384) },
  judge: { takes: z.strictObject({ ...named, encryptionKeys: points, dealings }), gives: verdicts },
  acceptShare: { takes: z.strictObject({ ...named, encryptionKeys: points, dealings }), gives: keys },
  dealShare: {
    takes: z.strictObject({ ...named, from: slot, previous: keys, encryptionKeys: points }),
    gives: bytes(16_384),
  },
  judgeShares: {
    takes: z.strictObject({ ...named, previous: keys, encryptionKeys: points, dealings }),
    gives: verdicts,
  },
  acceptReshared: {
    takes: z.strictObject({ ...named, previous: keys, encryptionKeys: points, dealings }),
    gives: keys,
  },
  eraseEncryption: { takes: z.strictObject(named), gives: nothing },
  encryptionErased: { takes: z.strictObject(named), gives: z.boolean() },
  eraseOlder: { takes: z.strictObject({ slot }), gives: nothing },
  signReady: { takes: z.strictObject({ ...named, nodeIds, qualified: bitmap }), gives: ready },
  signHandover: { takes: z.strictObject({ ...named, firstHeight: count, groupKey: point }), gives: point },
  signCancel: { takes: z.strictObject({ ...named, openingId: hash }), gives: point },
  signTransaction: { takes: z.strictObject({ unsigned: bytes(131_072) }), gives: bytes(65) },
  attach: {
    takes: z.strictObject({ ...named, shareKey: point, confirmed: count }),
    gives: z.strictObject({ known: count }),
  },
  begin: { takes: z.strictObject({ ...named, session: count }), gives: z.strictObject({ silent: z.boolean() }) },
  remember: { takes: z.strictObject({ ...named, height: count }), gives: nothing },
};

const request = z.strictObject({ call: z.string().max(32), takes: z.unknown() });

export function encodeJson(value: unknown): Uint8Array {
  const text = JSON.stringify(value ?? null, (_, field: unknown) => {
    if (field instanceof Uint8Array) return toHex(field);
    return typeof field === "bigint" ? field.toString() : field;
  });
  return new TextEncoder().encode(text);
}

/** Undefined where the bytes are not a call with parameters of its kind. */
export function decodeCall(payload: Uint8Array): { readonly call: CallName; readonly takes: unknown } | undefined {
  try {
    const { call, takes } = request.parse(JSON.parse(new TextDecoder().decode(payload)));
    if (!Object.hasOwn(schemas, call)) return undefined;
    const name = call as CallName;
    return { call: name, takes: schemas[name].takes.parse(takes) };
  } catch {
    return undefined;
  }
}

export function decodeValue<K extends CallName>(call: K, payload: Uint8Array): Calls[K]["gives"] | undefined {
  try {
    return schemas[call].gives.parse(JSON.parse(new TextDecoder().decode(payload))) as Calls[K]["gives"];
  } catch {
    return undefined;
  }
}

export type Failure = { readonly code: string; readonly message: string };

const failure: z.ZodType<Failure, unknown> = z.strictObject({
  code: z.string().max(64),
  message: z.string().max(1_000),
});

export function decodeFailure(payload: Uint8Array): Failure | undefined {
  try {
    return failure.parse(JSON.parse(new TextDecoder().decode(payload)));
  } catch {
    return undefined;
  }
}
