import type { FolderLayer } from "@tributary/protocol/ports/folder-layer";
import { type BadDisk, type Life, systemError } from "./bad-disk.ts";
import { FolderNames } from "./pending.ts";

/** A directory of the bad disk: folders that are made, renamed and removed are so on the platter once it was synced. */
export function badDirectory(disk: BadDisk, path: string, life: Life): FolderLayer {
  const names = disk.directory(path);
  const pathOf = (name: string): string => `${path}/${name}`;
  const folder = (name: string): FolderNames => {
    const found = names.view.get(name);
    if (found === undefined) throw systemError("ENOENT", pathOf(name));
    return found;
  };
  return {
    exists: (name) => names.view.has(name),
    files: (name) => {
      const layer = disk.layer(pathOf(name), () => folder(name), life);
      const list = (): readonly string[] => {
        if (!names.view.has(name)) {
          disk.now({ kind: "create", folder: path, name }, life, () =>
            names.change({ kind: "link", name, entry: new FolderNames() }),
          );
        }
        return layer.list();
      };
      return { ...layer, list };
    },
    rename: (from, to) =>
      disk.later({ kind: "rename", folder: path, name: to }, life, () => {
        if ((names.view.get(to)?.view.size ?? 0) > 0) throw systemError("ENOTEMPTY", pathOf(to));
        names.change({ kind: "rename", from, name: to, entry: folder(from) });
      }),
    async moveOut(name, to) {
      const [outside, last] = [to.slice(0, to.lastIndexOf("/")), to.slice(to.lastIndexOf("/") + 1)];
      const target = disk.directory(outside);
      await disk.later({ kind: "rename", folder: outside, name: last }, life, () => {
        target.change({ kind: "link", name: last, entry: folder(name) });
        names.change({ kind: "remove", name });
      });
      // One transaction of the file system's journal: it is not both here and there.
      await disk.later({ kind: "sync-folder", folder: outside, name: "" }, life, () => {
        target.sync();
        names.sync();
      });
    },
    async remove(name) {
      for (const file of names.view.get(name)?.view.keys() ?? []) {
        const remove = (): void => folder(name).change({ kind: "remove", name: file });
        await disk.later({ kind: "remove", folder: pathOf(name), name: file }, life, remove);
      }
      if (!names.view.has(name)) return;
      await disk.later({ kind: "remove", folder: path, name }, life, () => names.change({ kind: "remove", name }));
    },
    sync: () => disk.later({ kind: "sync-folder", folder: path, name: "" }, life, () => names.sync()),
    async syncFiles(name) {
      for (const [file, content] of folder(name).view) {
        const at = { kind: "sync", folder: pathOf(name), name: file } as const;
        await disk.later(
          at,
          life,
          () => content.sync(),
          () => content.failSync(),
        );
      }
      await disk.later({ kind: "sync-folder", folder: pathOf(name), name: "" }, life, () => folder(name).sync());
    },
  };
}
