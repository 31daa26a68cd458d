import { KeygenAgent, type KeygenOptions, type KeygenState } from "@tributary/agents/keygen/keygen-agent";
import { FileVault } from "@tributary/node/vault/file-vault";
import { uint } from "@tributary/protocol/bytes/bytes";
import { toHex } from "@tributary/protocol/bytes/hex";
import { keccak256 } from "@tributary/protocol/crypto/keccak";
import { sumCommitments } from "@tributary/protocol/keygen/fresh-key";
import { Random } from "../agreement/random.ts";
import { BadDisk, type Life } from "./bad-disk.ts";
import { codeOf } from "./crash-member.ts";
import type { CrashReport, Strike } from "./crash-run.ts";
import { KeygenWorld } from "./keygen-world.ts";

const MEMBERS = 4;
const MAX_ROUNDS = 80;
const MAX_FAILURES = 3;
const PATH = "/vault/keystore.json";
const password = new TextEncoder().encode("a password");
const none = (): void => undefined;
const logger: KeygenOptions["logger"] = { debug: none, info: none, warn: none, error: none };

export type KeygenRunOptions = { readonly seed: number; readonly strike?: Strike };

/** Vaults of the healthy nodes: they serve many runs, each with a group of its own. */
export async function healthyVaults(): Promise<readonly FileVault[]> {
  const life: Life = { alive: () => true, stop: none, later: (run) => setImmediate(run) };
  const disks = Array.from({ length: MEMBERS - 1 }, () => new BadDisk(new Random(1)));
  return Promise.all(disks.map((disk) => FileVault.create(PATH, password, disk.folder("vault", life))));
}

/** One process of a node in a key generation. */
type Node = { readonly vault: FileVault; readonly agent: KeygenAgent };

let groups = 0;

/** One key generation of four nodes, one of them with its keystore on a bad disk. */
export class KeygenRun {
  readonly #options: KeygenRunOptions;
  readonly #world: KeygenWorld;
  readonly #disk: BadDisk;
  readonly #seat: number;
  readonly #others = new Map<number, Node>();
  #victim: Node | undefined;
  #life = 0;
  #stopped: () => void = none;
  #sends = 0;
  #crashes = 0;
  #downs = 0;
  #failures: string[] = [];
  #failure: string | undefined;

