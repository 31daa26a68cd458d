import { fromHex } from "@tributary/protocol/bytes/hex";
import { NodeError } from "../../fault/node-error.ts";
import type { FileVault } from "../file-vault.ts";
import type { CallName, Calls } from "./calls.ts";
import type { SeatKeeper } from "./seat-keeper.ts";

type Answers = { readonly [K in CallName]: (takes: Calls[K]["takes"], holder: object) => Promise<unknown> };

/** What the vault does for each call. */
export function answersOf(vault: FileVault, keeper: SeatKeeper): Answers {
  return {
    ping: async () => null,
    hello: async () => {
      const { blsKey, blsProof } = vault;
      return { nodeAddress: fromHex(vault.nodeAddress), blsKey, blsProof };
    },
    encryptionKey: ({ slot, seat }) => vault.encryptionKey(slot, seat),
    deal: ({ slot, seat, encryptionKeys }) => vault.deal(slot, seat, encryptionKeys),
    judge: ({ slot, seat, encryptionKeys, dealings }) => vault.judge(slot, seat, encryptionKeys, dealings),
    acceptShare: ({ slot, seat, encryptionKeys, dealings }) => vault.acceptShare(slot, seat, encryptionKeys, dealings),
    dealShare: ({ slot, from, seat, previous, encryptionKeys }) =>
      vault.dealShare(slot, from, seat, previous, encryptionKeys),
    judgeShares: ({ slot, seat, previous, encryptionKeys, dealings }) =>
      vault.judgeShares(slot, seat, previous, encryptionKeys, dealings),
    acceptReshared: ({ slot, seat, previous, encryptionKeys, dealings }) =>
      vault.acceptReshared(slot, seat, previous, encryptionKeys, dealings),
    eraseEncryption: ({ slot, seat }) => vault.eraseEncryption(slot, seat),
    encryptionErased: ({ slot, seat }) => vault.encryptionErased(slot, seat),
    eraseOlder: async ({ slot }) => {
      for (const older of vault.older(slot)) keeper.drop(older, older.seat);
      await vault.eraseOlder(slot);
      return null;
    },
    signReady: ({ slot, seat, nodeIds, qualified }) => vault.signReady(slot, seat, nodeIds, qualified),
    signHandover: ({ slot, seat, firstHeight, groupKey }) => vault.signHandover(slot, seat, { firstHeight, groupKey }),
    signCancel: ({ slot, seat, openingId }) => vault.signCancel(slot, seat, openingId),
    signTransaction: ({ unsigned }) => vault.signTransaction(unsigned),
    attach: async ({ slot, seat, shareKey, confirmed }, holder) =>
      keeper.attach(slot, seat, shareKey, confirmed, holder),
    begin: ({ slot, seat, session }, holder) => keeper.begin(slot, seat, session, holder),
    remember: ({ slot, seat, height }, holder) => keeper.remember(slot, seat, height, holder),
  };
}

/** Carries out a call whose parameters were checked against its kind. */
export function answer(answers: Answers, call: CallName, takes: unknown, holder: object): Promise<unknown> {
  const handler = answers[call] as (takes: unknown, holder: object) => Promise<unknown>;
  return handler(takes, holder);
}

/** Code and words of an error; nothing of what is no NodeError, which may hold anything. */
export function failureOf(error: unknown): { code: string; message: string } {
  if (error instanceof NodeError) return { code: error.code, message: error.message.slice(0, 500) };
  return { code: "internal", message: "the vault failed at this; its log says more" };
}
