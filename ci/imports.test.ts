import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { violations } from "./imports.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "rooms-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function plant(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

test("imports that point down pass", () => {
  plant({
    "packages/protocol/src/bytes/hex.ts": "export const x = 1;\n",
    "packages/chain/src/state/flat.ts": 'import { x } from "@tributary/protocol/bytes/hex";\nexport const y = x;\n',
  });
  expect(violations(root)).toEqual([]);
});

test("a package that imports upwards is named", () => {
  plant({
    "packages/protocol/src/bytes/hex.ts": 'import { y } from "@tributary/chain";\nexport const x = y;\n',
    "packages/chain/src/index.ts": "export const y = 1;\n",
  });
  expect(violations(root)).toEqual(["packages/protocol/src/bytes/hex.ts: protocol must not import chain"]);
});

test("a relative path into another package is seen, type-only or dynamic too", () => {
  plant({
    "packages/node/src/a.ts": 'import type { A } from "../../agents/src/a.ts";\nexport type B = A;\n',
    "packages/node/src/b.ts": 'export const load = () => import("@tributary/testkit");\n',
    "packages/agents/src/a.ts": "export type A = 1;\n",
  });
  expect(violations(root)).toEqual([
    "packages/node/src/a.ts: node must not import agents",
    "packages/node/src/b.ts: node must not import testkit",
  ]);
});

test("a cycle between rooms of one package is named once; type-only imports make none", () => {
  plant({
    "packages/chain/src/pool/a.ts": 'import { b } from "../state/b.ts";\nexport const a = b;\n',
    "packages/chain/src/state/b.ts": 'import { c } from "../store/c.ts";\nexport const b = c;\n',
    "packages/chain/src/store/c.ts": 'import { a } from "../pool/a.ts";\nexport const c = a;\n',
    "packages/node/src/rpc/a.ts": 'import type { b } from "../mesh/b.ts";\nexport type A = typeof b;\n',
    "packages/node/src/mesh/b.ts": 'import { z } from "../rpc/z.ts";\nexport const b = z;\n',
    "packages/node/src/rpc/z.ts": "export const z = 1;\n",
  });
  expect(violations(root)).toEqual(["cycle between rooms: chain/pool -> chain/state -> chain/store -> chain/pool"]);
});
