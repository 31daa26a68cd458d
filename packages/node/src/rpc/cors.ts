/** Which web pages may call: origins as browsers send them, or "*" for all. Empty: none. */
export type AllowedOrigins = readonly string[];

/** Whether a request may come from this Origin header. Programs that are no browsers send none. */
export function allowsOrigin(allowed: AllowedOrigins, origin: string | undefined): boolean {
  return origin === undefined || allowed.includes("*") || allowed.includes(origin);
}

/** Response headers for an allowed origin. */
export function corsHeaders(allowed: AllowedOrigins, origin: string | undefined): Record<string, string> {
  if (origin === undefined || allowed.length === 0 || !allowsOrigin(allowed, origin)) return {};
  return {
    "access-control-allow-origin": allowed.includes("*") ? "*" : origin,
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-allow-headers": "content-type",
    "access-control-expose-headers": "retry-after",
    "access-control-max-age": "600",
    vary: "origin",
  };
}
