export { NodeError, type NodeErrorCode } from "./fault/node-error.ts";
export { CheckpointBook, type CheckpointLookup } from "./host/checkpoint-book.ts";
export { type MemberFailure, NodeHost } from "./host/node-host.ts";
export { type NodeConfig, NodeProcess } from "./node.ts";
export { FileVault } from "./vault/file-vault.ts";
export { type PasswordSource, readPassword } from "./vault/password.ts";
