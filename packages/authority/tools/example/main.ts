// The example in one command: a chain (anvil), the game's contract, its backend, and a thousand players at once.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSigningPool, mnemonicSigners } from "@tributary/authority";
import { Anvil, MNEMONIC } from "@tributary/authority/anvil.fixture";
import { concatHex, encodeAbiParameters, encodeFunctionData, type Hex, numberToHex, pad } from "viem";
import { compileGame } from "./compile-game.ts";
import { gameAbi, gameBackend } from "./game-backend.ts";

const PLAYERS = 1_000;
const SIGNERS = 16;

const folder = mkdtempSync(join(tmpdir(), "game-"));
const anvil = await Anvil.start("--block-time", "1", "--accounts", String(SIGNERS));
const pool = await createSigningPool({
  mnemonic: MNEMONIC,
  rpcUrl: anvil.rpc,
  size: SIGNERS,
  store: join(folder, "jobs.db"),
  confirmations: 1,
  pollMs: 100,
});
try {
  const keyAt = mnemonicSigners(MNEMONIC);
  const signers = Array.from({ length: SIGNERS }, (_, index) => keyAt(index).address);
  const authorities = encodeAbiParameters([{ type: "address[]" }], [signers]);
  const { contractAddress: game } = await pool.send({ data: concatHex([compileGame(), authorities]) });
  if (game === undefined) throw new Error("the contract was not created");
  const app = gameBackend(pool, game);
  const url = await app.listen({ host: "127.0.0.1", port: 0, backlog: 4_096 });

  const times: number[] = [];
  const play = async (player: number): Promise<boolean> => {
    const start = performance.now();
    const response = await fetch(`${url}/games/play`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ gameId: 7, userWalletAddress: pad(numberToHex(player + 1), { size: 20 }) }),
    });
    await response.text();
    times.push(performance.now() - start);
    return response.status === 200;
  };
  const start = performance.now();
  // Every tenth player asks twice.
  const asked = Array.from({ length: PLAYERS }, (_, index) => index).flatMap((i) => (i % 10 === 0 ? [i, i] : [i]));
  const answers = await Promise.all(asked.map(play));
  const seconds = (performance.now() - start) / 1_000;
  await app.close();

  const data = encodeFunctionData({ abi: gameAbi, functionName: "total" });
  const total = Number((await anvil.call("eth_call", { to: game, data }, "latest")) as Hex);
  times.sort((left, right) => left - right);
  const percentile = (share: number): number => Math.round(times[Math.floor(share * (times.length - 1))] ?? 0);
  const failures = answers.filter((good) => !good).length;
  const result = {
    players: PLAYERS,
    requests: asked.length,
    failures,
    playsOnChain: total,
    seconds: Number(seconds.toFixed(2)),
    playsPerSecond: Math.round(PLAYERS / seconds),
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (failures > 0 || total !== PLAYERS) process.exitCode = 1;
} finally {
  await pool.close();
  await anvil.stop();
  rmSync(folder, { recursive: true, force: true });
}
