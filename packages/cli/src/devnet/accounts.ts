import { pbkdf2Sync } from "node:crypto";
import { toHex } from "viem";
import { type HDAccount, HDKey, hdKeyToAccount } from "viem/accounts";
import { CliError } from "../cli-error.ts";
import { MNEMONIC } from "./mainchain-process.ts";

/** Root of the mnemonic (BIP-39, no passphrase), computed once, where it is needed. */
let root: HDKey | undefined;

/** Accounts that users get. */
const USER_ACCOUNTS = 10;
/** Places of the devnet's own accounts in the mnemonic, apart from the users'. */
const DEPLOYER_INDEX = 90;
const FIRST_VALIDATOR_INDEX = 100;

/** Deploys the contracts, mints tokens, wakes new chains. */
export function deployerAccount(): HDAccount {
  return account(DEPLOYER_INDEX);
}

/** Owner of the validator behind node `index` (from 0). */
export function validatorAccount(index: number): HDAccount {
  return account(FIRST_VALIDATOR_INDEX + index);
}

/** The user account `index` (from 0), to sign with. */
export function userAccount(index: number): HDAccount {
  return account(index);
}

export type KeyedAccount = { readonly address: `0x${string}`; readonly privateKey: `0x${string}` };

/** The well-known accounts of development chains, with their public "private" keys. */
export function userAccounts(): readonly KeyedAccount[] {
  return Array.from({ length: USER_ACCOUNTS }, (_, index) => {
    const user = account(index);
    const key = user.getHdKey().privateKey;
    if (key === null || key === undefined) throw new CliError("INTERNAL", "the mnemonic gave no key");
    return { address: user.address, privateKey: toHex(key) };
  });
}

function account(addressIndex: number): HDAccount {
  root ??= HDKey.fromMasterSeed(pbkdf2Sync(MNEMONIC, "mnemonic", 2048, 64, "sha512"));
  return hdKeyToAccount(root, { addressIndex });
}
