import type { FormEvent } from "react";
import { type Address, formatEther, getAddress, parseEther } from "viem";
import { useBalance, useSendTransaction, useWaitForTransactionReceipt } from "wagmi";
import { chain } from "./config.ts";

/** Sends what the form says and shows what became of it. */
export function Transfer({ from }: { readonly from: Address }) {
  const send = useSendTransaction();
  const receipt = useWaitForTransactionReceipt({ hash: send.data });
  const scopeKey = receipt.data?.transactionHash ?? "before";
  const balance = useBalance({ address: from, chainId: chain.id, scopeKey });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    send.mutate({ to: getAddress(String(form.get("to"))), value: parseEther(String(form.get("amount"))) });
  };
  return (
    <>
      <form onSubmit={submit}>
        <input name="to" aria-label="Recipient" placeholder="0x…" required />
        <input name="amount" aria-label="Amount" placeholder="0.1" required />
        <button type="submit" disabled={send.isPending || (send.data !== undefined && receipt.isLoading)}>
          Send
        </button>
      </form>
      {send.error !== null && <p role="alert">{send.error.message}</p>}
      {receipt.error !== null && <p role="alert">{receipt.error.message}</p>}
      <dl>
        <dt>Balance</dt>
        <dd data-testid="balance">{balance.data === undefined ? "…" : formatEther(balance.data.value)}</dd>
        <dt>Transaction</dt>
        <dd data-testid="hash">{send.data ?? "none"}</dd>
        <dt>Status</dt>
        <dd data-testid="status">{receipt.data?.status ?? (send.data === undefined ? "none" : "waiting")}</dd>
        <dt>Block</dt>
        <dd data-testid="mined">{receipt.data?.blockNumber.toString() ?? "none"}</dd>
      </dl>
    </>
  );
}
