/** What the page is built with. */
interface ImportMeta {
  readonly env: {
    readonly VITE_CHAIN_ID: string;
    readonly VITE_RPC_URL: string;
    readonly VITE_WS_URL: string;
  };
}
declare module "*.css";
