import type { MainchainFact, MainchainHead } from "./mainchain/watcher.ts";

/** What an agent may know besides its facts when it decides what to do next. */
export type Now = {
  /** Newest confirmed mainchain block. */
  readonly head: MainchainHead;
  /** Milliseconds since 1970 by the local clock: for delays between helpers only, never for rules. */
  readonly clock: number;
};

/** facts -> reduce -> nextActions -> act. The first three are pure; states are immutable. */
export type Agent<State, Event, Action> = {
  readonly name: string;
  readonly initial: State;
  reduce(state: State, fact: MainchainFact<Event>): State;
  /** Everything that this node should do now; asked again after every change, so it must become empty when done. */
  nextActions(state: State, now: Now): readonly Action[];
  /** Names an action: one of a name runs at a time, and a failed one waits before it is tried again. */
  key(action: Action): string;
  act(action: Action, signal: AbortSignal): Promise<ActResult>;
  /** The mainchain went back: whatever is remembered beside the state may no longer hold. */
  forget?(): void;
};

export type ActResult =
  /** Its effect is visible to the next question, or will be through the mainchain. */
  | { readonly kind: "done" }
  /** Not possible (yet); asked again after a pause. */
  | { readonly kind: "retry"; readonly reason: string };
