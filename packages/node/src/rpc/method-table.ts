import type { Method } from "./method.ts";
import { debugGetBadBlocks } from "./methods/debug-get-bad-blocks.ts";
import { debugGetRawBlock } from "./methods/debug-get-raw-block.ts";
import { debugGetRawHeader } from "./methods/debug-get-raw-header.ts";
import { debugGetRawReceipts } from "./methods/debug-get-raw-receipts.ts";
import { debugGetRawTransaction } from "./methods/debug-get-raw-transaction.ts";
import { debugTraceBlockByHash } from "./methods/debug-trace-block-by-hash.ts";
import { debugTraceBlockByNumber } from "./methods/debug-trace-block-by-number.ts";
import { debugTraceCall } from "./methods/debug-trace-call.ts";
import { debugTraceTransaction } from "./methods/debug-trace-transaction.ts";
import { ethAccounts } from "./methods/eth-accounts.ts";
import { ethBaseFee } from "./methods/eth-base-fee.ts";
import { ethBlobBaseFee } from "./methods/eth-blob-base-fee.ts";
import { ethBlockNumber } from "./methods/eth-block-number.ts";
import { ethCall } from "./methods/eth-call.ts";
import { ethCapabilities } from "./methods/eth-capabilities.ts";
import { ethChainId } from "./methods/eth-chain-id.ts";
import { ethCoinbase } from "./methods/eth-coinbase.ts";
import { ethConfig } from "./methods/eth-config.ts";
import { ethCreateAccessList } from "./methods/eth-create-access-list.ts";
import { ethEstimateGas } from "./methods/eth-estimate-gas.ts";
import { ethFeeHistory } from "./methods/eth-fee-history.ts";
import { ethGasPrice } from "./methods/eth-gas-price.ts";
import { ethGetBalance } from "./methods/eth-get-balance.ts";
import { ethGetBlockByHash } from "./methods/eth-get-block-by-hash.ts";
import { ethGetBlockByNumber } from "./methods/eth-get-block-by-number.ts";
import { ethGetBlockReceipts } from "./methods/eth-get-block-receipts.ts";
import { ethGetBlockTransactionCountByHash } from "./methods/eth-get-block-transaction-count-by-hash.ts";
import { ethGetBlockTransactionCountByNumber } from "./methods/eth-get-block-transaction-count-by-number.ts";
import { ethGetCode } from "./methods/eth-get-code.ts";
import { ethGetFilterChanges } from "./methods/eth-get-filter-changes.ts";
import { ethGetFilterLogs } from "./methods/eth-get-filter-logs.ts";
import { ethGetLogs } from "./methods/eth-get-logs.ts";
import { ethGetProof } from "./methods/eth-get-proof.ts";
import { ethGetRawTransactionByHash } from "./methods/eth-get-raw-transaction-by-hash.ts";
import { ethGetStorageAt } from "./methods/eth-get-storage-at.ts";
import { ethGetStorageValues } from "./methods/eth-get-storage-values.ts";
import { ethGetTransactionByBlockHashAndIndex } from "./methods/eth-get-transaction-by-block-hash-and-index.ts";
import { ethGetTransactionByBlockNumberAndIndex } from "./methods/eth-get-transaction-by-block-number-and-index.ts";
import { ethGetTransactionByHash } from "./methods/eth-get-transaction-by-hash.ts";
import { ethGetTransactionBySenderAndNonce } from "./methods/eth-get-transaction-by-sender-and-nonce.ts";
import { ethGetTransactionCount } from "./methods/eth-get-transaction-count.ts";
import { ethGetTransactionReceipt } from "./methods/eth-get-transaction-receipt.ts";
import { ethGetUncleByBlockHashAndIndex } from "./methods/eth-get-uncle-by-block-hash-and-index.ts";
import { ethGetUncleByBlockNumberAndIndex } from "./methods/eth-get-uncle-by-block-number-and-index.ts";
import { ethGetUncleCountByBlockHash } from "./methods/eth-get-uncle-count-by-block-hash.ts";
import { ethGetUncleCountByBlockNumber } from "./methods/eth-get-uncle-count-by-block-number.ts";
import { ethMaxPriorityFeePerGas } from "./methods/eth-max-priority-fee-per-gas.ts";
import { ethNewBlockFilter } from "./methods/eth-new-block-filter.ts";
import { ethNewFilter } from "./methods/eth-new-filter.ts";
import { ethNewPendingTransactionFilter } from "./methods/eth-new-pending-transaction-filter.ts";
import { ethProtocolVersion } from "./methods/eth-protocol-version.ts";
import { ethSendRawTransaction } from "./methods/eth-send-raw-transaction.ts";
import { ethSendRawTransactionSync } from "./methods/eth-send-raw-transaction-sync.ts";
import { ethSimulateV1 } from "./methods/eth-simulate-v1.ts";
import { ethSubscribe } from "./methods/eth-subscribe.ts";
import { ethSyncing } from "./methods/eth-syncing.ts";
import { ethUninstallFilter } from "./methods/eth-uninstall-filter.ts";
import { ethUnsubscribe } from "./methods/eth-unsubscribe.ts";
import { evmIncreaseTime } from "./methods/evm-increase-time.ts";
import { evmMine } from "./methods/evm-mine.ts";
import { evmRevert } from "./methods/evm-revert.ts";
import { evmSetNextBlockTimestamp } from "./methods/evm-set-next-block-timestamp.ts";
import { evmSnapshot } from "./methods/evm-snapshot.ts";
import { netListening } from "./methods/net-listening.ts";
import { netPeerCount } from "./methods/net-peer-count.ts";
import { netVersion } from "./methods/net-version.ts";
import { rpcModules } from "./methods/rpc-modules.ts";
import { testingBuildBlockV1 } from "./methods/testing-build-block-v1.ts";
import { tributaryGetEraHandover } from "./methods/tributary-get-era-handover.ts";
import { tributaryGetEvidence } from "./methods/tributary-get-evidence.ts";
import { tributaryGetFinality } from "./methods/tributary-get-finality.ts";
import { tributaryGetGasless } from "./methods/tributary-get-gasless.ts";
import { tributaryGetProof } from "./methods/tributary-get-proof.ts";
import { tributaryStatus } from "./methods/tributary-status.ts";
import { txpoolContent } from "./methods/txpool-content.ts";
import { txpoolContentFrom } from "./methods/txpool-content-from.ts";
import { txpoolInspect } from "./methods/txpool-inspect.ts";
import { txpoolStatus } from "./methods/txpool-status.ts";
import { web3ClientVersion } from "./methods/web3-client-version.ts";
import { web3Sha3 } from "./methods/web3-sha3.ts";

