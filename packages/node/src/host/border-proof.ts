import { encodeContainerHeader } from "@tributary/protocol/container/codec";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import type { BorderProof } from "@tributary/protocol/ports/member-host";
import { type ContainerMessage, decode, type Limits } from "@tributary/protocol/wire/index";
import { lowestShowing } from "../consensus/checkpoint-search.ts";
import type { ContainerStore } from "../consensus/ports.ts";

/**
 * The first container whose checkpoint is at or above the mainchain block `ready`, and its parent; undefined where it is
 * not final here yet, or where the store begins above it.
 */
export function borderProof(
  store: ContainerStore,
  limits: Limits,
  genesis: () => ContainerHeader,
  ready: number,
): BorderProof | undefined {
  const numberAt = (height: number): number | undefined => read(store, limits, height)?.header.mainchainNumber;
  const newest = store.highestContainer;
  if (newest === 0 || (numberAt(newest) ?? -1) < ready) return undefined;
  const height = lowestShowing(numberAt, newest, ready);
  const shown = read(store, limits, height);
  const parent = height === 1 ? genesis() : read(store, limits, height - 1)?.header;
  if (shown === undefined || parent === undefined) return undefined;
  return {
    height,
    era: shown.certificateEra,
    container: encodeContainerHeader(shown.header),
    parent: encodeContainerHeader(parent),
    certificate: shown.certificate,
  };
}

function read(store: ContainerStore, limits: Limits, height: number): ContainerMessage | undefined {
  const bytes = store.container(height);
  const message = bytes === undefined ? undefined : decode(bytes, limits);
  return message?.kind === "container" ? message : undefined;
}
