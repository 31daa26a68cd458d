import { writeSync } from "node:fs";
import { type Logger, pino } from "pino";

/** Bytes of lines that are kept while they cannot be written. */
const KEPT_BYTES = 262_144;

/** The log of a process that serves, on stderr. */
export function openLog(level = "info", fd = 2): Logger {
  return pino({ level }, new LogFile(fd));
}

/**
 * Writes lines at once. A file that takes no more of them, because its disk is full, neither ends nor stalls anybody, as
 * pino's own destination does: the first `KEPT_BYTES` wait until a later line finds room, and what does not fit is lost.
 */
class LogFile {
  readonly #fd: number;
  #waiting: Buffer[] = [];
  #bytes = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    const fits = this.#bytes + bytes.length <= KEPT_BYTES;
    if (fits) this.#keep(bytes);
    this.#flush();
    // The newest says what is going on now: it is lost only where there is still no room.
    if (!fits && this.#bytes === 0) {
      this.#keep(bytes);
      this.#flush();
    }
  }

  #keep(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
  }

  #flush(): void {
    try {
      for (let bytes = this.#waiting[0]; bytes !== undefined; bytes = this.#waiting[0]) {
        const written = writeSync(this.#fd, bytes);
        this.#bytes -= written;
        if (written === bytes.length) this.#waiting.shift();
        else this.#waiting[0] = bytes.subarray(written);
      }
    } catch {
      // There is no other place to say it.
    }
  }
}
