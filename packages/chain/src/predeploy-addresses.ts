function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

/** EIP-2935: hashes of the last 8191 blocks. */
export const HISTORY_ADDRESS: Uint8Array = bytes("0000f90827f1c53a10cb7a02335b175320002935");
/** EIP-4788: parentBeaconBlockRoot by timestamp. */
export const BEACON_ROOTS_ADDRESS: Uint8Array = bytes("000f3df6d732807ef1319fb7b8bb8522d0beac02");
/** The chain's own: "tributary" and a number. */
export const RULES_ADDRESS: Uint8Array = bytes("7472696275746172790000000000000000000001");
export const RANDOMNESS_ADDRESS: Uint8Array = bytes("7472696275746172790000000000000000000002");
export const CHAIN_INFORMATION_ADDRESS: Uint8Array = bytes("7472696275746172790000000000000000000003");
export const FEES_ADDRESS: Uint8Array = bytes("7472696275746172790000000000000000000004");
