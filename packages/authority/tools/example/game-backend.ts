import { fastifyHandler, type Intent, PoolError, type SigningPool } from "@tributary/authority";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { type Abi, isAddress, parseAbi } from "viem";

export const gameAbi: Abi = parseAbi([
  "constructor(address[] signers)",
  "function logPlay(uint256 gameId, address player)",
  "function total() view returns (uint256)",
  "error NotAuthorised(address caller)",
  "error NoGame()",
]);

type Play = { readonly gameId?: unknown; readonly userWalletAddress?: unknown };

/** What a play is on the chain. A player who asks again, since the answer was lost, has played once. */
function playOf(body: unknown, game: `0x${string}`): ReturnType<Intent<unknown>> {
  const { gameId, userWalletAddress: player } = (body ?? {}) as Play;
  if (typeof gameId !== "number" || !Number.isSafeInteger(gameId) || gameId < 0) {
    throw new PoolError("BAD_REQUEST", "gameId is no whole number");
  }
  if (typeof player !== "string" || !isAddress(player, { strict: false })) {
    throw new PoolError("BAD_REQUEST", "userWalletAddress is no address");
  }
  const call = { to: game, abi: gameAbi, functionName: "logPlay", args: [BigInt(gameId), player] };
  return { call, options: { idempotencyKey: `play/${gameId}/${player.toLowerCase()}` } };
}

/** A game's backend: whoever calls `POST /games/play` has the play logged on the chain, once. */
export function gameBackend(pool: SigningPool, game: `0x${string}`): FastifyInstance {
  const app = Fastify({ bodyLimit: 1_024 });
  app.post(
    "/games/play",
    fastifyHandler(pool, ({ body }: FastifyRequest) => playOf(body, game)),
  );
  return app;
}
