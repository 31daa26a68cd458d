/** keccak256 of no bytes: the code hash of every account without code. */
export const EMPTY_CODE_HASH: Uint8Array = new Uint8Array(
  Buffer.from("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470", "hex"),
);
