import { activePrecompiles, MAX_MOVED_PRECOMPILES } from "@tributary/evm";
import type { BlockEnv, Fork } from "@tributary/evm/types";
import { toHex } from "@tributary/protocol/bytes/hex";
import { ChainError } from "../chain-error.ts";
import { toKey } from "../store/key.ts";
import type { StateOverride } from "./call.ts";

function refuse(message: string): never {
  throw new ChainError("bad-override", message);
}

/**
 * Which addresses are other precompiles than the fork has there, where accounts are overridden: as geth does it, an
 * overridden precompile is gone from its address and runs where it was moved to. Throws ChainError `bad-override`.
 */
export function movedPrecompiles(
  overrides: readonly StateOverride[],
  fork: Fork,
): NonNullable<BlockEnv["precompiles"]> {
  const active = new Map(activePrecompiles(fork).map((id) => [precompileKey(id), id]));
  const overridden = new Set(overrides.map(({ address }) => toKey(address)));
  const moved = new Map<string, readonly [Uint8Array, number]>();
  const taken = new Set<string>();
  for (const { address, movesPrecompileTo: target } of overrides) {
    const key = toKey(address);
    if (taken.has(key)) refuse(`account ${toHex(address)} has already been overridden by a precompile`);
    const id = active.get(key);
    if (target !== undefined) {
      if (id === undefined) refuse(`account ${toHex(address)} is not a precompile`);
      if (overridden.has(toKey(target))) refuse(`account ${toHex(target)} is already overridden`);
      moved.set(toKey(target), [target, id]);
      taken.add(toKey(target));
    }
    if (id !== undefined) moved.set(key, [address, 0]);
  }
  if (moved.size > MAX_MOVED_PRECOMPILES) refuse(`more than ${MAX_MOVED_PRECOMPILES} precompiles are moved`);
  return [...moved.values()];
}

function precompileKey(id: number): string {
  const address = new Uint8Array(20);
  address.set([id >> 8, id & 0xff], 18);
  return toKey(address);
}
