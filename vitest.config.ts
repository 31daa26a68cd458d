import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "contracts/ts/**/*.test.ts", "ci/**/*.test.ts"],
          exclude: ["**/*.e2e.test.ts"],
          testTimeout: 60_000,
          // By default one processor is left idle, which is half of a small machine.
          maxWorkers: "100%",
          // Modules are loaded once a process instead of once a file: a tenth of the time of `npm test`.
          isolate: false,
        },
      },
      {
        extends: true,
        // Real processes on loopback, which mostly wait: two files at a time, whatever the machine, and no unit tests beside
        // them, so that they do not starve each other of the processors.
        test: {
          name: "e2e",
          include: ["e2e/**/*.e2e.test.ts", "packages/*/src/**/*.e2e.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        // Many processes or long waits: run by .ci/run and on demand, not by `npm test`. Who runs them says how many files
        // at a time: those that measure, or fill the machine, want it for themselves.
        test: {
          name: "long",
          include: ["e2e/**/*.long.test.ts"],
          testTimeout: 400_000,
          hookTimeout: 300_000,
        },
      },
    ],
    pool: "forks",
    reporters: ["default", "./ci/tally-reporter.ts"],
  },
});

export default config;
