export type { Call, Job, JobFailure, JobState, Receipt } from "./job.ts";
export { LocalSigner, mnemonicSigners } from "./keys/local-signer.ts";
export type { SignatureParts, Signer } from "./keys/signer.ts";
export type { SpendingLimit } from "./pool/allowance.ts";
export type { Alert, SigningPoolOptions } from "./pool/options.ts";
export type { SubmitOptions, TransactionRequest } from "./pool/request.ts";
export type { RouteLimits } from "./pool/route-book.ts";
export {
  createSigningPool,
  JobFailed,
  type PoolStatus,
  type SignerStatus,
  type SigningPool,
} from "./pool/signing-pool.ts";
export { PoolError, type PoolErrorCode } from "./pool-error.ts";
export { expressHandler, fastifyHandler, type Intent } from "./server/adaptors.ts";
export { AuthorityServer, type AuthorityServerOptions } from "./server/authority-server.ts";
export type { CallerConfig, Rights } from "./server/callers.ts";
export type { GasQuota } from "./server/gas-quota.ts";
export type { LoginConfig } from "./server/login/users.ts";
export { PoolMetrics } from "./server/pool-metrics.ts";
export type { Rate } from "./server/token-bucket.ts";
export { webhookSecret, webhookSignature } from "./server/webhooks/webhook-sender.ts";
export { JobStore } from "./store/job-store.ts";
