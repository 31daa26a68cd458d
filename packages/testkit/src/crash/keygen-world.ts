import type { KeygenOptions } from "@tributary/agents/keygen/keygen-agent";
import type { MainchainEvent } from "@tributary/agents/mainchain/events";
import type { SendResult } from "@tributary/agents/mainchain/sender";
import type { MainchainFact } from "@tributary/agents/mainchain/watcher";
import { toHex } from "@tributary/protocol/bytes/hex";
import type { HexHash } from "@tributary/protocol/consensus/types";
import { seatBitmap } from "@tributary/protocol/keygen/ready";
import type { KeySlot, KeyVault } from "@tributary/protocol/ports/key-vault";
import type { ReadyBoard, ReadyEntry } from "@tributary/protocol/ports/ready-board";

const CHAIN = 7n;
/** Mainchain seconds at which every window ends: nobody is late in these runs. */
const NEVER = 1n << 40n;
const ZERO: `0x${string}` = `0x${"00".repeat(32)}`;

/**
 * The mainchain of one key generation of honest nodes, with a memory for all that they ever said in it: one value each
 * for a node's identity, its encryption key, its dealing and its READY.
 */
export class KeygenWorld {
  readonly slot: KeySlot;
  readonly #members: number;
  readonly #facts: MainchainFact<MainchainEvent>[] = [];
  readonly #said = new Map<string, string>();
  readonly #board = new Map<number, ReadyEntry>();
  /** A second value for something. */
  contradiction: string | undefined;
  #mempool: { readonly effect: () => void; readonly since: bigint }[] = [];
  block = 1n;

  constructor(group: HexHash, members: number) {
    this.slot = { group, era: 0, epoch: 1 };
    this.#members = members;
  }

  get facts(): readonly MainchainFact<MainchainEvent>[] {
    return this.#facts;
  }

  get done(): boolean {
    return this.#facts.at(-1)?.event.name === "KeyGenerated";
  }

  /** The next block: what was sent before the newest one is in it, so that a node sees itself waiting and sends again. */
  mine(): void {
    const mined = this.#mempool.filter(({ since }) => since < this.block);
    this.#mempool = this.#mempool.filter(({ since }) => since >= this.block);
    this.block += 1n;
    for (const { effect } of mined) effect();
  }

  /** Dealings by seat. */
  dealings(): { readonly dealer: number; readonly dealing: Uint8Array }[] {
    return this.#seats("dealing").map((dealer) => {
      const hex = this.#said.get(`dealing ${dealer}`) ?? "0x";
      return { dealer, dealing: Uint8Array.from(Buffer.from(hex.slice(2), "hex")) };
    });
  }

  register(seat: number, { nodeAddress, blsKey, transportKey }: KeyVault): void {
    const fresh = this.#say(`identity ${seat}`, `${nodeAddress} ${toHex(blsKey)}`);
    if (!fresh) return;
    const rpc = rpcOf(seat);
    this.#tell({
      name: "NodeRegistered",
      nodeId: seat + 1,
      validatorId: 1,
      nodeAddress,
      endpoint: rpc,
      rpc,
      transportKey: toHex(transportKey),
      blsKey: toHex(blsKey),
    });
    if (this.#seats("identity").length < this.#members) return;
    const nodeIds = Array.from({ length: this.#members }, (_, other) => other + 1);
    this.#tell({ name: "KeyGenerationBegun", ...this.#name(), group: this.slot.group, nodeIds, acceptUntil: NEVER });
  }

  /** What the node in `seat` sends to the contract. */
  calls(seat: number): KeygenOptions["calls"] {
    const all = seatBitmap(Array(this.#members).keys());
    const refused = async (): Promise<SendResult> => ({ kind: "reverted", reason: "nobody is late or cheats here" });
    return {
      acceptSeat: async (_chain, key) =>
        this.#send(`key ${seat}`, toHex(key), () => {
          this.#tell({ name: "SeatAccepted", ...this.#name(), seat, key: toHex(key) });
          if (this.#full("SeatAccepted")) {
            this.#tell({ name: "DealingOpened", ...this.#name(), accepted: all, until: NEVER });
          }
        }),
      deal: async (_chain, dealing) =>
        this.#send(`dealing ${seat}`, toHex(dealing), () => {
          this.#tell({ name: "Dealt", ...this.#name(), seat, dealing: toHex(dealing) });
          if (this.#full("Dealt")) {
            this.#tell({ name: "DealingClosed", ...this.#name(), dealers: all, complaintsUntil: NEVER });
          }
        }),
      ready: async (_chain, { groupKey, keysHash, signers }) =>
        this.#send("ready", toHex(groupKey), () => {
          const hashes = { keysHash: toHex(keysHash), committee: ZERO };
          const key = toHex(groupKey);
          this.#tell({ name: "KeyGenerated", ...this.#name(), groupKey: key, ...hashes, qualified: all, signers });
        }),
      complain: async (posted) => {
        this.contradiction ??= `member ${seat} accuses the honest dealer ${posted.dealer}`;
        return { kind: "reverted", reason: "it is no fault" };
      },
      advance: refused,
      fail: refused,
    };
  }

  /** The READY of the node in `seat`, shown while its process lives. */
  board(seat: number): ReadyBoard {
    return {
      publish: (_chain, entry) => {
        this.#say(`signature ${seat}`, `${entry.digest} ${toHex(entry.registered)} ${toHex(entry.share)}`);
        this.#board.set(seat, entry);
      },
      withdraw: () => this.withdraw(seat),
      read: async (rpc) => [...this.#board].find(([other]) => rpcOf(other) === rpc)?.[1],
    };
  }

  withdraw(seat: number): void {
    this.#board.delete(seat);
  }

  /** Broadcast: it counts as said from now on, and is mined with the block after the next, the first one of each only. */
  #send(what: string, value: string, effect: () => void): SendResult {
    if (this.#say(what, value)) this.#mempool.push({ effect, since: this.block });
    return { kind: "unsent", reason: "on its way" };
  }

  #name(): { readonly chainId: bigint; readonly era: number; readonly epoch: number } {
    return { chainId: CHAIN, era: this.slot.era, epoch: this.slot.epoch };
  }

  /** True the first time. */
  #say(what: string, value: string): boolean {
    const earlier = this.#said.get(what);
    if (earlier === undefined) this.#said.set(what, value);
    else if (earlier !== value) this.contradiction ??= `${what} said twice, differently`;
    return earlier === undefined;
  }

  #seats(what: string): readonly number[] {
    return [...this.#said.keys()]
      .filter((name) => name.startsWith(`${what} `))
      .map((name) => Number(name.split(" ")[1]));
  }

  #full(name: MainchainEvent["name"]): boolean {
    return this.#facts.filter(({ event }) => event.name === name).length === this.#members;
  }

  #tell(event: MainchainEvent): void {
    this.#facts.push({ block: this.block, blockHash: ZERO, transaction: ZERO, logIndex: this.#facts.length, event });
  }
}

function rpcOf(seat: number): string {
  return `seat-${seat}`;
}
