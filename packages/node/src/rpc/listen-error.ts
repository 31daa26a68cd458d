/** A server could not listen where it was told to. */
export class ListenError extends Error {
  /** The system's code: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
  readonly code: string;

  constructor(what: string, host: string, port: number, cause: unknown) {
    const code = systemCode(cause);
    const reason = code === "EADDRINUSE" ? "the port is taken" : code;
    super(`${what} cannot listen on ${host}:${port}: ${reason}`, { cause });
    this.name = "ListenError";
    this.code = code;
  }
}

function systemCode(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : "EUNKNOWN";
}
