import type { EVM } from "@ethereumjs/evm";
import { Account } from "@ethereumjs/util";
import { concat } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { rlpEncode } from "../rlp/encode.ts";
import { HALF_CURVE_ORDER } from "../transaction/decode.ts";
import { EXISTING_AUTHORITY_REFUND } from "../transaction/intrinsic-gas.ts";
import { recoverAddress } from "../transaction/recover.ts";
import type { Authorization } from "../transaction/transaction.ts";
import type { EvmState } from "./evm-state.ts";

const MAGIC = Uint8Array.of(0x05);
const DELEGATION_PREFIX = Uint8Array.of(0xef, 0x01, 0x00);
const MAX_NONCE = 2n ** 64n - 1n;

/** Code of an account that delegates to another one (EIP-7702). */
export function isDelegation(code: Uint8Array): boolean {
  return code.length === 23 && code[0] === 0xef && code[1] === 0x01 && code[2] === 0x00;
}

/** Who signed the authorisation; undefined where its values break the bounds of EIP-7702. */
export function authorityOf(authorization: Authorization): Uint8Array | undefined {
  const { chainId, address, nonce, yParity, r, s } = authorization;
  if (s > HALF_CURVE_ORDER || nonce >= MAX_NONCE) return undefined;
  return recoverAddress(keccak256(concat(MAGIC, rlpEncode([chainId, address, nonce]))), r, s, yParity);
}

/** Sets the delegations that hold, skips those that do not, and gives the gas to refund. */
export function applyAuthorizations(
  evm: EVM,
  state: EvmState,
  chainId: bigint,
  authorizations: readonly Authorization[],
): bigint {
  let refund = 0n;
  for (const authorization of authorizations) {
    if (authorization.chainId !== 0n && authorization.chainId !== chainId) continue;
    const authority = authorityOf(authorization);
    if (authority === undefined) continue;
    evm.journal.addAlwaysWarmAddress(toHex(authority));
    const code = state.code(authority);
    if (code.length > 0 && !isDelegation(code)) continue;
    const account = state.account(authority);
    if ((account?.nonce ?? 0n) !== authorization.nonce) continue;
    if (account !== undefined && !account.isEmpty()) refund += EXISTING_AUTHORITY_REFUND;
    const next = account ?? new Account();
    next.nonce += 1n;
    state.setAccount(authority, next);
    const clears = authorization.address.every((byte) => byte === 0);
    state.setCode(authority, clears ? new Uint8Array(0) : concat(DELEGATION_PREFIX, authorization.address));
  }
  return refund;
}
