import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import {
  type GenesisParameters,
  type LaterEpochs,
  type MemberSpec,
  NO_SEAT,
} from "@tributary/protocol/ports/member-host";

export const SPEC_FILE = "spec.json";
/** There once all members are in charge. */
export const READY_FILE = "ready";
export const JOIN_CHAIN = 7301n;
/** Wei of each account at genesis. */
export const JOIN_BALANCE: bigint = 10n ** 24n;

/** Block of a mainchain that there is only the numbers of, before and after the one in which the second epoch is ready. */
export const FIRST_CHECKPOINT = 2;
export const READY_CHECKPOINT = 3;

type StoredEpoch = Omit<MemberSpec, "chainId" | "genesis"> & {
  readonly genesis: Omit<GenesisParameters, "chainId" | "allocation">;
};

/** A specification in a file, without its accounts: they follow from their number. */
export type StoredSpec = {
  /** Of the first member alone: blocks cost a third of what they do with three. */
  readonly first: StoredEpoch;
  /** Of all members, under the same key. */
  readonly second: StoredEpoch;
  readonly funded: readonly `0x${string}`[];
  readonly accounts: number;
  readonly ports: readonly { readonly peer: number; readonly rpc: number }[];
};

/** What a node is told. */
export type Epochs = { readonly first: MemberSpec; readonly joining: LaterEpochs; readonly ready: LaterEpochs };

/** Address of an account that nothing touches after genesis. */
export function idleAccount(index: number): Uint8Array {
  return keccak256(Buffer.from(`idle account ${index}`)).slice(12);
}

/** As the node has it, with the accounts. */
export function decodeSpec({ first, second, funded, accounts }: StoredSpec, nodeId: number): Epochs {
  const addresses = [...funded];
  while (addresses.length < accounts) addresses.push(toHex(idleAccount(addresses.length)));
  const allocation = addresses.map((address) => ({ address, balance: JOIN_BALANCE }));
  const genesis = { ...first.genesis, chainId: JOIN_CHAIN, allocation };
  const specOf = (epoch: StoredEpoch): MemberSpec => {
    const own = epoch.members.find((member) => member.nodeId === nodeId);
    return { ...epoch, chainId: JOIN_CHAIN, genesis, seat: own?.seat ?? NO_SEAT };
  };
  return {
    first: specOf(first),
    joining: { epochs: [], joining: second.members },
    ready: { epochs: [specOf(second)], joining: [] },
  };
}
