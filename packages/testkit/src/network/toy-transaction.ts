import type { BodyRules, BodyVerdict } from "@tributary/node/consensus/ports";
import { concat, uint } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import { Reader } from "@tributary/protocol/bytes/reader";
import type { HexHash } from "@tributary/protocol/consensus/types";
import type { Candidate } from "@tributary/protocol/container/assembly";
import { decodeProposalBody, encodeProposalBody } from "@tributary/protocol/container/proposal-body";
import { keccak256 } from "@tributary/protocol/crypto/keccak";

export const TOY_CHAIN = 7n;
const MAGIC = 0xa7;

/** u8 magic ‖ 20-byte sender ‖ u32 nonce ‖ u32 gas ‖ 8 bytes of salt: a write of the salt under the sender. */
export type ToyTransaction = Candidate & { readonly salt: HexHash };

export function toyTransaction(sender: number, nonce: number, gas: number, salt: number): Uint8Array {
  return concat(Uint8Array.of(MAGIC), uint(sender, 20), uint(nonce, 4), uint(gas, 4), uint(salt, 8));
}

export function decodeToyTransaction(raw: Uint8Array): ToyTransaction | undefined {
  const reader = new Reader(raw);
  const magic = reader.u8();
  const sender = toHex(reader.bytes(20));
  const nonce = BigInt(reader.u32());
  const gasLimit = BigInt(reader.u32());
  const salt = toHex(reader.bytes(8)) as HexHash;
  if (!reader.complete || magic !== MAGIC) return undefined;
  return { raw, hash: toHex(keccak256(raw)), sender, nonce, gasLimit, salt };
}

function decodeAll(body: Uint8Array): ToyTransaction[] | string {
  const sections = decodeProposalBody(body);
  if (sections === undefined) return "not canonical";
  const transactions: ToyTransaction[] = [];
  for (const section of sections) {
    if (section.chainId !== TOY_CHAIN) return "foreign chain";
    for (const raw of section.transactions) {
      const transaction = decodeToyTransaction(raw);
      if (transaction === undefined) return "not a transaction";
      transactions.push(transaction);
    }
  }
  return transactions;
}

/** Transactions of a body that passed `check`. */
export function bodyTransactions(body: Uint8Array): ToyTransaction[] {
  const transactions = decodeAll(body);
  if (typeof transactions === "string") throw new Error(`an unchecked body came to execution: ${transactions}`);
  return transactions;
}

export const toyBodyRules: BodyRules = {
  check(body, done) {
    done(verdict(body));
  },
  encode(transactions) {
    return encodeProposalBody(transactions.length === 0 ? [] : [{ chainId: TOY_CHAIN, transactions }]);
  },
};

function verdict(body: Uint8Array): BodyVerdict {
  const transactions = decodeAll(body);
  if (typeof transactions === "string") return { ok: false, reason: transactions };
  const hashes = transactions.map(({ hash }) => hash);
  if (new Set(hashes).size !== hashes.length) return { ok: false, reason: "twice" };
  const gases = transactions.map(({ gasLimit }) => Number(gasLimit));
  return {
    ok: true,
    txCount: transactions.length,
    gas: gases.reduce((sum, gas) => sum + gas, 0),
    largestGas: Math.max(0, ...gases),
    hashes,
  };
}
