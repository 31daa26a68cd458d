// Loaded into each node of a chaos run before its program: the wall clock of its JavaScript is off by what a file says.
import { readFileSync } from "node:fs";
import { clockFile } from "./clocks.ts";

const LOOK_MS = 100;

const flag = process.argv.indexOf("--data");
const folder = process.env["TRIBUTARY_CHAOS_CLOCKS"];
if (folder !== undefined && process.argv.includes("run") && flag > 0) {
  moveClock(clockFile(folder, process.argv[flag + 1] ?? ""));
}

function moveClock(file: string): void {
  const RealDate = Date;
  const now = RealDate.now.bind(RealDate);
  let offset = 0;
  const look = (): void => {
    try {
      offset = Number(readFileSync(file, "utf8")) || 0;
    } catch {
      offset = 0;
    }
  };
  look();
  setInterval(look, LOOK_MS).unref();
  const moved = () => now() + offset;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, parameters, newTarget) =>
      Reflect.construct(target, parameters.length === 0 ? [moved()] : parameters, newTarget),
    apply: () => new RealDate(moved()).toString(),
    get: (target, key, receiver) => (key === "now" ? moved : Reflect.get(target, key, receiver)),
  });
}
