/** The interface of e2e/foundry/src/Counter.sol, as far as it is used here. */
export const counterAbi = [
  { type: "constructor", stateMutability: "nonpayable", inputs: [{ name: "start", type: "uint256" }] },
  {
    type: "function",
    name: "add",
    stateMutability: "nonpayable",
    inputs: [{ name: "amount", type: "uint256" }],
    outputs: [],
  },
  {
    type: "function",
    name: "number",
    stateMutability: "view",
    inputs: [],
    outputs: [{ name: "", type: "uint256" }],
  },
  {
    type: "event",
    name: "Changed",
    inputs: [
      { name: "by", type: "address", indexed: true },
      { name: "number", type: "uint256", indexed: false },
    ],
  },
  { type: "error", name: "TooLarge", inputs: [{ name: "number", type: "uint256" }] },
] as const;
