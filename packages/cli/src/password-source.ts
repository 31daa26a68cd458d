import type { PasswordSource } from "@tributary/node/vault/password";
import { CliError } from "./cli-error.ts";

export type PasswordOptions = { readonly passwordFile?: string; readonly passwordFd?: number };

/** Where the options say that the password is. */
export function passwordSource(options: PasswordOptions): PasswordSource {
  if (options.passwordFile !== undefined) return { file: options.passwordFile };
  if (options.passwordFd !== undefined) return { descriptor: options.passwordFd };
  throw new CliError("PASSWORD_MISSING", "name the password's source: --password-file or --password-fd");
}
