import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Which of `pids` holds the loopback connection between two TCP ports, at the side of `from`. Linux only: reads /proc. */
export function socketOwner(from: number, to: number, pids: readonly number[]): number | undefined {
  const inode = inodeOf(from, to);
  if (inode === undefined) return undefined;
  return pids.find((pid) => holds(pid, `socket:[${inode}]`));
}

function inodeOf(from: number, to: number): string | undefined {
  // "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode", addresses as hex of host order.
  const wanted = [from, to].map((port) => `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`);
  for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === wanted[0] && fields[2] === wanted[1]) return fields[9];
  }
  return undefined;
}

function holds(pid: number, link: string): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((descriptor) => {
      try {
        return readlinkSync(`${folder}/${descriptor}`) === link;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
