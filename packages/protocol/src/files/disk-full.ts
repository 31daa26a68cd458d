/** Causes below an error that are looked at. */
const MAX_CAUSES = 8;

/** Whether the error, or what caused it, says that the disk or a quota is full: it may pass at any moment. */
export function isDiskFull(error: unknown): boolean {
  let at = error;
  for (let depth = 0; depth < MAX_CAUSES && at instanceof Error; depth++, at = at.cause) {
    const code = "code" in at ? at.code : undefined;
    // LevelDB gives the system's words only.
    if (code === "ENOSPC" || code === "EDQUOT" || /no space left on device|disk quota exceeded/i.test(at.message))
      return true;
  }
  return false;
}
