import { createCustomCommon, Hardfork, Mainnet } from "@ethereumjs/common";
import { Capability, createTxFromRLP, type TypedTransaction } from "@ethereumjs/tx";
import type { Authorization } from "@tributary/chain";
import type { EthereumTransaction } from "@tributary/chain/block/ethereum";
import { toBigInt } from "@tributary/protocol/bytes/bytes";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { BLOB_TYPE, decodeBlobTransaction } from "./blob-transaction.ts";

/** Transactions of every form that Ethereum ever had. */
export class TransactionDecoder {
  readonly #chainId: bigint;
  readonly #common: ReturnType<typeof createCustomCommon>;

  constructor(chainId: bigint) {
    this.#chainId = chainId;
    this.#common = createCustomCommon({ chainId: Number(chainId) }, Mainnet, { hardfork: Hardfork.Osaka });
  }

  /** Throws where the bytes are no transaction of this chain with a valid signature. */
  decode(raw: Uint8Array): EthereumTransaction {
    if (raw[0] === BLOB_TYPE) {
      const blob = decodeBlobTransaction(raw, this.#chainId);
      if (blob === undefined) throw new TypeError("not a transaction with blobs of this chain");
      return blob;
    }
    const tx = createTxFromRLP(raw, { common: this.#common });
    return fieldsOf(tx, raw);
  }
}

function fieldsOf(tx: TypedTransaction, raw: Uint8Array): EthereumTransaction {
  const { nonce, gasLimit, value, data, r, s, v } = tx;
  if (r === undefined || s === undefined || v === undefined) throw new TypeError("transaction without a signature");
  const type = tx.type as EthereumTransaction["type"];
  const price = "gasPrice" in tx ? tx.gasPrice : undefined;
  const protectedLegacy = type === 0 && tx.supports(Capability.EIP155ReplayProtection);
  const parity = type !== 0 ? v : protectedLegacy ? (v - 35n) % 2n : v - 27n;
  return {
    ...{ type, nonce, gasLimit, value, data, r, s },
    chainId: type === 0 && !protectedLegacy ? undefined : tx.common.chainId(),
    maxFeePerGas: price ?? ("maxFeePerGas" in tx ? tx.maxFeePerGas : 0n),
    maxPriorityFeePerGas: price ?? ("maxPriorityFeePerGas" in tx ? tx.maxPriorityFeePerGas : 0n),
    to: tx.to?.bytes,
    accessList: "accessList" in tx ? tx.accessList.map(([address, storageKeys]) => ({ address, storageKeys })) : [],
    authorizations: "authorizationList" in tx ? tx.authorizationList.map(authorizationOf) : [],
    yParity: parity === 0n ? 0 : 1,
    sender: tx.getSenderAddress().bytes,
    hash: keccak256(raw),
    raw,
  };
}

function authorizationOf(fields: readonly Uint8Array[]): Authorization {
  const [chainId = EMPTY, address = EMPTY, nonce = EMPTY, yParity = EMPTY, r = EMPTY, s = EMPTY] = fields;
  return {
    ...{ chainId: toBigInt(chainId), address, nonce: toBigInt(nonce), yParity: Number(toBigInt(yParity)) },
    ...{ r: toBigInt(r), s: toBigInt(s) },
  };
}

const EMPTY = new Uint8Array(0);
