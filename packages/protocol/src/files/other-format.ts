/**
 * Says that a file is of another format than this version's, and what to do about it: "… holds on-disk format 3, this
 * version reads 2: install a newer version". `what`: the file or folder, and what it is to hold.
 */
export function otherFormat(what: string, found: number, known: number): string {
  const advice =
    found > known
      ? "install a newer version"
      : "run a version that reads both, or remove it and let the member fetch from the others what it held";
  return `${what} holds on-disk format ${found}, this version reads ${known}: ${advice}`;
}
