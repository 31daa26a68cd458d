import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";

const LOWEST_ID = 1n << 32n;
const HIGHEST_ID = 4_503_599_627_370_475n;

/** The id that the manager gives to its nth chain of this name. */
export function deriveChainId(mainchainId: bigint, chains: Address, nonce: bigint, name: string): bigint {
  const types = ["string", "uint256", "address", "uint256", "string"] as const;
  const hash = keccak256(encodeAbiParameters(abi(types), ["tributary/chain", mainchainId, chains, nonce, name]));
  return LOWEST_ID + (BigInt(hash) % (HIGHEST_ID - LOWEST_ID + 1n));
}

/** The name of a chain's consensus group in everything that is signed. */
export function deriveGroup(mainchainId: bigint, chains: Address, chainId: bigint, nonce: bigint): Hex {
  const types = ["string", "uint256", "address", "uint256", "uint256"] as const;
  return keccak256(encodeAbiParameters(abi(types), ["tributary/group", mainchainId, chains, chainId, nonce]));
}

function abi<const T extends readonly string[]>(types: T): { readonly [I in keyof T]: { readonly type: T[I] } } {
  return types.map((type) => ({ type })) as { readonly [I in keyof T]: { readonly type: T[I] } };
}
