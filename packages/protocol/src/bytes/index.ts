export { compare, concat, equal, toBigInt, uint } from "./bytes.ts";
export { fromHex, toHex } from "./hex.ts";
export { Reader } from "./reader.ts";
export { Writer } from "./writer.ts";
