// npm run bench -- NAME [--json]: figures go to stdout, progress to stderr.
import { parseArgs } from "node:util";
import { count, counts } from "../arguments.ts";
import { openBenchRoom } from "./bench-room.ts";
import { benchChain } from "./chain.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    members: { type: "string", default: "4" },
    seconds: { type: "string" },
    "warm-up": { type: "string", default: "20" },
    signers: { type: "string", default: "1,4,16,64" },
    chains: { type: "string", default: "anvil,devnet" },
    samples: { type: "string", default: "200" },
    rounds: { type: "string" },
    accounts: { type: "string" },
    blocks: { type: "string", default: "10000" },
    calls: { type: "string", default: "5000" },
    transactions: { type: "string", default: "1500" },
    sockets: { type: "string", default: "10000" },
    units: { type: "string", default: "1500" },
    minutes: { type: "string", default: "30" },
    seed: { type: "string" },
    folder: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const usage = `npm run bench -- chain [--members N] [--seconds S] [--warm-up S] [--samples K] [--json]
npm run bench -- evm [--rounds N] [--seed N] [--json]
npm run bench -- authority [--chains anvil,devnet] [--signers N,N] [--seconds S] [--json]
npm run bench -- authority-trouble [--seconds S] [--json]
npm run bench -- rpc [--seconds S] [--json]
npm run bench -- rpc-load [--seconds S] [--calls N] [--transactions N] [--sockets N] [--units N] [--json]
npm run bench -- state [--accounts N,N,N] [--rounds N] [--seed N] [--json]
npm run bench -- join [--accounts N] [--blocks N] [--folder PATH] [--json]
npm run bench -- rotation [--members N] [--rounds N] [--json]
npm run bench -- soak [--minutes N] [--json]
npm run bench -- wan [--members N] [--samples K] [--seed N] [--json]

chain: transfers a second, finality, and what an idle node needs, on a devnet of real processes
  --members   members of the chain, each a process (1, 4, 7 or 16; default 4)
  --seconds   length of the full load (default 30)
  --warm-up   seconds of the same load before, which do not count: code of a new process is slow (default 20)
  --samples   transfers at one a second whose finality is measured (default 200)

evm: speed of this EVM, of @ethereumjs/evm and of anvil on the same generated code; 1 at the end if their results differ
  --rounds    runs of each kernel in each engine, in turn (default 5)
  --seed      of the generated code (default: another one each time)

authority: requests a second of a backend, end to end: a naive controller, a queue, and the pool of signers
  --chains    anvil (a block a second), devnet (4 members), or both (default)
  --signers   sizes of the pool, at most 64 (default 1,4,16,64)
  --seconds   of each measurement (default 10)

authority-trouble: what the pool makes of a drained signer, a key used from outside, a pause, and a price spike
  --seconds   of the pause (default 60)

rpc: what JSON-RPC methods cost one member of a devnet, over HTTP, alone and in batches
  --seconds   of each measurement (default 2)

rpc-load: more JSON-RPC than a devnet of 4 members takes: heights, refusals, latencies; then idle WebSockets
  --seconds   of the load, and of the quiet time it is compared with (default 20)
  --calls, --transactions   a second, in batches (default 5000 and 1500)
  --sockets   idle WebSockets to one node (default 10000)
  --units     of each node's request budget a second (default 1500)

state: execution of a block of 5,000 token transfers on LevelDB, as the state grows
  --accounts  of the states, ascending, in thousands (default 10000,100000,1000000)
  --rounds    blocks for each state, in new processes (default 3)
  --seed      of senders and recipients (default: another one each time)

join: time for an empty member to join a chain under load, with a member that serves bad buckets and a kill -9 in the
  middle, until it is at the head; 1 at the end if anything is not as it should be
  --accounts  of the genesis (default 1000000)
  --blocks    made by consensus, of a committee of one, before all members take over and it begins (default 10000)
  --folder    where the chain stays, so that the next run need not make it (default: nowhere)

rotation: members leave a chain one after the other, beside 20 transfers a second: how long each change takes, and the
  longest time without a block; 1 at the end if a block is not certified by the first key or a transfer is lost
  --members   of the chain (4, 7 or 16), of two more nodes
  --rounds    members that leave (default 2)

soak: a devnet of 4 under steady load: heap after a collection, open files, memory and disk of each node every 15
  seconds, and how they grow after the fifth minute (of a shorter run: in its second half); two of the nodes prune
  --minutes   of load (default 30; 1 at least)

wan: finality on a devnet in namespaces of its own, first on loopback, then with 60 ms one way and 1 % loss on all links
  --members   of the chain (4, 7 or 16; 7 is what the target names)
  --samples   transfers at one a second whose finality is measured (default 200)

  --json      print one JSON object on one line`;

