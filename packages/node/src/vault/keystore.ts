import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { basename, dirname } from "node:path";
import { diskFolder } from "@tributary/chain/files/disk-folder";
import { otherFormat } from "@tributary/protocol/files/other-format";
import { readWhole, replaceWhole } from "@tributary/protocol/files/whole-file";
import type { FileLayer } from "@tributary/protocol/ports/file-layer";
import { z } from "zod";
import { NodeError } from "../fault/node-error.ts";

/** scrypt's parameters (RFC 7914): what opening costs, and each guess at the password. */
export type GuessCost = { readonly N: number; readonly r: number; readonly p: number };
/** For passwords that people choose: 64 MiB and about 0.2 s. */
const CHOSEN: GuessCost = { N: 65_536, r: 8, p: 1 };
/** For passwords of 128 random bits or more, which are not found by guessing, whatever a guess costs: 4 MiB. */
export const GENERATED: GuessCost = { N: 4_096, r: 8, p: 1 };
/** What a file may ask for: at most 1 GiB, so that a garbled one does not take the memory. */
const MAX_MEMORY: number = 1024 * 1024 * 1024;

/** Raised when the meaning of the file or of what it encrypts changes. */
const VERSION = 1;

const hex = z.string().regex(/^([0-9a-f]{2})*$/);
const versioned = z.object({ version: z.number().int() });
const format = z.strictObject({
  version: z.literal(VERSION),
  kdf: z.strictObject({
    name: z.literal("scrypt"),
    N: z.number().int().min(2),
    r: z.number().int().min(1).max(64),
    p: z.number().int().min(1).max(16),
    salt: hex,
  }),
  cipher: z.strictObject({ name: z.literal("aes-256-gcm"), iv: hex, tag: hex }),
  data: hex,
});

type Kdf = z.infer<typeof format>["kdf"];

/** A file encrypted under a password: scrypt, then AES-256-GCM with a new nonce each time it is written. */
export class Keystore {
  readonly path: string;
  readonly #files: FileLayer;
  readonly #kdf: Kdf;
  readonly #key: Buffer;

  private constructor(path: string, files: FileLayer, kdf: Kdf, key: Buffer) {
    this.path = path;
    this.#files = files;
    this.#kdf = kdf;
    this.#key = key;
  }

  /** A new one; nothing is on disk before the first `write`. `vault-exists` where the file exists. */
  static async create(
    path: string,
    password: Uint8Array,
    files: FileLayer = diskFolder(dirname(path)),
    cost: GuessCost = CHOSEN,
  ): Promise<Keystore> {
    if (files.list().includes(basename(path))) throw new NodeError("vault-exists", `keystore ${path} exists already`);
    const kdf: Kdf = { name: "scrypt", ...cost, salt: randomBytes(32).toString("hex") };
    return new Keystore(path, files, kdf, await derive(kdf, password));
  }

  static async open(
    path: string,
    password: Uint8Array,
    files: FileLayer = diskFolder(dirname(path)),
  ): Promise<{ readonly keystore: Keystore; readonly content: Uint8Array }> {
    const file = read(path, files);
    await settle(path, files);
    const key = await derive(file.kdf, password);
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(file.cipher.iv, "hex"));
      decipher.setAAD(associated(file.kdf));
      decipher.setAuthTag(Buffer.from(file.cipher.tag, "hex"));
      const content = Buffer.concat([decipher.update(Buffer.from(file.data, "hex")), decipher.final()]);
      return { keystore: new Keystore(path, files, file.kdf, key), content };
    } catch {
      throw new NodeError("vault-password", `keystore ${path} does not open: the password is wrong`);
    }
  }

  /** Replaces the file's content; on disk when this resolves, and either the old or the new one after a crash. */
  async write(content: Uint8Array): Promise<void> {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, iv);
    cipher.setAAD(associated(this.#kdf));
    const data = Buffer.concat([cipher.update(content), cipher.final()]).toString("hex");
    const tag = cipher.getAuthTag().toString("hex");
    const text = JSON.stringify({
      version: VERSION,
      kdf: this.#kdf,
      cipher: { name: "aes-256-gcm", iv: iv.toString("hex"), tag },
      data,
    });
    try {
      await replaceWhole(this.#files, basename(this.path), Buffer.from(text));
    } catch (cause) {
      throw new NodeError("vault-failed", `keystore ${this.path} cannot be written`, { cause });
    }
  }
}

function read(path: string, files: FileLayer): z.infer<typeof format> {
  let text: string;
  try {
    text = new TextDecoder().decode(readWhole(files, basename(path)));
  } catch (cause) {
    throw new NodeError("vault-missing", `keystore ${path} cannot be read`, { cause });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new NodeError("vault-damaged", `keystore ${path} is damaged: not JSON`);
  }
  const version = versioned.safeParse(content);
  if (version.success && version.data.version !== VERSION) {
    throw new NodeError("vault-format", otherFormat(`keystore ${path}`, version.data.version, VERSION));
  }
  const parsed = format.safeParse(content);
  if (!parsed.success) throw new NodeError("vault-damaged", `keystore ${path} is damaged: fields are missing or wrong`);
  return parsed.data;
}

/**
 * A life before this one may have died between renaming and syncing the folder: nothing is said with keys that a power
 * loss could still take back.
 */
async function settle(path: string, files: FileLayer): Promise<void> {
  try {
    await files.syncFolder();
  } catch (cause) {
    throw new NodeError("vault-failed", `the folder of keystore ${path} cannot be synced`, { cause });
  }
}

function associated(kdf: Kdf): Buffer {
  return Buffer.from(JSON.stringify([1, kdf.name, kdf.N, kdf.r, kdf.p, kdf.salt]));
}

function derive(kdf: Kdf, password: Uint8Array): Promise<Buffer> {
  const { N, r, p } = kdf;
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: Math.min(256 * N * r, MAX_MEMORY) };
    try {
      scrypt(password, Buffer.from(kdf.salt, "hex"), 32, options, (error, key) => {
        if (error === null) resolve(key);
        else reject(new NodeError("vault-damaged", "keystore asks for unusable scrypt parameters", { cause: error }));
      });
    } catch (cause) {
      reject(new NodeError("vault-damaged", "keystore asks for unusable scrypt parameters", { cause }));
    }
  });
}
