import { useBlockNumber, useConnect, useConnection, useConnectors, useSwitchChain } from "wagmi";
import { chain } from "./config.ts";
import { Transfer } from "./transfer.tsx";

/** Connects a wallet, adds the chain to it, and then offers a transfer. */
export function Page() {
  const { address, chainId, isConnected } = useConnection();
  const { data: block } = useBlockNumber({ chainId: chain.id, watch: true });
  const change = useSwitchChain();
  return (
    <main>
      <h1>A transfer on {chain.name}</h1>
      <dl>
        <dt>Newest block</dt>
        <dd data-testid="block">{block?.toString() ?? "…"}</dd>
        <dt>Account</dt>
        <dd data-testid="account">{address ?? "none"}</dd>
        <dt>Wallet's chain</dt>
        <dd data-testid="chain">{chainId ?? "none"}</dd>
      </dl>
      {!isConnected && <Wallets />}
      {isConnected && chainId !== chain.id && (
        <button type="button" onClick={() => change.mutate({ chainId: chain.id })}>
          Add {chain.name}
        </button>
      )}
      {change.error !== null && <p role="alert">{change.error.message}</p>}
      {address !== undefined && chainId === chain.id && <Transfer from={address} />}
    </main>
  );
}

function Wallets() {
  const connectors = useConnectors();
  const connect = useConnect();
  return (
    <p>
      {connectors.map((connector) => (
        <button key={connector.uid} type="button" onClick={() => connect.mutate({ connector })}>
          Connect {connector.name}
        </button>
      ))}
      {connect.error !== null && <span role="alert">{connect.error.message}</span>}
    </p>
  );
}
