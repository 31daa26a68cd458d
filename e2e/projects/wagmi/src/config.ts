import { defineChain } from "viem";
import { createConfig, fallback, http, webSocket } from "wagmi";

const { VITE_CHAIN_ID, VITE_RPC_URL, VITE_WS_URL } = import.meta.env;

export const chain = defineChain({
  id: Number(VITE_CHAIN_ID),
  name: "Tributary devnet",
  nativeCurrency: { name: "Test", symbol: "TEST", decimals: 18 },
  rpcUrls: { default: { http: [VITE_RPC_URL], webSocket: [VITE_WS_URL] } },
});

export const config = createConfig({
  chains: [chain],
  transports: { [chain.id]: fallback([webSocket(VITE_WS_URL), http(VITE_RPC_URL)]) },
  pollingInterval: 250,
});

declare module "wagmi" {
  interface Register {
    config: typeof config;
  }
}
