// Test support: vectors written as a Solidity library, formatted as forge fmt leaves them.

import { toHex } from "../bytes/index.ts";

export class VectorFile {
  readonly #lines: string[] = [];

  bytes(name: string, value: Uint8Array): void {
    this.#assign("    ", `bytes internal constant ${name}`, value);
  }

  word(name: string, value: Uint8Array): void {
    this.#lines.push(`    bytes32 internal constant ${name} = ${toHex(value)};`);
  }

  list(name: string, values: readonly Uint8Array[]): void {
    this.#lines.push("", `    function ${name}() internal pure returns (bytes[] memory list) {`);
    this.#lines.push(`        list = new bytes[](${values.length});`);
    for (const [i, value] of values.entries()) this.#assign("        ", `list[${i}]`, value);
    this.#lines.push("    }");
  }

  /** The whole file. `comment` stands over the library. */
  text(library: string, comment: string): string {
    return [
      "// SPDX-License-Identifier: Apache-2.0",
      "pragma solidity ^0.8.30;",
      "",
      `/// ${comment}`,
      `library ${library} {`,
      ...this.#lines,
      "}",
      "",
    ].join("\n");
  }

  /** An assignment, broken where forge fmt breaks it: past 120 columns before the semicolon. */
  #assign(indent: string, left: string, value: Uint8Array): void {
    const literal = `hex"${toHex(value).slice(2)}";`;
    const line = `${indent}${left} = ${literal}`;
    if (line.length - 1 <= 120) this.#lines.push(line);
    else this.#lines.push(`${indent}${left} =`, `${indent}    ${literal}`);
  }
}
