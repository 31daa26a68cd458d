// What a call costs of its chain's budget. One unit is about 50 microseconds of one core; methods that depend on how
// much they look at charge the rest themselves while they run. The values are what `npm run bench -- rpc` measures for
// calls in a batch, rounded up: what a body costs is charged beside them, once.

const weights: Readonly<Record<string, number>> = {
  eth_call: 1,
  eth_estimateGas: 1,
  eth_simulateV1: 3,
  eth_createAccessList: 2,
  // Its whole way through this node: intake, forwarding, proposal, execution, state.
  eth_sendRawTransaction: 8,
  eth_sendRawTransactionSync: 12,
  eth_getLogs: 2,
  eth_getFilterLogs: 2,
  eth_getFilterChanges: 1,
  eth_feeHistory: 1,
  eth_getBlockByHash: 1,
  eth_getBlockByNumber: 1,
  eth_getBlockReceipts: 1,
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
  tributary_getEraHandover: 1,
  tributary_getEvidence: 10,
  tributary_getFinality: 4,
  tributary_getProof: 40,
};

/** Units of any other method: a lookup or two, perhaps on a disk that is slower than memory. */
const LOOKUP = 0.5;

/** Units of a request body, or of a message, whatever it asks: HTTP, parsing, the answer's way back. */
export const BODY_UNITS = 1;

/** Bytes of request or answer that cost one unit: reading and parsing, or making and writing them. */
export const BYTES_PER_UNIT = 8_192;

export function weightOf(method: string): number {
  return weights[method] ?? LOOKUP;
}
