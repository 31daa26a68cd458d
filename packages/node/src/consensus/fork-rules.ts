import { containerRules } from "@tributary/protocol/container/fork-schedule";
import type { ContainerHeader } from "@tributary/protocol/container/header";
import type { MemberContext } from "./member-context.ts";

/** By which rules containers are executed, as the chain's record on the mainchain schedules them. */
export class ForkRules {
  readonly #context: MemberContext;
  #unknown: number | undefined;

  constructor(context: MemberContext) {
    this.#context = context;
  }

  /** Whether the next container has rules that the executor does not know. */
  get unknown(): boolean {
    return this.#unknown !== undefined;
  }

  /** After a container. undefined: this node has not read the mainchain that far and asks again at the next tick. */
  scheduled(parent: ContainerHeader, mainchainNumber: number, time: number): number | undefined {
    const { config, ports } = this.#context;
    const { entries, through } = ports.mainchain.forks(config.group);
    if (through < mainchainNumber) return undefined;
    return containerRules(parent.rules, entries, mainchainNumber, time);
  }

  /** A member that does not know the rules stops before them, and goes on ordering. What is below stays. */
  knows(parent: ContainerHeader, rules: number): boolean {
    const known = this.#context.ports.executor.knows(rules);
    if (!known && this.#unknown !== rules) {
      const event = { height: parent.height + 1, own: parent.rules.toString(), other: rules.toString() };
      this.#context.report({ kind: "halted", reason: "unknown-fork", ...event });
    }
    this.#unknown = known ? undefined : rules;
    return known;
  }
}
