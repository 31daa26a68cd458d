import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { GenesisParameters, MemberSpec } from "@tributary/protocol/ports/member-host";

export const SPEC_FILE = "spec.json";
export const JOIN_CHAIN = 7301n;
/** Wei of each account at genesis. */
export const JOIN_BALANCE: bigint = 10n ** 24n;

/** A specification in a file, without its accounts: they follow from their number. */
export type StoredSpec = {
  readonly spec: Omit<MemberSpec, "chainId" | "genesis"> & {
    readonly genesis: Omit<GenesisParameters, "chainId" | "allocation">;
  };
  readonly funded: readonly `0x${string}`[];
  readonly accounts: number;
  readonly ports: readonly { readonly peer: number; readonly rpc: number }[];
};

/** Address of an account that nothing touches after genesis. */
export function idleAccount(index: number): Uint8Array {
  return keccak256(Buffer.from(`idle account ${index}`)).slice(12);
}

export function decodeSpec({ spec, funded, accounts }: StoredSpec): MemberSpec {
  const addresses = [...funded];
  while (addresses.length < accounts) addresses.push(toHex(idleAccount(addresses.length)));
  const allocation = addresses.map((address) => ({ address, balance: JOIN_BALANCE }));
  return { ...spec, chainId: JOIN_CHAIN, genesis: { ...spec.genesis, chainId: JOIN_CHAIN, allocation } };
}