  constructor(options: KeygenRunOptions, healthy: readonly FileVault[]) {
    this.#options = options;
    this.#world = new KeygenWorld(toHex(keccak256(uint(groups++, 4))), MEMBERS);
    const { seed, strike } = options;
    this.#disk = new BadDisk(new Random(seed + 1_000_003 * (strike?.point.index ?? 0)));
    this.#seat = new Random(seed).below(MEMBERS);
    const seats = [...Array(MEMBERS).keys()].filter((seat) => seat !== this.#seat);
    for (const [index, seat] of seats.entries()) {
      const vault = healthy[index] as FileVault;
      const calls = this.#world.calls(seat);
      this.#others.set(seat, {
        vault,
        agent: new KeygenAgent({ vault, board: this.#world.board(seat), calls, logger }),
      });
      this.#world.register(seat, vault);
    }
    if (strike?.point.at === "operation") this.#disk.faults.set(strike.point.index, strike.fault);
  }

  async play(): Promise<CrashReport> {
    let rounds = 0;
    while (this.#failure === undefined && !(this.#world.done && this.#struck())) {
      rounds += 1;
      if (rounds > MAX_ROUNDS) this.#failure = `no end: said ${this.#failures.join(", ")}`;
      for (let seat = 0; seat < MEMBERS; seat++) await this.#turn(seat);
      this.#world.mine();
      this.#failure ??= this.#world.contradiction;
    }
    const operations = this.#disk.operations.slice();
    if (this.#failure === undefined) await this.#keeps();
    const [sends, crashes, failures] = [this.#sends, this.#crashes, this.#failures];
    return { failure: this.#failure, operations, sends, crashes, failures, height: 0, steps: rounds };
  }

  /** A fault at the last message may come after the key is there. A disk that is full after the last write hurts nobody. */
  #struck(): boolean {
    const kind = this.#options.strike?.fault.kind;
    return kind === undefined || kind === "short" || kind === "full" || this.#downs > 0;
  }

  async #turn(seat: number): Promise<void> {
    const other = this.#others.get(seat);
    if (other !== undefined) return this.#act(other);
    const stopped = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    await Promise.race([stopped, this.#live().catch((error: unknown) => this.#refused(error))]);
  }

  /** One turn of the victim, from its start if it is down. */
  async #live(): Promise<void> {
    this.#victim ??= await this.#start();
    await this.#act(this.#victim);
  }

  async #start(): Promise<Node> {
    const number = this.#life;
    const life: Life = {
      alive: () => this.#life === number,
      stop: () => this.#crash(),
      later: (run) => setImmediate(() => (this.#life === number ? run() : undefined)),
    };
    const files = this.#disk.folder("vault", life);
    const vault = files.list().includes("keystore.json")
      ? await FileVault.open(PATH, password, files)
      : await FileVault.create(PATH, password, files);
    const { calls, board } = this.#witnessed(life);
    this.#world.register(this.#seat, vault);
    this.#sent(life);
    if (!life.alive()) return new Promise(none);
    return { vault, agent: new KeygenAgent({ vault, board, calls, logger }) };
  }

  async #act({ agent }: Node): Promise<void> {
    let state: KeygenState = agent.initial;
    for (const fact of this.#world.facts) state = agent.reduce(state, fact);
    const head = { number: this.#world.block, hash: "0x" as const, timestamp: 1n };
    for (const action of agent.nextActions(state, { head, clock: 0 })) {
      await agent.act(action, new AbortController().signal);
    }
  }

  /** The victim's calls and READY, each of them a point to crash at: it is out, and nobody said so. */
  #witnessed(life: Life): Pick<KeygenOptions, "calls" | "board"> {
    const calls = this.#world.calls(this.#seat);
    const board = this.#world.board(this.#seat);
    const out = async <T>(send: () => Promise<T>): Promise<T> => {
      if (!life.alive()) return new Promise(none);
      const result = await send();
      this.#sent(life);
      return life.alive() ? result : new Promise(none);
    };
    return {
      calls: {
        ...calls,
        acceptSeat: (chain, key, proof, name) => out(() => calls.acceptSeat(chain, key, proof, name)),
        deal: (chain, dealing, name) => out(() => calls.deal(chain, dealing, name)),
        ready: (chain, call, name) => out(() => calls.ready(chain, call, name)),
      },
      board: {
        ...board,
        publish: (chain, entry) => {
          if (!life.alive()) return;
          board.publish(chain, entry);
          this.#sent(life);
        },
      },
    };
  }

  #sent(life: Life): void {
    if (!life.alive()) return;
    const { strike } = this.#options;
    const index = this.#sends++;
    if (strike?.point.at === "send" && strike.point.index === index) this.#crash();
  }

  #crash(): void {
    this.#end();
    this.#crashes += 1;
    this.#disk.crash(this.#downs === 0 ? (this.#options.strike?.loss ?? "lost") : "lost");
    this.#down();
    this.#stopped();
  }

  /** The vault said that it cannot: the agent asks it again later. A process that could not even start is started again. */
  #refused(error: unknown): void {
    this.#failures.push(codeOf(error));
    if (this.#failures.length > MAX_FAILURES || this.#options.strike === undefined) {
      this.#failure = `does not go on: ${this.#failures.join(", ")}`;
    }
    if (this.#victim === undefined) this.#end();
    this.#disk.makeRoom();
    this.#down();
  }

  #end(): void {
    this.#life += 1;
    this.#victim = undefined;
    this.#world.withdraw(this.#seat);
  }

  #down(): void {
    const again = this.#options.strike?.again;
    this.#downs += 1;
    if (this.#downs > 1 || again === undefined) return;
    this.#disk.faults.set(this.#disk.operations.length + again, { kind: "stop", when: "before" });
  }

  /** After power loss the victim still has the share that the group's key needs. */
  async #keeps(): Promise<void> {
    this.#end();
    this.#disk.crash("lost");
    this.#disk.faults.clear();
    const life: Life = { alive: () => true, stop: none, later: (run) => setImmediate(run) };
    const keys = sumCommitments(this.#world.dealings(), MEMBERS);
    const shareKey = keys?.shareKeys[this.#seat] ?? new Uint8Array(0);
    try {
      const vault = await FileVault.open(PATH, password, this.#disk.folder("vault", life));
      vault.signer(this.#world.slot, this.#seat, shareKey);
    } catch (error) {
      this.#failure = `the share is gone: ${codeOf(error)}`;
    }
  }
}
