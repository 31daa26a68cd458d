import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { WagmiProvider } from "wagmi";
import { config } from "./config.ts";
import { Page } from "./page.tsx";

const element = document.getElementById("page");
if (element === null) throw new Error("the page has no element for it");
createRoot(element).render(
  <StrictMode>
    <WagmiProvider config={config}>
      <QueryClientProvider client={new QueryClient()}>
        <Page />
      </QueryClientProvider>
    </WagmiProvider>
  </StrictMode>,
);
