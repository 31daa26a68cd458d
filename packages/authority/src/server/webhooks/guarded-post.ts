import { lookup as systemLookup } from "node:dns";
import { type ClientRequest, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { AddressRules } from "./address-rules.ts";

/** All addresses of a name, as `dns.lookup` gives them. */
export type Resolve = (name: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export const systemResolve: Resolve = (name) =>
  new Promise((resolve, reject) => {
    systemLookup(name, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });

/** The place is not one that webhooks may go to. */
export class Forbidden extends Error {
  override readonly name = "Forbidden";
}

const TIMEOUT_MS = 10_000;

/** An http or https URL without credentials whose host, where it is an address, is permitted. Throws Forbidden. */
export function checkedUrl(text: string, rules: AddressRules): URL {
  if (text.length > 2_000 || !URL.canParse(text)) throw new Forbidden("the webhook is no URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new Forbidden("a webhook is http or https");
  if (url.username !== "" || url.password !== "") throw new Forbidden("a webhook's URL has no credentials");
  const host = bare(url.hostname);
  if (isIP(host) !== 0 && !rules.permits(host)) throw new Forbidden("the webhook's address is not public");
  return url;
}

/** Looks now at where the name leads; what it leads to at the time of a delivery is looked at again. */
export async function checkName(url: URL, rules: AddressRules, resolve: Resolve): Promise<void> {
  const host = bare(url.hostname);
  if (isIP(host) !== 0) return;
  const addresses = await resolve(host).catch(() => []);
  if (addresses.length === 0) throw new Forbidden("the webhook's name does not resolve");
  if (addresses.some(({ address }) => !rules.permits(address))) {
    throw new Forbidden("the webhook's address is not public");
  }
}

/**
 * Posts and resolves with the status. The connection goes to the very addresses that were checked, so that a name that
 * changes its mind gains nothing; redirects are not followed, and the answer's body is not read.
 */
export function guardedPost(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  rules: AddressRules,
  resolve: Resolve,
): Promise<number> {
  const checkedLookup: LookupFunction = (name, { all }, done) => {
    resolve(name).then(
      (addresses) => {
        const bad = addresses.length === 0 || addresses.some(({ address }) => !rules.permits(address));
        const [first] = addresses;
        if (bad || first === undefined) done(new Forbidden("the webhook's address is not public"), []);
        else if (all === true) done(null, [...addresses]);
        else done(null, first.address, first.family);
      },
      (error) => done(error, []),
    );
  };
  return new Promise((accept, reject) => {
    const options = {
      method: "POST",
      headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
      lookup: checkedLookup,
      // A connection of an earlier delivery was checked for another time.
      agent: false as const,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    const request: ClientRequest = (url.protocol === "https:" ? tlsRequest : plainRequest)(url, options);
    request.once("response", (response) => {
      accept(response.statusCode ?? 0);
      response.destroy();
    });
    request.once("error", reject);
    request.end(body);
  });
}

/** A URL has brackets around an IPv6 address. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
