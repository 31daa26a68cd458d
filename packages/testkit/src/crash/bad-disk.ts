import type { AppendFile, FileLayer } from "@tributary/protocol/ports/file-layer";
import type { Random } from "../agreement/random.ts";
import { FileContent, FolderNames, type Loss, Names } from "./pending.ts";

export type OperationKind = "create" | "write" | "sync" | "truncate" | "rename" | "remove" | "sync-folder";

/** Names of folders in one directory. */
export type DirectoryNames = Names<FolderNames>;

export type Operation = { readonly kind: OperationKind; readonly folder: string; readonly name: string };

/** What happens at one operation: the process stops before or after it takes effect, or the system refuses it. */
export type Fault =
  | { readonly kind: "stop"; readonly when: "before" | "after" }
  /** From here on no byte fits, until there is room again. */
  | { readonly kind: "full" }
  | { readonly kind: "broken" }
  /** From here on only a part is written or read at a time. */
  | { readonly kind: "short" };

/** One run of a process: what it asked of the disk and did not get by its end, it never gets. */
export type Life = {
  readonly alive: () => boolean;
  /** The process stops here and now. */
  readonly stop: () => void;
  /** Runs later, when the disk is done; not at all once the life is over. */
  readonly later: (run: () => void) => void;
};

/** Unwinds a synchronous call of a process that stopped inside it. */
export class Stopped extends Error {}

const BYTES_BEFORE_FULL = 7;

/** A disk in memory that forgets what was not synced and fails where it is told to. The same seed, the same disk. */
export class BadDisk {
  readonly operations: Operation[] = [];
  /** By index of the operation. */
  readonly faults: Map<number, Fault> = new Map();
  readonly #random: Random;
  readonly #folders = new Map<string, FolderNames>();
  readonly #directories = new Map<string, DirectoryNames>();
  #full = false;
  #short = false;

  constructor(random: Random) {
    this.#random = random;
  }

  get full(): boolean {
    return this.#full;
  }

  makeRoom(): void {
    this.#full = false;
  }

