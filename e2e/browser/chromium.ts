import { type Browser, chromium } from "playwright-core";
import { findProgram } from "./find-program.ts";

/** Debian's Chromium without a window. Throws where it is not installed. */
export async function startChromium(): Promise<Browser> {
  const executablePath = findProgram("chromium");
  if (executablePath === undefined) throw new Error("Debian's package chromium is not installed");
  return await chromium.launch({ executablePath });
}
