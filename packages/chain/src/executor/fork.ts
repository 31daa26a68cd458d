import type { Fork } from "@tributary/evm/types";

/** The rules by which every block of a chain is executed, from the first one on. */
export const FORK: Fork = "prague";