  /** The machine loses power, or with `kept` only the process is gone. */
  crash(loss: Loss): void {
    if (loss === "kept") return;
    const files = new Set<FileContent>();
    const folders = new Set(this.#folders.values());
    for (const directory of this.#directories.values()) {
      for (const folder of directory.view.values()) folders.add(folder);
      directory.powerLoss(loss, this.#random);
      for (const folder of directory.view.values()) folders.add(folder);
    }
    for (const folder of folders) {
      for (const file of folder.view.values()) files.add(file);
      folder.powerLoss(loss, this.#random);
      for (const file of folder.view.values()) files.add(file);
    }
    for (const file of files) file.powerLoss(loss, this.#random);
  }

  folder(folder: string, life: Life): FileLayer {
    const names = this.#names(folder);
    return this.layer(folder, () => names, life);
  }

  /** For `badDirectory`. */
  directory(path: string): DirectoryNames {
    let names = this.#directories.get(path);
    if (names === undefined) {
      names = new Names();
      this.#directories.set(path, names);
    }
    return names;
  }

  /** What a process would find after the power was lost now. */
  durable(folder: string): FileLayer {
    const copy = new BadDisk(this.#random);
    const names = copy.#names(folder);
    const found = this.#names(folder).durable();
    for (const [name, bytes] of found) {
      const file = new FileContent();
      file.append(bytes);
      names.change({ kind: "link", name, entry: file });
    }
    return copy.folder(folder, { alive: () => true, stop: () => {}, later: (run) => run() });
  }

  #names(folder: string): FolderNames {
    let names = this.#folders.get(folder);
    if (names === undefined) {
      names = new FolderNames();
      this.#folders.set(folder, names);
    }
    return names;
  }

  /** Files of a folder that is looked up at each call, by its path. */
  layer(folder: string, names: () => FolderNames, life: Life): FileLayer {
    const file = (name: string): FileContent => {
      const found = names().view.get(name);
      if (found === undefined) throw systemError("ENOENT", `${folder}/${name}`);
      return found;
    };
    const later = (kind: OperationKind, name: string, apply: () => void): Promise<void> =>
      this.later({ kind, folder, name }, life, apply);
    return {
      list: () => [...names().view.keys()].sort(),
      size: (name) => file(name).view.length,
      read: (name, position, into) => {
        const part = file(name).view.subarray(position, position + this.#some(into.length));
        into.set(part);
        return part.length;
      },
      truncate: (name, length) =>
        this.now({ kind: "truncate", folder, name }, life, () => {
          file(name).truncate(length);
          file(name).sync();
        }),
      append: async (name) => {
        if (!names().view.has(name)) {
          await later("create", name, () => names().change({ kind: "link", name, entry: new FileContent() }));
        }
        return this.#open({ folder, name }, file(name), life);
      },
      rename: (from, to) =>
        later("rename", to, () => names().change({ kind: "rename", from, name: to, entry: file(from) })),
      remove: (name) => later("remove", name, () => names().change({ kind: "remove", name })),
      syncFolder: () => later("sync-folder", "", () => names().sync()),
      path: (name) => `${folder}/${name}`,
    };
  }

  #open(at: { readonly folder: string; readonly name: string }, content: FileContent, life: Life): AppendFile {
    return {
      write: async (bytes) => {
        let taken = 0;
        await this.later(
          { kind: "write", ...at },
          life,
          () => {
            taken = this.#some(bytes.length);
            content.append(bytes.subarray(0, taken));
          },
          (fault) => {
            if (fault === "full") content.append(bytes.subarray(0, Math.min(BYTES_BEFORE_FULL, bytes.length - 1)));
          },
        );
        return taken;
      },
      sync: () =>
        this.later(
          { kind: "sync", ...at },
          life,
          () => content.sync(),
          () => content.failSync(),
        ),
      close: async () => {},
    };
  }

  /** How much of so many bytes goes at once. */
  #some(bytes: number): number {
    return this.#short && bytes > 1 ? 1 + this.#random.below(bytes - 1) : bytes;
  }

  /** One operation, which takes a while. */
  later(
    operation: Operation,
    life: Life,
    apply: () => void,
    refused?: (why: "full" | "broken") => void,
  ): Promise<void> {
    if (!life.alive()) return new Promise(() => {});
    const fault = this.#count(operation);
    if (fault?.kind === "stop") {
      if (fault.when === "after") apply();
      life.stop();
      return new Promise(() => {});
    }
    const refusal = this.#refusal(operation, fault);
    return new Promise((resolve, reject) => {
      life.later(() => {
        try {
          if (refusal === undefined) resolve(apply());
          else {
            refused?.(refusal);
            const code = refusal === "full" ? "ENOSPC" : "EIO";
            reject(systemError(code, `${operation.folder}/${operation.name}`));
          }
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** One operation that is done on return. */
  now(operation: Operation, life: Life, apply: () => void): void {
    if (!life.alive()) throw new Stopped();
    const fault = this.#count(operation);
    if (fault?.kind === "stop") {
      if (fault.when === "after") apply();
      life.stop();
      throw new Stopped();
    }
    const refusal = this.#refusal(operation, fault);
    if (refusal !== undefined) throw systemError(refusal === "full" ? "ENOSPC" : "EIO", operation.name);
    apply();
  }

  #count(operation: Operation): Fault | undefined {
    const fault = this.faults.get(this.operations.push(operation) - 1);
    if (fault?.kind === "full") this.#full = true;
    if (fault?.kind === "short") this.#short = true;
    return fault;
  }

  /** A full disk still syncs, renames and removes. */
  #refusal({ kind }: Operation, fault: Fault | undefined): "full" | "broken" | undefined {
    if (fault?.kind === "broken") return "broken";
    return this.#full && (kind === "write" || kind === "create") ? "full" : undefined;
  }
}

export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
