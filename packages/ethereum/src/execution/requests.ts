import { createHash } from "node:crypto";
import type { Log } from "@tributary/chain";
import { systemTransaction } from "@tributary/chain/executor/evm-input";
import type { Evm } from "@tributary/evm/evm";
import { concat, equal, toBigInt } from "@tributary/protocol/bytes/bytes";
import { EthereumError } from "../ethereum-error.ts";

/** Withdrawal requests (EIP-7002) and consolidation requests (EIP-7251). */
export const WITHDRAWAL_QUEUE: Uint8Array = Buffer.from("00000961ef480eb55e80d19ad83579a64c007002", "hex");
export const CONSOLIDATION_QUEUE: Uint8Array = Buffer.from("0000bbddc7ce488642fb579f8b00f3a590007251", "hex");
/** Topic of the deposit contract's event (EIP-6110). */
const DEPOSIT_TOPIC = Buffer.from("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5", "hex");
/** Lengths of the event's fields: key, credentials, amount, signature, index. */
const DEPOSIT_FIELDS = [48, 32, 8, 96, 8];

function depositOf(data: Uint8Array): Uint8Array {
  const parts = DEPOSIT_FIELDS.map((length, index) => {
    const at = Number(toBigInt(data.subarray(32 * index, 32 * index + 32)));
    const size = Number(toBigInt(data.subarray(at, at + 32)));
    const field = data.subarray(at + 32, at + 32 + length);
    if (size !== length || field.length !== length) {
      throw new EthereumError("invalid-block", "a deposit's log does not have the layout of EIP-6110");
    }
    return field;
  });
  return concat(...parts);
}

/** The requests of a block whose transactions were executed, each with its type before it (EIP-7685). */
export function collectRequests(evm: Evm, logs: readonly Log[], depositContract: Uint8Array | undefined): Uint8Array[] {
  const deposits = logs
    .filter(({ address, topics }) => {
      const [topic] = topics;
      if (depositContract === undefined || topic === undefined) return false;
      return equal(address, depositContract) && equal(topic, DEPOSIT_TOPIC);
    })
    .map(({ data }) => depositOf(data));
  const requests = [concat(Uint8Array.of(0), ...deposits)];
  for (const [type, contract] of [
    [1, WITHDRAWAL_QUEUE],
    [2, CONSOLIDATION_QUEUE],
  ] as const) {
    const outcome = evm.systemCall(systemTransaction(contract, new Uint8Array(0)));
    if (outcome.kind === "invalid" || outcome.status !== "success") {
      throw new EthereumError("invalid-block", `the system contract of requests of type ${type} failed`);
    }
    requests.push(concat(Uint8Array.of(type), outcome.output));
  }
  return requests.filter((request) => request.length > 1);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

export function requestsHash(requests: readonly Uint8Array[]): Uint8Array {
  return sha256(concat(...requests.map(sha256)));
}
