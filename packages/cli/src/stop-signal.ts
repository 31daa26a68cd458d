/**
 * Aborts on SIGINT, SIGTERM or SIGHUP. A second SIGINT ends the process at once: the user insists.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let interrupts = 0;
  const stop = (signal: NodeJS.Signals): void => {
    if (signal === "SIGINT" && ++interrupts > 1) process.exit(130);
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  return controller.signal;
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
