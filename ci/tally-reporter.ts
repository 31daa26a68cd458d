import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Closes the run with one line of a fixed shape, "N passed, N failed", which .ci/run adds up. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      // A file that does not load has no tests, and must not pass unseen.
      if (module.errors().length > 0) count.failed += 1;
      // Nor may a group whose tests were skipped because what comes before them failed.
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) count.failed += 1;
    }
    count.failed += unhandled.length;
    const skipped = count.skipped + count.pending;
    // The default reporter prints its summary after this hook; "exit" comes after that.
    process.on("exit", () => {
      if (skipped > 0) console.log(`${skipped} skipped`);
      console.log(`${count.passed} passed, ${count.failed} failed`);
    });
  }
}
