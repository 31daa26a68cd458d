import { fromHex } from "@tributary/protocol/bytes/hex";
import {
  BEACON_ROOTS_ADDRESS,
  CHAIN_INFORMATION_ADDRESS,
  FEES_ADDRESS,
  HISTORY_ADDRESS,
  RANDOMNESS_ADDRESS,
  RULES_ADDRESS,
} from "../predeploy-addresses.ts";
import { CHAIN_INFORMATION_CODE } from "./chain-information-code.ts";
import { FEES_CODE } from "./fees-code.ts";
import { MULTICALL3_CODE } from "./multicall3-code.ts";
import { RANDOMNESS_CODE } from "./randomness-code.ts";
import { RULES_CODE } from "./rules-code.ts";

/** A contract that stands at a fixed address from the first block on. */
export type Predeploy = { readonly name: string; readonly address: Uint8Array; readonly code: Uint8Array };

function bytes(hex: string): Uint8Array {
  const out = fromHex(hex);
  if (out === undefined) throw new TypeError("not hexadecimal");
  return out;
}

// Codes: EIP-2935 and EIP-4788 as their texts give them; the deployer is Arachnid's deterministic deployment proxy
// (https://github.com/Arachnid/deterministic-deployment-proxy, MIT).
const DEPLOYER_CODE =
  "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f5801515603957" +
  "8182fd5b8082525050506014600cf3";
const HISTORY_CODE =
  "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff8143031160425761" +
  "1fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
const BEACON_ROOTS_CODE =
  "3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff8106908154146" +
  "03c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500";

export const PREDEPLOYS: readonly Predeploy[] = [
  {
    name: "CREATE2 deployer",
    address: bytes("4e59b44847b379578588920ca78fbf26c0b4956c"),
    code: bytes(DEPLOYER_CODE),
  },
  { name: "Multicall3", address: bytes("ca11bde05977b3631167028862be2a173976ca11"), code: bytes(MULTICALL3_CODE) },
  { name: "EIP-2935 history", address: HISTORY_ADDRESS, code: bytes(HISTORY_CODE) },
  { name: "EIP-4788 beacon roots", address: BEACON_ROOTS_ADDRESS, code: bytes(BEACON_ROOTS_CODE) },
  { name: "the owner's rules", address: RULES_ADDRESS, code: bytes(RULES_CODE) },
  { name: "random values", address: RANDOMNESS_ADDRESS, code: bytes(RANDOMNESS_CODE) },
  { name: "chain information", address: CHAIN_INFORMATION_ADDRESS, code: bytes(CHAIN_INFORMATION_CODE) },
  { name: "the price of gas", address: FEES_ADDRESS, code: bytes(FEES_CODE) },
];
