import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Where the system begins to take ports for outgoing connections: Linux's default; that of macOS is higher. */
const SYSTEM_PORTS_FROM = 32_768;
/** Below it are ports that services are known by. */
const FIRST_PORT = 10_000;

/** Whether a server could listen there now. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * So many distinct ports that are free now, for servers that listen later. None is of those that the system gives to
 * outgoing connections: one of these can take a port in between, and be held for a minute after its end.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const end = systemPortsFrom();
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1_000 + 10 * count) throw new Error(`no ${count} ports are free between ${FIRST_PORT} and ${end}`);
    const port = randomInt(FIRST_PORT, end);
    if (!ports.has(port) && (await portIsFree(port))) ports.add(port);
  }
  return [...ports];
}

function systemPortsFrom(): number {
  try {
    const from = Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10);
    // A system that gives nearly all ports away leaves no better choice.
    return from > 2 * FIRST_PORT ? from : SYSTEM_PORTS_FROM;
  } catch {
    return SYSTEM_PORTS_FROM;
  }
}
