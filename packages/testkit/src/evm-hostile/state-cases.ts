import type { Authorization } from "@tributary/evm/types";
import { assemble, forever, whileGas } from "./assemble.ts";
import { FILLED, FUNDED, type HostileCase, hostile } from "./hostile-case.ts";
import { addressOf } from "./hostile-state.ts";

const HELPER = 0xbeefn;
const FREE = 0x10_0000_0000_0000n;

const counting = (name: string, first: bigint, body: string): HostileCase =>
  hostile(name, forever(`${first}`, `1 ADD ${body}`));

/** Ends well, so that its changes are collected too. */
const kept = (name: string, first: bigint, body: string): HostileCase =>
  hostile(name, whileGas(`${first}`, `1 ADD ${body}`, 60_000), { ends: "success" });

function slotOf(i: number): Uint8Array {
  return new Uint8Array(Buffer.from((FILLED + BigInt(i)).toString(16).padStart(64, "0"), "hex"));
}

/** As long as the gas lets it be, with the gas that the rest of the transaction needs. */
const listed = (name: string, make: (count: number) => object, each: number): HostileCase =>
  hostile(name, assemble("STOP"), {
    ends: "success",
    transaction: (gas) => make(Math.floor((gas - 25_000) / each)),
  });

const authorization = (i: number): Authorization => ({
  chainId: 1n,
  address: addressOf(HELPER),
  nonce: 0n,
  authority: addressOf(FUNDED + BigInt(i)),
});

/**
 * Creates a contract, has it read slots with half of the gas, and destroys it for ever. Its code reads slots until
 * there is no gas left if there is calldata; otherwise it destroys itself.
 */
function destroyedWithSlots(): Uint8Array {
  const code = "3660075730ff005b5f5b600101805450600956";
  const creation = `0x72${code}5f526013600df3`;
  const setup = `${creation} 0 MSTORE 27 5 0 CREATE 0 0 1 0 0 DUP6 2 GAS DIV CALL POP`;
  return whileGas(setup, "0 0 0 0 0 DUP6 GAS CALL POP", 60_000);
}

export const stateCases: readonly HostileCase[] = [
  counting("SLOAD of distinct slots", FREE, "DUP1 SLOAD POP"),
  counting("SLOAD of distinct slots with values", FILLED, "DUP1 SLOAD POP"),
  hostile("SLOAD of one slot", forever("", "0 SLOAD POP")),
  counting("SSTORE to distinct slots", FREE, "1 DUP2 SSTORE"),
  kept("SSTORE to distinct slots, kept", FREE, "1 DUP2 SSTORE"),
  kept("SSTORE of 0 to distinct slots, kept", FILLED, "0 DUP2 SSTORE"),
  hostile("SSTORE to one slot", forever("GAS", "DUP1 0 SSTORE 1 0 SSTORE")),
  hostile("SSTORE of the same value", forever("", "0 0 SSTORE")),
  counting("BALANCE of distinct accounts", FUNDED, "DUP1 BALANCE POP"),
  counting("BALANCE of accounts that do not exist", FREE, "DUP1 BALANCE POP"),
  counting("EXTCODEHASH of distinct accounts", FUNDED, "DUP1 EXTCODEHASH POP"),
  hostile("EXTCODEHASH of one account", forever("", "ADDRESS EXTCODEHASH POP")),
  counting("TLOAD of distinct slots", FREE, "DUP1 TLOAD POP"),
  counting("TSTORE to distinct slots", FREE, "1 DUP2 TSTORE"),
  kept("TSTORE to distinct slots, kept", FREE, "1 DUP2 TSTORE"),
  hostile("SELFDESTRUCT of the same contract", forever("", `0 0 0 0 0 ${HELPER} GAS CALL POP`), {
    others: [[HELPER, assemble("ADDRESS SELFDESTRUCT")]],
  }),
  hostile(
    "SELFDESTRUCT to distinct accounts",
    forever(`${FUNDED}`, `1 ADD DUP1 0 MSTORE 0 0 32 0 0 ${HELPER} GAS CALL POP`),
    { others: [[HELPER, assemble("0 CALLDATALOAD SELFDESTRUCT")]] },
  ),
  // 33ff: CALLER SELFDESTRUCT.
  hostile("SELFDESTRUCT in creations", whileGas("0x33ff 0 MSTORE", "2 30 1 CREATE POP", 60_000), { ends: "success" }),
  hostile("SELFDESTRUCT of a created contract that has many slots", destroyedWithSlots(), { ends: "success" }),
  listed(
    "access list of accounts",
    (count) => ({
      accessList: Array.from({ length: count }, (_, i) => ({
        address: addressOf(FUNDED + BigInt(i)),
        storageKeys: [],
      })),
    }),
    2400 + 20 * 40,
  ),
  listed(
    "access list of slots",
    (count) => ({
      accessList: [{ address: addressOf(HELPER), storageKeys: Array.from({ length: count }, (_, i) => slotOf(i)) }],
    }),
    1900 + 32 * 40,
  ),
  listed(
    "authorizations",
    (count) => ({ type: 4, authorizations: Array.from({ length: count }, (_, i) => authorization(i)) }),
    25_000,
  ),
  listed("calldata of zeros", (count) => ({ data: new Uint8Array(count) }), 10),
];
