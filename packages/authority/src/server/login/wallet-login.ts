import {
  type Address,
  encodeFunctionData,
  type Hex,
  hashMessage,
  isAddressEqual,
  parseAbi,
  recoverAddress,
  size,
} from "viem";
import { createSiweMessage, parseSiweMessage, type SiweMessage } from "viem/siwe";

export type LoginRules = {
  /** The site that users log in to, `host` or `host:port`: the one that their wallet shows. */
  readonly domain: string;
  readonly chainId: number;
  /** Milliseconds that a message may be old, and that clocks may differ. */
  readonly maxAgeMs: number;
};

/** A call on the chain's newest state; undefined when it reverts. Throws when no node answers. */
export type ReadContract = (to: Address, data: Hex) => Promise<Hex | undefined>;

const CLOCKS_MS = 60_000;
const MAGIC = "0x1626ba7e";
const erc1271 = parseAbi(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);

/** A message of EIP-4361 as it was signed; a text that says anything beside it is none. */
export function messageOf(text: string): SiweMessage | undefined {
  if (text.length > 4_000) return undefined;
  const fields = parseSiweMessage(text);
  try {
    // What the parser skips would be signed and not looked at.
    return createSiweMessage(fields as SiweMessage) === withTimes(text) ? (fields as SiweMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 3339 writes one time in several ways. */
function withTimes(text: string): string {
  return text.replace(/^(Issued At|Expiration Time|Not Before): (.*)$/gm, (_, name: string, time: string) => {
    return `${name}: ${new Date(time).toISOString()}`;
  });
}

/** Why the message is no login now; undefined when it is one. Its nonce is another question. */
export function faultOf(message: SiweMessage, rules: LoginRules, now: number): string | undefined {
  const { domain, chainId, issuedAt, expirationTime, notBefore, uri } = message;
  if (domain !== rules.domain) return "the message is for another domain";
  if (!URL.canParse(uri) || new URL(uri).host !== rules.domain) return "the message's URI is of another domain";
  if (chainId !== rules.chainId) return "the message is for another chain";
  if (issuedAt === undefined || Number.isNaN(issuedAt.getTime())) return "the message has no time";
  const age = now - issuedAt.getTime();
  if (age > rules.maxAgeMs || age < -CLOCKS_MS) return "the message is not of now";
  if (expirationTime !== undefined && !(expirationTime.getTime() > now)) return "the message has expired";
  if (notBefore !== undefined && !(notBefore.getTime() <= now + CLOCKS_MS)) return "the message is for later";
  return undefined;
}

/** Whether the account has signed the text: by its key, or as a contract says (ERC-1271). */
export async function hasSigned(address: Address, text: string, signature: Hex, read: ReadContract): Promise<boolean> {
  const hash = hashMessage(text);
  if (size(signature) === 65) {
    const signer = await recoverAddress({ hash, signature }).catch(() => undefined);
    if (signer !== undefined && isAddressEqual(signer, address)) return true;
  }
  const data = encodeFunctionData({ abi: erc1271, args: [hash, signature] });
  const answer = await read(address, data);
  return answer?.length === 66 && answer.slice(0, 10) === MAGIC && /^0{56}$/.test(answer.slice(10));
}
