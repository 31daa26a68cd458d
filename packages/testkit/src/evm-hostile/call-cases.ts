import { assemble, concat, forever, MAX_CODE, whileGas } from "./assemble.ts";
import { FUNDED, type HostileCase, hostile, MAXIMAL } from "./hostile-case.ts";

const HELPER = 0xbeefn;
const MAX_INIT_CODE = 2 * MAX_CODE;
const STOP = assemble("STOP");
const stops = [[HELPER, STOP]] as const;

/** Calls itself with all gas as deep as that reaches, and again from every depth. */
const recursion = (instruction: string, value: string): HostileCase =>
  hostile(`${instruction} of itself`, forever("", `0 0 0 0 ${value} ADDRESS GAS ${instruction} POP`));

const self = (instruction: string): Uint8Array => forever("", `${instruction} POP`, 1);

/** Creates with the 48 kB that the account `HELPER` and its double give, `first` being their first byte. */
function creation(name: string, instruction: string, fill: number, first: number): HostileCase {
  const code = new Uint8Array(MAX_CODE).fill(fill);
  code[0] = first;
  const setup = `${MAX_CODE} 0 ${MAX_CODE} ${HELPER} EXTCODECOPY ${MAX_CODE} 0 0 ${HELPER} EXTCODECOPY 0`;
  const salt = instruction === "CREATE2" ? "1 ADD DUP1" : "";
  return hostile(name, forever(setup, `${salt} ${MAX_INIT_CODE} 0 0 ${instruction} POP`), { others: [[HELPER, code]] });
}

/** The next address, then `body` with that on the stack. */
const overAddresses = (name: string, first: bigint, body: string): HostileCase =>
  hostile(name, forever(`${first}`, `1 ADD ${body}`));

const delegation = (to: bigint): Uint8Array =>
  concat(Uint8Array.of(0xef, 0x01, 0x00), new Uint8Array(Buffer.from(to.toString(16).padStart(40, "0"), "hex")));

/** Init code that deploys the largest code that is allowed, each time another. */
function deployer(): Uint8Array {
  const deploys = assemble(`GAS 0 MSTORE ${MAX_CODE} 0 RETURN`);
  const setup = `0x${Buffer.from(deploys).toString("hex")} 0 MSTORE`;
  return forever(setup, `${deploys.length} ${32 - deploys.length} 0 CREATE POP`);
}

export const callCases: readonly HostileCase[] = [
  recursion("CALL", "0"),
  recursion("CALLCODE", "0"),
  recursion("DELEGATECALL", ""),
  recursion("STATICCALL", ""),
  hostile("CREATE of itself", self("CODESIZE 0 0 CODECOPY CODESIZE 0 0 CREATE")),
  hostile("CREATE2 of itself", self("CODESIZE 0 0 CODECOPY GAS CODESIZE 0 0 CREATE2")),
  hostile("CALL of a contract that stops", forever("", `0 0 0 0 0 ${HELPER} GAS CALL POP`), { others: stops }),
  hostile("CALL of no code", forever("", "0 0 0 0 0 0xabcd GAS CALL POP")),
  hostile("CALL with value to itself", forever("", "0 0 0 0 1 0xabcd GAS CALL POP")),
  hostile("CALL without enough balance", forever("", "0 0 0 0 0 NOT 0xabcd GAS CALL POP")),
  hostile("CALL of invalid code", forever("", `0 0 0 0 0 ${HELPER} 1 CALL POP`), {
    others: [[HELPER, assemble("ADD")]],
  }),
  creation("CREATE with 48 kB of jump destinations", "CREATE", 0x5b, 0),
  creation("CREATE2 with 48 kB of jump destinations", "CREATE2", 0x5b, 0),
  creation("CREATE2 with 48 kB of PUSH1", "CREATE2", 0x60, 0),
  creation("CREATE2 with 48 kB that run", "CREATE2", 0x5b, 0x5b),
  hostile("CREATE of nothing", forever("", "0 0 0 CREATE POP")),
  hostile("CREATE of maximal codes", deployer()),
  overAddresses("CALL of distinct maximal contracts", MAXIMAL, "0 0 0 0 0 DUP6 GAS CALL POP"),
  overAddresses("EXTCODESIZE of distinct maximal contracts", MAXIMAL, "DUP1 EXTCODESIZE POP"),
  overAddresses("EXTCODECOPY of distinct maximal contracts", MAXIMAL, "1 0 0 DUP4 EXTCODECOPY"),
  overAddresses("CALL of distinct accounts", FUNDED, "0 0 0 0 0 DUP6 GAS CALL POP"),
  overAddresses("CALL with value to distinct accounts", FUNDED, "0 0 0 0 1 DUP6 GAS CALL POP"),
  hostile("CALL of an account that delegates to another that delegates", forever("", "0 0 0 0 0 0xd1 GAS CALL POP"), {
    others: [
      [0xd1n, delegation(0xd2n)],
      [0xd2n, delegation(0xd1n)],
    ],
  }),
  hostile("snapshots that are reverted, 100 stores each", forever("", `0 0 0 0 0 ${HELPER} GAS CALL POP`), {
    others: [[HELPER, concat(assemble("1 0 TSTORE 2 0 TSTORE ".repeat(50)), assemble("0 0 REVERT"))]],
  }),
  hostile("snapshots that are reverted, a store each", forever("", `0 0 0 0 0 ${HELPER} GAS CALL POP`), {
    others: [[HELPER, assemble("GAS 0 TSTORE 0 0 REVERT")]],
  }),
  hostile("a large journal, kept", whileGas("0", `1 ADD DUP1 0 TSTORE`, 60_000, 100), { ends: "success" }),
];
