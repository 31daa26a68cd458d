import { JobFailed, PoolError, type SigningPool } from "@tributary/authority";
import Fastify, { type FastifyInstance } from "fastify";
import { type Abi, isAddress, parseAbi } from "viem";

export const gameAbi: Abi = parseAbi([
  "constructor(address[] signers)",
  "function logPlay(uint256 gameId, address player)",
  "function total() view returns (uint256)",
  "error NotAuthorised(address caller)",
  "error NoGame()",
]);

type Play = { readonly gameId?: unknown; readonly userWalletAddress?: unknown };

/** A game's backend: whoever calls `POST /games/play` has the play logged on the chain, once. */
export function gameBackend(pool: SigningPool, game: `0x${string}`): FastifyInstance {
  const app = Fastify({ bodyLimit: 1_024 });
  app.post("/games/play", async (request, reply) => {
    const { gameId, userWalletAddress: player } = (request.body ?? {}) as Play;
    if (typeof gameId !== "number" || !Number.isSafeInteger(gameId) || gameId < 0 || typeof player !== "string") {
      return await reply.code(400).send({ error: "gameId and userWalletAddress" });
    }
    if (!isAddress(player, { strict: false })) return await reply.code(400).send({ error: "userWalletAddress" });
    try {
      const call = { to: game, abi: gameAbi, functionName: "logPlay", args: [BigInt(gameId), player] };
      // A player who asks again, since the answer was lost, has played once.
      const receipt = await pool.send(call, { idempotencyKey: `play/${gameId}/${player.toLowerCase()}` });
      return { status: "Event Logged", hash: receipt.hash };
    } catch (error) {
      if (error instanceof JobFailed) return await reply.code(422).send({ error: error.message });
      if (error instanceof PoolError && error.code === "QUEUE_FULL") {
        return await reply.code(503).header("retry-after", 1).send({ error: "busy" });
      }
      throw error;
    }
  });
  return app;
}