const all: readonly Method[] = [
  debugGetBadBlocks,
  debugGetRawBlock,
  debugGetRawHeader,
  debugGetRawReceipts,
  debugGetRawTransaction,
  debugTraceBlockByHash,
  debugTraceBlockByNumber,
  debugTraceCall,
  debugTraceTransaction,
  ethAccounts,
  ethBaseFee,
  ethBlobBaseFee,
  ethBlockNumber,
  ethCall,
  ethCapabilities,
  ethChainId,
  ethCoinbase,
  ethConfig,
  ethCreateAccessList,
  ethEstimateGas,
  ethFeeHistory,
  ethGasPrice,
  ethGetBalance,
  ethGetBlockByHash,
  ethGetBlockByNumber,
  ethGetBlockReceipts,
  ethGetBlockTransactionCountByHash,
  ethGetBlockTransactionCountByNumber,
  ethGetCode,
  ethGetFilterChanges,
  ethGetFilterLogs,
  ethGetLogs,
  ethGetProof,
  ethGetRawTransactionByHash,
  ethGetStorageAt,
  ethGetStorageValues,
  ethGetTransactionByBlockHashAndIndex,
  ethGetTransactionByBlockNumberAndIndex,
  ethGetTransactionByHash,
  ethGetTransactionBySenderAndNonce,
  ethGetTransactionCount,
  ethGetTransactionReceipt,
  ethGetUncleByBlockHashAndIndex,
  ethGetUncleByBlockNumberAndIndex,
  ethGetUncleCountByBlockHash,
  ethGetUncleCountByBlockNumber,
  ethMaxPriorityFeePerGas,
  ethNewBlockFilter,
  ethNewFilter,
  ethNewPendingTransactionFilter,
  ethProtocolVersion,
  ethSendRawTransactionSync,
  ethSendRawTransaction,
  ethSimulateV1,
  ethSubscribe,
  ethSyncing,
  ethUninstallFilter,
  ethUnsubscribe,
  evmIncreaseTime,
  evmMine,
  evmRevert,
  evmSetNextBlockTimestamp,
  evmSnapshot,
  netListening,
  netPeerCount,
  netVersion,
  rpcModules,
  testingBuildBlockV1,
  tributaryGetEraHandover,
  tributaryGetEvidence,
  tributaryGetFinality,
  tributaryGetProof,
  tributaryGetGasless,
  tributaryStatus,
  txpoolContentFrom,
  txpoolContent,
  txpoolInspect,
  txpoolStatus,
  web3ClientVersion,
  web3Sha3,
];

/** Every method that is served, by name. */
export const methods: ReadonlyMap<string, Method> = new Map(all.map((method) => [method.name, method]));
