import { resolve } from "node:path";
import { violations } from "./imports.ts";

const found = violations(resolve(import.meta.dirname, ".."));
for (const line of found) console.error(line);
console.log(found.length === 0 ? "rooms: imports point down, no cycles" : `rooms: ${found.length} violations`);
process.exitCode = found.length === 0 ? 0 : 1;
