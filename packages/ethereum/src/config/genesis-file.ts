import { fromHex } from "@tributary/protocol/bytes/hex";
import { EthereumError } from "../ethereum-error.ts";

/** An account of the first block. */
export type GenesisAccount = {
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code: Uint8Array;
  readonly storage: readonly (readonly [slot: Uint8Array, value: Uint8Array])[];
};

export type BlobSchedule = {
  readonly target: number;
  readonly max: number;
  readonly baseFeeUpdateFraction: number;
};

/** What a genesis file in geth's form says. Later fields of the first header are absent where it does not give them. */
export type GenesisFile = {
  readonly config: Readonly<Record<string, unknown>>;
  readonly chainId: bigint;
  readonly blobSchedule: Readonly<Record<string, BlobSchedule>>;
  readonly depositContract: Uint8Array | undefined;
  readonly nonce: Uint8Array;
  readonly timestamp: number;
  readonly extraData: Uint8Array;
  readonly gasLimit: number;
  readonly difficulty: bigint;
  readonly mixHash: Uint8Array;
  readonly coinbase: Uint8Array;
  readonly baseFee: bigint | undefined;
  readonly accounts: readonly GenesisAccount[];
};

type Fields = Readonly<Record<string, unknown>>;

function refuse(message: string): never {
  throw new EthereumError("genesis-file", `genesis file: ${message}`);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function object(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(`${name} is not an object`);
  return value as Fields;
}

/** Numbers, decimal texts and hexadecimal texts, as geth reads them. */
function quantity(value: unknown, name: string): bigint {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "string" && /^(0x[0-9a-fA-F]{1,64}|\d{1,78})$/.test(value)) return BigInt(value);
  return refuse(`${name} is not a number`);
}

function small(value: unknown, name: string): number {
  const number = Number(quantity(value, name));
  return Number.isSafeInteger(number) ? number : refuse(`${name} is too large`);
}

/** Bytes of a hexadecimal text, filled up from the left to `length` where that is given. */
function bytes(value: unknown, name: string, length?: number): Uint8Array {
  if (typeof value !== "string") return refuse(`${name} is not hexadecimal`);
  const digits = value.startsWith("0x") ? value.slice(2) : value;
  const filled = length === undefined ? digits : digits.padStart(2 * length, "0");
  const out = fromHex(`0x${filled}`);
  if (out === undefined || (length !== undefined && out.length !== length)) return refuse(`${name} is not hexadecimal`);
  return out;
}

function readAccount(key: string, value: unknown): GenesisAccount {
  const fields = object(value, `account ${key}`);
  const storage = Object.entries(object(fields["storage"] ?? {}, `storage of ${key}`));
  return {
    address: bytes(key, `account ${key}`, 20),
    nonce: quantity(fields["nonce"] ?? 0, `nonce of ${key}`),
    balance: quantity(fields["balance"] ?? 0, `balance of ${key}`),
    code: bytes(fields["code"] ?? "0x", `code of ${key}`),
    storage: storage.map(([slot, word]) => [bytes(slot, `slot of ${key}`, 32), bytes(word, `slot of ${key}`, 32)]),
  };
}

function readSchedule(value: unknown): Record<string, BlobSchedule> {
  const out: Record<string, BlobSchedule> = {};
  for (const [name, entry] of Object.entries(object(value ?? {}, "blobSchedule"))) {
    const { target, max, baseFeeUpdateFraction } = object(entry, `blobSchedule of ${name}`);
    out[name] = {
      target: small(target, `target of ${name}`),
      max: small(max, `max of ${name}`),
      baseFeeUpdateFraction: small(baseFeeUpdateFraction, `baseFeeUpdateFraction of ${name}`),
    };
  }
  return out;
}

/** Reads the text of a genesis file in geth's form. Throws EthereumError `genesis-file`. */
export function parseGenesisFile(text: string): GenesisFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse("not JSON");
  }
  const fields = object(parsed, "the file");
  const config = object(fields["config"], "config");
  const deposit = config["depositContractAddress"];
  return {
    config,
    chainId: quantity(config["chainId"], "chainId"),
    blobSchedule: readSchedule(config["blobSchedule"]),
    depositContract: isSet(deposit) ? bytes(deposit, "depositContractAddress", 20) : undefined,
    nonce: bytes(fields["nonce"] ?? "0x0", "nonce", 8),
    timestamp: small(fields["timestamp"] ?? 0, "timestamp"),
    extraData: bytes(fields["extraData"] ?? "0x", "extraData"),
    gasLimit: small(fields["gasLimit"], "gasLimit"),
    difficulty: quantity(fields["difficulty"] ?? 0, "difficulty"),
    mixHash: bytes(fields["mixHash"] ?? "0x0", "mixHash", 32),
    coinbase: bytes(fields["coinbase"] ?? "0x0", "coinbase", 20),
    baseFee: isSet(fields["baseFeePerGas"]) ? quantity(fields["baseFeePerGas"], "baseFeePerGas") : undefined,
    accounts: Object.entries(object(fields["alloc"], "alloc")).map(([key, value]) => readAccount(key, value)),
  };
}
