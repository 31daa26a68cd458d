/** What can go wrong with a node's files, keys and ports. Callers branch on the code, never on the text. */
export type NodeErrorCode =
  /** The member was in an epoch already of which the mainchain, as read so far, does not tell yet. */
  | "epoch-unknown"
  /** An input log or slot journal has a hole or bad bytes before its end. */
  | "log-damaged"
  /** An input log or slot journal holds what another version wrote. */
  | "log-format"
  /** A log cannot be written: disk full, I/O error. What was not flushed may be lost; the member must stop. */
  | "log-failed"
  /** LevelDB of the containers cannot be opened or a record in it does not check. */
  | "store-damaged"
  /** The disk is full; nothing that was there is lost. */
  | "store-full"
  | "store-locked"
  /** The folder holds another on-disk format. */
  | "store-format"
  | "store-failed"
  /** The keystore does not open: the password is wrong (or the ciphertext was changed, which looks the same). */
  | "vault-password"
  /** The keystore is not one: cut or garbled. */
  | "vault-damaged"
  /** Another version wrote the keystore. */
  | "vault-format"
  | "vault-exists"
  | "vault-missing"
  | "vault-failed"
  /** No usable share for this key: not generated here, or not the one that the mainchain recorded. */
  | "vault-share"
  /** The vault is another process, and no connection to it. */
  | "vault-away"
  /** The vault has another value for the slot, or its height is closed. */
  | "vault-refused"
  /** The seat is not this connection's: not attached, or by another node since. */
  | "vault-session"
  /** What the vault's other end sent is not of its protocol. */
  | "vault-protocol"
  /** The only member of a chain signed before, and neither its slot journal nor what it served is there. */
  | "journal-missing"
  /** Another process runs on the data folder. */
  | "data-locked"
  /** The port is taken, or the address is not this machine's. */
  | "port-taken"
  | "config"
  | "closed";

/** An operational failure of a node process. */
export class NodeError extends Error {
  readonly code: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NodeError";
    this.code = code;
  }
}