const progress = (line: string): void => console.error(line);

function seed(): number {
  return values.seed === undefined ? Math.ceil(Math.random() * 2 ** 31) : count(values.seed, "seed");
}

/** What the name stands for; loaded only then. */
async function bench(name: string | undefined): Promise<unknown> {
  switch (name) {
    case "chain":
      return benchChain({
        members: count(values.members, "members"),
        seconds: count(values.seconds ?? "30", "seconds"),
        warmUp: count(values["warm-up"], "warm-up"),
        samples: count(values.samples, "samples"),
        progress,
      });
    case "evm": {
      const { benchEvm } = await import("./evm/bench-evm.ts");
      return benchEvm({ seed: seed(), rounds: count(values.rounds ?? "5", "rounds"), progress });
    }
    case "authority": {
      const { benchAuthority } = await import("./authority/bench-authority.ts");
      const chains = values.chains.split(",").filter((name) => name === "anvil" || name === "devnet");
      if (chains.length === 0) return undefined;
      const signers = counts(values.signers, "signers");
      if (signers.some((size) => size > 64)) return undefined;
      return benchAuthority({ signers, seconds: count(values.seconds ?? "10", "seconds"), chains, progress });
    }
    case "authority-trouble": {
      const { authorityTrouble } = await import("./authority/trouble.ts");
      return authorityTrouble({ pauseSeconds: count(values.seconds ?? "60", "seconds"), progress });
    }
    case "rpc": {
      const { benchRpc } = await import("./rpc/bench-rpc.ts");
      return benchRpc({ seconds: count(values.seconds ?? "2", "seconds"), progress });
    }
    case "rpc-load": {
      const { benchRpcLoad } = await import("./rpc-load/bench-rpc-load.ts");
      return benchRpcLoad({
        calls: count(values.calls, "calls"),
        transactions: count(values.transactions, "transactions"),
        seconds: count(values.seconds ?? "20", "seconds"),
        sockets: count(values.sockets, "sockets"),
        units: count(values.units, "units"),
        progress,
      });
    }
    case "state": {
      const { benchState } = await import("./state/bench-state.ts");
      const accounts = counts(values.accounts ?? "10000,100000,1000000", "accounts");
      if (accounts.some((size, i) => size % 1000 !== 0 || size < 5000 || size <= (accounts[i - 1] ?? 0))) {
        console.error("--accounts: ascending thousands from 5000 on are wanted");
        return undefined;
      }
      return benchState({ accounts, seed: seed(), rounds: count(values.rounds ?? "3", "rounds"), progress });
    }
    case "join": {
      const { benchJoin } = await import("./join/bench-join.ts");
      const accounts = count(values.accounts ?? "1000000", "accounts");
      const joined = await benchJoin({
        accounts,
        blocks: count(values.blocks, "blocks"),
        folder: values.folder,
        progress,
      });
      if (joined.wrong.length > 0) process.exitCode = 1;
      return joined;
    }
    case "rotation": {
      const { benchRotation } = await import("./rotation.ts");
      const rotations = count(values.rounds ?? "2", "rounds");
      const figures = await benchRotation({ members: count(values.members, "members"), rotations, progress });
      if (figures.wrong.length > 0) process.exitCode = 1;
      return figures;
    }
    case "soak": {
      const { benchSoak } = await import("./soak/bench-soak.ts");
      return benchSoak({ minutes: count(values.minutes, "minutes"), progress });
    }
    case "wan": {
      const { wanInSandbox } = await import("./wan/main.ts");
      const samples = count(values.samples, "samples");
      return process.exit(await wanInSandbox(count(values.members, "members"), samples, seed(), values.json));
    }
    default:
      return undefined;
  }
}

/** Figures of engines that computed different things would mislead. */
async function run(): Promise<unknown> {
  try {
    return await bench(positionals[0]);
  } catch (error) {
    if (!(error instanceof Error && error.name === "Disagreement")) throw error;
    console.error(`engines disagree: ${error.message}`);
    process.exit(1);
  }
}

// A sandbox ends with all that is in it by itself.
if (!values.help && positionals[0] !== "wan") openBenchRoom(progress);
const figures = values.help ? undefined : await run();
if (figures === undefined) {
  console.error(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  console.log(values.json ? JSON.stringify(figures) : JSON.stringify(figures, undefined, 2));
}
