// What a call costs of its chain's budget. One unit is about 50 microseconds of one core; methods that depend on how
// much they look at charge the rest themselves while they run.

const weights: Readonly<Record<string, number>> = {
  eth_call: 10,
  eth_estimateGas: 30,
  eth_simulateV1: 30,
  eth_createAccessList: 25,
  // Its whole way through this node: intake, forwarding, proposal, execution, state.
  eth_sendRawTransaction: 11,
  eth_sendRawTransactionSync: 15,
  eth_getLogs: 10,
  eth_getFilterLogs: 10,
  eth_getFilterChanges: 3,
  eth_feeHistory: 5,
  eth_getBlockByHash: 3,
  eth_getBlockByNumber: 3,
  eth_getBlockReceipts: 6,
  eth_newFilter: 3,
  eth_newBlockFilter: 3,
  eth_newPendingTransactionFilter: 3,
  eth_subscribe: 5,
  eth_getStorageValues: 3,
  txpool_content: 6,
  txpool_contentFrom: 6,
  txpool_inspect: 6,
  debug_getRawBlock: 4,
  debug_getRawReceipts: 6,
  debug_traceTransaction: 40,
  debug_traceBlockByNumber: 40,
  debug_traceBlockByHash: 40,
  debug_traceCall: 30,
  tributary_getEvidence: 10,
  tributary_getFinality: 4,
  tributary_getProof: 40,
};

/** Units of any other method: a lookup or two. */
const LOOKUP = 2;

/** Bytes of request that cost one unit: reading and parsing them. */
export const BYTES_PER_UNIT = 8_192;

export function weightOf(method: string): number {
  return weights[method] ?? LOOKUP;
}
