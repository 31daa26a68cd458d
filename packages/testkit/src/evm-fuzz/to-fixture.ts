import type { Log } from "@tributary/evm/types";
import { toHex } from "@tributary/protocol/bytes/index";
import { rootOfLines } from "../statetest/pre-state.ts";
import { logsHash } from "../statetest/run-case.ts";
import { secretKey } from "./addresses.ts";
import type { Scenario } from "./scenario.ts";

const names = { cancun: "Cancun", prague: "Prague", osaka: "Osaka" } as const;

function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** The scenario as a state test that wants what the library did: `npm run statetest` reads it. */
export async function toFixture(scenario: Scenario, theirs: readonly string[], logs: readonly Log[]): Promise<unknown> {
  const { block, transaction: tx, signed } = scenario;
  const accounts = scenario.accounts.map(({ address, nonce, balance, code, storage }) => [
    toHex(address),
    {
      nonce: quantity(nonce),
      balance: quantity(balance),
      code: toHex(code),
      storage: Object.fromEntries(storage.map(([slot, value]) => [quantity(slot), quantity(value)])),
    },
  ]);
  const fees =
    tx.type < 2
      ? { gasPrice: quantity(tx.maxFeePerGas) }
      : { maxFeePerGas: quantity(tx.maxFeePerGas), maxPriorityFeePerGas: quantity(tx.maxPriorityFeePerGas) };
  const accessList = tx.accessList.map(({ address, storageKeys }) => ({
    address: toHex(address),
    storageKeys: storageKeys.map(toHex),
  }));
  const authorizationList = signed.map(({ chainId, address, nonce, yParity, r, s }) => ({
    chainId: quantity(chainId),
    address: toHex(address),
    nonce: quantity(nonce),
    yParity: quantity(yParity),
    r: quantity(r),
    s: quantity(s),
  }));
  const test = {
    env: {
      currentCoinbase: toHex(block.coinbase),
      currentGasLimit: quantity(block.gasLimit),
      currentNumber: quantity(block.number),
      currentTimestamp: quantity(block.timestamp),
      currentRandom: toHex(block.prevRandao),
      currentBaseFee: quantity(block.baseFee),
      currentExcessBlobGas: "0x0",
    },
    pre: Object.fromEntries(accounts),
    transaction: {
      nonce: quantity(tx.nonce),
      gasLimit: [quantity(tx.gasLimit)],
      ...fees,
      to: tx.to ? toHex(tx.to) : "",
      value: [quantity(tx.value)],
      data: [toHex(tx.data)],
      ...(tx.type > 0 ? { accessLists: [accessList] } : {}),
      ...(tx.type === 3
        ? { blobVersionedHashes: tx.blobHashes.map(toHex), maxFeePerBlobGas: quantity(tx.maxFeePerBlobGas) }
        : {}),
      ...(tx.type === 4 ? { authorizationList } : {}),
      secretKey: toHex(secretKey),
    },
    post: {
      [names[scenario.fork]]: [
        {
          hash: toHex(await rootOfLines(theirs)),
          logs: toHex(logsHash(logs)),
          indexes: { data: 0, gas: 0, value: 0 },
        },
      ],
    },
  };
  return { [`seed-${scenario.seed}`]: test };
}
