import { rlpEncode } from "@tributary/chain/rlp/encode";
import type { Evm } from "@tributary/evm/evm";
import type { Changes, Executed, Invalid, Log } from "@tributary/evm/types";
import { equal, toHex } from "@tributary/protocol/bytes/index";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import type { StateTestCase } from "./fixture.ts";

const unchanged: Changes = { accounts: [], storage: [], codes: [] };

export function logsHash(logs: readonly Log[]): Uint8Array {
  return keccak256(rlpEncode(logs.map(({ address, topics, data }) => [address, topics, data])));
}

/** Runs one case; undefined where it passes, otherwise what differs. */
export async function runCase(evm: Evm, test: StateTestCase): Promise<string | undefined> {
  evm.begin(test.block(), test.pre);
  const outcome: Executed | Invalid = evm.execute(test.transaction());
  const changes = evm.changes();
  if (outcome.kind === "invalid") {
    if (test.exception === undefined) return `refused: ${outcome.reason}`;
    if (changes.accounts.length + changes.storage.length > 0) return "a refused transaction changed the state";
    const root = await test.pre.rootAfter(unchanged);
    return equal(root, test.root)
      ? undefined
      : `root of the unchanged state is ${toHex(root)}, not ${toHex(test.root)}`;
  }
  if (test.exception !== undefined) return `executed, not refused (${test.exception})`;
  const logs = logsHash(outcome.logs);
  const root = await test.pre.rootAfter(changes);
  const faults: string[] = [];
  if (!equal(logs, test.logs)) faults.push(`logs ${toHex(logs)}, not ${toHex(test.logs)}`);
  if (!equal(root, test.root)) faults.push(`root ${toHex(root)}, not ${toHex(test.root)}`);
  if (faults.length === 0) return undefined;
  return `${faults.join("; ")} (${outcome.status} ${outcome.halt ?? ""} gas ${outcome.gasUsed})`;
}
