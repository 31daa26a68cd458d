import { fromHex, toHex } from "@tributary/protocol/bytes/index";
import type { KeyVault } from "@tributary/protocol/ports/key-vault";
import { serializeTransaction, type TransactionSerializableEIP1559 } from "viem";

/** What the sender needs of whoever pays for transactions. */
export type SendingAccount = {
  readonly address: `0x${string}`;
  signTransaction(transaction: TransactionSerializableEIP1559): Promise<`0x${string}`>;
};

/** The node key as a mainchain account; the key stays in the vault. */
export function nodeAccount(vault: Pick<KeyVault, "nodeAddress" | "signTransaction">): SendingAccount {
  return {
    address: vault.nodeAddress,
    signTransaction: async (transaction) => {
      const unsigned = fromHex(serializeTransaction(transaction));
      if (unsigned === undefined) throw new Error("a transaction is not hexadecimal");
      const signature = await vault.signTransaction(unsigned);
      return serializeTransaction(transaction, {
        r: toHex(signature.subarray(0, 32)),
        s: toHex(signature.subarray(32, 64)),
        yParity: signature[64] === 1 ? 1 : 0,
      });
    },
  };
}
