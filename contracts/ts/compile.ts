import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ContractsBuildError } from "./build.ts";

const require: NodeJS.Require = createRequire(import.meta.url);
const root: string = fileURLToPath(new URL("../..", import.meta.url));

type Solc = {
  compile(input: string, callbacks: { import(path: string): { contents: string } | { error: string } }): string;
};

type Code = { readonly object: string };
type Compiled = { readonly evm: { readonly bytecode: Code; readonly deployedBytecode: Code } };
type Output = {
  readonly errors?: readonly { readonly formattedMessage: string }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Compiled>>>>;
};

function readImport(path: string): { contents: string } | { error: string } {
  try {
    const file = path.startsWith("@") ? require.resolve(path) : join(root, path);
    return { contents: readFileSync(file, "utf8") };
  } catch (error) {
    return { error: String(error) };
  }
}

/** The contracts of one file, as forge compiles it with the settings of foundry.toml, but without its output folders. */
function compile(file: string): readonly (readonly [name: string, compiled: Compiled])[] {
  const source = relative(root, file).split(sep).join("/");
  const input = {
    language: "Solidity",
    sources: { [source]: { content: readFileSync(file, "utf8") } },
    settings: {
      optimizer: { enabled: true, runs: 200 },
      evmVersion: "prague",
      metadata: { bytecodeHash: "none", appendCBOR: false },
      outputSelection: { [source]: { "*": ["evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  const solc = require("solc") as Solc;
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport })) as Output;
  const found = Object.entries(output.contracts?.[source] ?? {});
  if ((output.errors ?? []).length > 0 || found.length === 0) {
    throw new ContractsBuildError((output.errors ?? []).map(({ formattedMessage }) => formattedMessage).join("\n"));
  }
  return found;
}

/**
 * Creation code, hexadecimal, of each contract that a file of contracts/test holds. Takes some seconds. Throws
 * ContractsBuildError.
 */
export function compileTestContract(file: string): ReadonlyMap<string, string> {
  return new Map(compile(join(root, "contracts/test", file)).map(([name, { evm }]) => [name, evm.bytecode.object]));
}

/**
 * Code, hexadecimal, of each contract of a file of contracts/src/chain, as it stands at its address from a chain's
 * genesis on. Takes some seconds. Throws ContractsBuildError.
 */
export function compilePredeploy(file: string): ReadonlyMap<string, string> {
  const found = compile(join(root, "contracts/src/chain", file));
  return new Map(found.map(([name, { evm }]) => [name, evm.deployedBytecode.object]));
}
