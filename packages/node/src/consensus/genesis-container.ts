import { fromHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { CONTAINER_VERSION } from "@tributary/protocol/container/codec";
import { bodyRoot, segmentsRoot } from "@tributary/protocol/container/container-body";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import type { MemberSpec } from "@tributary/protocol/ports/member-host";
import { genesisOrderDigest } from "@tributary/protocol/wire/index";
import type { Inherited, MemberConfig } from "./member-config.ts";

const NO_HASH: HexHash = `0x${"00".repeat(32)}`;

type Origin = Pick<MemberSpec, "chainId" | "group" | "era" | "epoch" | "groupPublicKey" | "committee" | "genesis">;

/**
 * Container 0: holds the genesis block, is certified by nobody, and anyone recomputes it from the creation event and the
 * group key. D(0) is its order and its beacon.
 */
export function genesisContainer(origin: Origin, genesisBlock: HexHash, rules: number): ContainerHeader {
  const { group, era, epoch, committee } = origin;
  const key = fromHex(origin.groupPublicKey) ?? new Uint8Array(0);
  const order = genesisOrderDigest({ group, era, epoch, height: 0 }, genesisBlock, key, committee);
  return {
    version: CONTAINER_VERSION,
    rules,
    group,
    era,
    epoch,
    height: 0,
    committee,
    parent: NO_HASH,
    order,
    beacon: order,
    time: origin.genesis.timestamp * 1000,
    mainchainNumber: 0,
    mainchainHash: NO_HASH,
    bodyRoot: bodyRoot({ accepted: [], transactions: [] }),
    segmentsRoot: segmentsRoot([{ chainId: origin.chainId, blockNumber: 0, blockHash: genesisBlock }]),
  };
}

/** What the driver needs of a specification and of the chain on this node; see MemberConfig. `rules`: by which the genesis
 * was made; `origin`: the chain's first epoch. */
export function memberConfig(
  spec: MemberSpec,
  genesisBlock: HexHash,
  chain: Pick<MemberConfig, "transactionGas" | "proposalSpacing"> & { readonly rules: number },
  origin: Origin = spec,
  inherited?: Inherited,
): MemberConfig {
  const { group, era, epoch, firstHeight, seat, members, committee, genesis } = spec;
  return {
    group,
    era,
    epoch,
    firstHeight,
    seat,
    members: members.length,
    committee,
    containerGas: genesis.gasLimit,
    containerBytes: genesis.byteLimit,
    transactionGas: chain.transactionGas,
    proposalSpacing: chain.proposalSpacing,
    genesis: genesisContainer(origin, genesisBlock, chain.rules),
    ...(inherited === undefined ? {} : { inherited }),
  };
}
