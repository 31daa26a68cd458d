export { EthereumChain } from "./chain/ethereum-chain.ts";
export { type GenesisFile, parseGenesisFile } from "./config/genesis-file.ts";
export { EthereumError, type EthereumErrorCode } from "./ethereum-error.ts";
export { ChainImport, type ImportCounts } from "./import/import-chain.ts";
