import type { DealingVerdict, KeyVault, ResharingVault } from "@tributary/protocol/ports/key-vault";

type NodeKeys = KeyVault & ResharingVault;

/** Ways to cheat in a key generation. Everything else the cheating node does as an honest one. */
export const cheatNames = ["silent-dealer", "bad-share", "false-complaint"] as const;
export type CheatName = (typeof cheatNames)[number];

/** Bytes of one encrypted share; those of all seats end a dealing. */
const CIPHERTEXT_BYTES = 32;

/** The vault of a node that cheats so. */
export function cheatingVault(vault: NodeKeys, cheat: CheatName): NodeKeys {
  switch (cheat) {
    case "silent-dealer":
      return withChanges(vault, { deal: () => Promise.reject(new Error("this dealer stays silent")) });
    case "bad-share":
      return withChanges(vault, {
        deal: async (slot, seat, keys) => {
          const dealing = (await vault.deal(slot, seat, keys)).slice();
          const victim = (seat + 1) % keys.length;
          const last = dealing.length - CIPHERTEXT_BYTES * (keys.length - victim - 1) - 1;
          dealing[last] = (dealing[last] ?? 0) ^ 1;
          return dealing;
        },
      });
    case "false-complaint":
      return withChanges(vault, {
        judge: async (slot, seat, keys, dealings) => {
          const verdicts = await vault.judge(slot, seat, keys, dealings);
          const victim = verdicts.findIndex(({ kind, dealer }) => kind === "good" && dealer !== seat);
          return verdicts.map((verdict, index) => (index === victim ? accusation(verdict.dealer) : verdict));
        },
      });
  }
}

function accusation(dealer: number): DealingVerdict {
  return { kind: "bad", dealer, complaint: { kind: "proof" } };
}

/** The vault with some methods replaced. Its methods use private fields, so they keep their receiver. */
function withChanges(vault: NodeKeys, changes: Partial<NodeKeys>): NodeKeys {
  return {
    nodeAddress: vault.nodeAddress,
    blsKey: vault.blsKey,
    blsProof: vault.blsProof,
    transportKey: vault.transportKey,
    encryptionKey: (slot, seat) => vault.encryptionKey(slot, seat),
    deal: (slot, seat, keys) => vault.deal(slot, seat, keys),
    judge: (slot, seat, keys, dealings) => vault.judge(slot, seat, keys, dealings),
    acceptShare: (slot, seat, keys, qualified) => vault.acceptShare(slot, seat, keys, qualified),
    signReady: (...parameters) => vault.signReady(...parameters),
    signTransaction: (unsigned) => vault.signTransaction(unsigned),
    dealShare: (...parameters) => vault.dealShare(...parameters),
    judgeShares: (...parameters) => vault.judgeShares(...parameters),
    acceptReshared: (...parameters) => vault.acceptReshared(...parameters),
    eraseEncryption: (slot, seat) => vault.eraseEncryption(slot, seat),
    encryptionErased: (slot, seat) => vault.encryptionErased(slot, seat),
    ...changes,
  };
}
