import { genesisContainer } from "@tributary/node/consensus/genesis-container";
import type { MemberConfig } from "@tributary/node/consensus/member-config";
import { uint } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { TOY_CAPACITY, TOY_GENESIS_BLOCK } from "./toy-executor.ts";
import { TOY_CHAIN } from "./toy-transaction.ts";

export const TOY_GROUP: HexHash = toHex(keccak256(uint(1, 4)));
export const TOY_COMMITTEE: HexHash = toHex(keccak256(uint(2, 4)));

/** First epoch of an era that a Recovery began: the number of the attempt at its key, so that it is none of the old era's. */
export function recoveredEpoch(era: number): number {
  return 7 + era;
}

/** One member of the toy chain's committee. */
export function toyConfig(seat: number, members: number, epoch = 1, era = 1): MemberConfig {
  return {
    group: TOY_GROUP,
    era,
    epoch,
    firstHeight: 1,
    seat,
    members,
    committee: TOY_COMMITTEE,
    containerGas: Number(TOY_CAPACITY.gas),
    containerBytes: TOY_CAPACITY.bytes,
    transactionGas: Number(TOY_CAPACITY.gas),
    proposalSpacing: 0,
    genesis: genesisContainer(
      {
        chainId: TOY_CHAIN,
        group: TOY_GROUP,
        era: 1,
        epoch: 1,
        groupPublicKey: `0x${"aa".repeat(48)}`,
        committee: TOY_COMMITTEE,
        genesis: {
          chainId: TOY_CHAIN,
          name: "toy",
          owner: `0x${"00".repeat(20)}`,
          timestamp: 1_767_225_000,
          gasLimit: Number(TOY_CAPACITY.gas),
          byteLimit: TOY_CAPACITY.bytes,
          allocation: [],
        },
      },
      TOY_GENESIS_BLOCK,
      1,
    ),
  };
}
