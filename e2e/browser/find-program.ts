import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where one of Debian's packages put a program; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  // Servers are where only root looks for them.
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Perhaps in the next folder.
    }
  }
  return undefined;
}
