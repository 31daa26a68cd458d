import type { Evm } from "@tributary/evm/evm";
import type { BlockEnv, Log as EvmLog, Transaction as EvmTransaction } from "@tributary/evm/types";
import type { EthereumTransaction } from "../block/ethereum.ts";
import type { Log } from "../block/receipt.ts";
import { BEACON_ROOTS_ADDRESS, CHAIN_INFORMATION_ADDRESS, HISTORY_ADDRESS } from "../predeploy-addresses.ts";
import { beginTermCall } from "../rules/term-storage.ts";
import { authorityOf } from "./authorizations.ts";
import type { BlockContext } from "./block-executor.ts";

/** Caller of the system contracts: EIP-2935 and EIP-4788. */
const SYSTEM_ADDRESS: Uint8Array = Uint8Array.from({ length: 20 }, (_, i) => (i === 19 ? 0xfe : 0xff));
const SYSTEM_GAS = 30_000_000n;
export const ZERO_ADDRESS: Uint8Array = new Uint8Array(20);

/** The block as the EVM sees it. */
export function blockEnv(context: BlockContext, chainId: bigint): BlockEnv {
  const { evm, transactionGas } = context.fork;
  return {
    fork: evm,
    chainId,
    number: BigInt(context.number),
    timestamp: BigInt(context.timestamp),
    coinbase: context.coinbase ?? ZERO_ADDRESS,
    gasLimit: BigInt(context.gasLimit),
    baseFee: context.baseFee ?? 0n,
    prevRandao: context.prevRandao,
    // EIP-4844: the least blob gas price, though nothing can be bought for it.
    blobBaseFee: context.blobBaseFee ?? 1n,
    transactionGasCap: transactionGas === undefined ? undefined : BigInt(transactionGas),
    ownTerms: true,
  };
}

/** What is charged is up to the owner, so an offered price does not reach the EVM: GASPRICE shows what is paid. */
function priced(
  fields: Pick<EvmTransaction, "type" | "sender" | "to" | "nonce" | "gasLimit" | "value" | "data" | "accessList">,
  authorizations: EvmTransaction["authorizations"],
  price: bigint,
): EvmTransaction {
  const { type, sender, to, nonce, gasLimit, value, data, accessList } = fields;
  return {
    ...{ type, sender, to, nonce, gasLimit, value, data, accessList, authorizations },
    ...{ maxFeePerGas: price, maxPriorityFeePerGas: 0n, blobHashes: [], maxFeePerBlobGas: 0n },
  };
}

/** A call by the protocol itself. */
export function systemTransaction(to: Uint8Array, data: Uint8Array): EvmTransaction {
  const fields = {
    type: 0,
    sender: SYSTEM_ADDRESS,
    nonce: 0n,
    gasLimit: SYSTEM_GAS,
    value: 0n,
    accessList: [],
  } as const;
  return priced({ ...fields, to, data }, [], 0n);
}

export function logsOf(logs: readonly EvmLog[]): Log[] {
  return logs.map(({ address, topics, data }) => ({ address, topics: [...topics], data }));
}

/** What the protocol itself does at the beginning of a block that was begun: EIP-4788, EIP-2935, the committee's term. */
export function runSystemCalls(evm: Evm, context: BlockContext): void {
  evm.systemCall(systemTransaction(BEACON_ROOTS_ADDRESS, context.parentBeaconBlockRoot));
  evm.systemCall(systemTransaction(HISTORY_ADDRESS, context.parentHash));
  const { newTerm } = context;
  if (newTerm !== undefined) evm.systemCall(systemTransaction(CHAIN_INFORMATION_ADDRESS, beginTermCall(newTerm)));
}

/** A transaction as the EVM takes it, at a price in wei a gas. */
export function evmTransaction(
  transaction: Pick<
    EthereumTransaction,
    Exclude<keyof EvmTransaction, "maxFeePerGas" | "maxPriorityFeePerGas" | "blobHashes" | "maxFeePerBlobGas">
  >,
  price: bigint,
): EvmTransaction {
  const authorizations = transaction.authorizations.map((authorization) => ({
    chainId: authorization.chainId,
    address: authorization.address,
    nonce: authorization.nonce,
    authority: authorityOf(authorization),
  }));
  return priced(transaction, authorizations, price);
}
