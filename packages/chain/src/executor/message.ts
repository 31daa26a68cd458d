import type { EVM, EVMResult } from "@ethereumjs/evm";
import { Account, Address } from "@ethereumjs/util";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { AccessListItem, Authorization } from "../transaction/transaction.ts";
import { applyAuthorizations } from "./authorizations.ts";
import type { BlockContext } from "./block-executor.ts";
import type { EvmInstance } from "./evm-instance.ts";

export const ZERO_ADDRESS: Address = new Address(new Uint8Array(20));
/** EIP-3529: of the gas used at most a fifth is refunded. */
const MAX_REFUND_QUOTIENT = 5n;

/** What a transaction or a call asks of the EVM; checked already. */
export type Message = {
  readonly sender: Uint8Array;
  readonly to: Uint8Array | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly gasLimit: bigint;
  readonly accessList: readonly AccessListItem[];
  readonly authorizations: readonly Authorization[];
};

export type MessageResult = {
  readonly result: EVMResult;
  /** Gas paid: after refunds, at least the floor. */
  readonly gasUsed: bigint;
};

export type EvmBlock = NonNullable<Parameters<EVM["runCall"]>[0]["block"]>;

/** The block as the EVM wants it. */
export function evmBlock(context: BlockContext): EvmBlock {
  return {
    header: {
      number: BigInt(context.number),
      coinbase: ZERO_ADDRESS,
      timestamp: BigInt(context.timestamp),
      difficulty: 0n,
      prevRandao: context.prevRandao,
      gasLimit: BigInt(context.gasLimit),
      baseFeePerGas: 0n,
      // EIP-4844: the least blob gas price, though nothing can be bought for it.
      getBlobGasPrice: () => 1n,
    },
  };
}

function warm(evm: EVM, message: Message): void {
  const { journal } = evm;
  for (const address of evm.precompiles.keys()) journal.addAlwaysWarmAddress(address);
  journal.addAlwaysWarmAddress(toHex(message.sender));
  if (message.to !== undefined) journal.addAlwaysWarmAddress(toHex(message.to));
  journal.addAlwaysWarmAddress(ZERO_ADDRESS.toString());
  for (const { address, storageKeys } of message.accessList) {
    journal.addAlwaysWarmAddress(toHex(address));
    for (const key of storageKeys) journal.addAlwaysWarmSlot(toHex(address), toHex(key));
  }
}

/** Contracts that the message created and destroyed go for good (EIP-6780). */
async function destroy(instance: EvmInstance, result: EVMResult): Promise<void> {
  const { selfdestruct, createdAddresses } = result.execResult;
  for (const hex of selfdestruct?.keys() ?? []) {
    if (createdAddresses?.has(hex) !== true) continue;
    await instance.evm.journal.deleteAccount(new Address(Buffer.from(hex.slice(2), "hex")));
  }
}

/**
 * Runs one message with the sender's nonce raised, its authorisations applied, warm addresses set, gas refunded and
 * destroyed contracts removed: everything of a transaction but its fee, since no price is charged.
 */
export async function runMessage(
  instance: EvmInstance,
  block: EvmBlock,
  chainId: bigint,
  message: Message,
  gas: { readonly intrinsic: bigint; readonly floor: bigint },
): Promise<MessageResult> {
  const { evm, state } = instance;
  evm.journal.cleanJournal();
  state.startTransaction();
  warm(evm, message);
  const sender = state.account(message.sender) ?? new Account();
  sender.nonce += 1n;
  state.setAccount(message.sender, sender);
  let refund = applyAuthorizations(evm, state, chainId, message.authorizations);
  const result = await evm.runCall({
    block,
    gasPrice: 0n,
    caller: new Address(message.sender),
    gasLimit: message.gasLimit - gas.intrinsic,
    ...(message.to === undefined ? {} : { to: new Address(message.to) }),
    value: message.value,
    data: message.data,
    skipNonceIncrement: true,
  });
  // A call to an account without code ends before the library clears it.
  evm.transientStorage.clear();
  refund += result.execResult.gasRefund ?? 0n;
  let gasUsed = gas.intrinsic + result.execResult.executionGasUsed;
  const most = gasUsed / MAX_REFUND_QUOTIENT;
  gasUsed -= refund < most ? refund : most;
  await destroy(instance, result);
  evm.journal.cleanJournal();
  return { result, gasUsed: gasUsed < gas.floor ? gas.floor : gasUsed };
}

/** Sets how an account pretends to be before a call. */
export function overrideAccount(
  { state }: EvmInstance,
  override: {
    readonly address: Uint8Array;
    readonly balance?: bigint;
    readonly nonce?: bigint;
    readonly code?: Uint8Array;
    readonly storage?: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
  },
): void {
  const account = state.account(override.address) ?? new Account();
  if (override.balance !== undefined) account.balance = override.balance;
  if (override.nonce !== undefined) account.nonce = override.nonce;
  state.setAccount(override.address, account);
  if (override.code !== undefined) state.setCode(override.address, override.code);
  for (const { key, value } of override.storage ?? []) state.setSlot(override.address, key, value);
}
