import { randomBytes } from "node:crypto";
import { LocalSigner, mnemonicSigners, PoolError } from "@tributary/authority";
import { Keystore } from "@tributary/node/vault/keystore";
import { type PasswordSource, readPassword } from "@tributary/node/vault/password";
import { english, generateMnemonic, generatePrivateKey } from "viem/accounts";
import { z } from "zod";
import { CliError } from "./cli-error.ts";

const content = z.strictObject({
  version: z.literal(1),
  mnemonic: z.string().min(1).max(1_000),
  secret: z.string().regex(/^[0-9a-f]{64}$/),
  funder: z.custom<`0x${string}`>((value) => typeof value === "string" && /^0x[0-9a-f]{64}$/i.test(value)).optional(),
});

export type AuthorityKeys = {
  readonly mnemonic: string;
  /** The secret key of the account that tops signers up. */
  readonly funder?: `0x${string}`;
  /** 32 bytes: seal logins, sign webhooks. */
  readonly secret: Uint8Array;
};

export type NewKeystore = {
  readonly path: string;
  readonly password: PasswordSource;
  /** Files to import from; without them the keys are made here. */
  readonly mnemonicFile?: string;
  readonly funderKeyFile?: string;
  /** Whether to make a funder where none is imported. */
  readonly withFunder: boolean;
};

function secret(file: string): string {
  return new TextDecoder().decode(readPassword({ file })).trim();
}

/** The keys, checked; the error names no part of them. */
function checked(keys: Pick<AuthorityKeys, "mnemonic" | "funder">): {
  readonly first: string;
  readonly funder: string | undefined;
} {
  try {
    const funder = keys.funder === undefined ? undefined : LocalSigner.fromHex(keys.funder).address;
    return { first: mnemonicSigners(keys.mnemonic)(0).address, funder };
  } catch (error) {
    if (error instanceof PoolError) throw new CliError("KEYS", error.message);
    throw error;
  }
}

/** Writes the keys of an authority server into a new file, encrypted. Resolves with the first addresses. */
export async function createAuthorityKeystore(
  options: NewKeystore,
): Promise<{ readonly signer: string; readonly funder: string | undefined }> {
  const { path, mnemonicFile, funderKeyFile, withFunder } = options;
  const mnemonic = mnemonicFile === undefined ? generateMnemonic(english, 256) : secret(mnemonicFile);
  const funder =
    funderKeyFile !== undefined
      ? (secret(funderKeyFile) as `0x${string}`)
      : withFunder
        ? generatePrivateKey()
        : undefined;
  const keys = { mnemonic, ...(funder === undefined ? {} : { funder }) };
  const addresses = checked(keys);
  const keystore = await Keystore.create(path, readPassword(options.password));
  await keystore.write(
    new TextEncoder().encode(JSON.stringify({ version: 1, ...keys, secret: randomBytes(32).toString("hex") })),
  );
  return { signer: addresses.first, funder: addresses.funder };
}

export async function openAuthorityKeystore(path: string, password: PasswordSource): Promise<AuthorityKeys> {
  const { content: bytes } = await Keystore.open(path, readPassword(password));
  const parsed = content.safeParse(jsonOf(bytes));
  if (!parsed.success) throw new CliError("KEYS", `keystore ${path} holds no keys of an authority server`);
  const { mnemonic, funder, secret: hex } = parsed.data;
  return { mnemonic, secret: Buffer.from(hex, "hex"), ...(funder === undefined ? {} : { funder }) };
}

/** What the parser says of text that is no JSON would show it. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
