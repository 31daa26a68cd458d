import { fileURLToPath } from "node:url";
import hardhatIgnitionViem from "@nomicfoundation/hardhat-ignition-viem";
import hardhatNodeTestRunner from "@nomicfoundation/hardhat-node-test-runner";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import { configVariable, defineConfig } from "hardhat/config";

export default defineConfig({
  plugins: [hardhatViem, hardhatIgnitionViem, hardhatNodeTestRunner],
  solidity: {
    version: "0.8.37",
    // The compiler as npm has it: nothing is downloaded while it compiles.
    path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
    settings: { evmVersion: "prague" },
  },
  networks: {
    tributary: {
      type: "http",
      url: configVariable("TRIBUTARY_RPC"),
      accounts: [configVariable("TRIBUTARY_KEY"), configVariable("TRIBUTARY_OTHER_KEY")],
    },
  },
});
