import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Hex } from "viem";

type Solc = { compile(input: string): string };
type Output = {
  readonly errors?: readonly { readonly formattedMessage: string }[];
  readonly contracts?: { readonly "GamePlays.sol": { readonly GamePlays: Compiled } };
};
type Compiled = { readonly evm: { readonly bytecode: { readonly object: string } } };

/** The creation code of the example's contract. Takes a second or two. */
export function compileGame(): Hex {
  const solc = createRequire(import.meta.url)("solc") as Solc;
  const input = {
    language: "Solidity",
    sources: { "GamePlays.sol": { content: readFileSync(new URL("GamePlays.sol", import.meta.url), "utf8") } },
    settings: { evmVersion: "prague", outputSelection: { "*": { "*": ["evm.bytecode.object"] } } },
  };
  const { contracts, errors = [] } = JSON.parse(solc.compile(JSON.stringify(input))) as Output;
  const code = contracts?.["GamePlays.sol"].GamePlays.evm.bytecode.object;
  if (code === undefined) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join("\n"));
  return `0x${code}`;
}
