import type { BodyRules, Clock, Executor, Mesh, Signer, TransactionPool, Verifier } from "../consensus/ports.ts";
import type { Turns } from "./fair-turns.ts";

/** Wraps a callback so that what it throws stops its member alone. */
export type Guard = <A extends readonly unknown[]>(callback: (...args: A) => void) => (...args: A) => void;

/** `failed` gets the first thing that a guarded callback throws; none of them runs after that. */
export function memberGuard(failed: (error: unknown) => void): Guard {
  let broken = false;
  return (callback) =>
    (...args) => {
      if (broken) return;
      try {
        callback(...args);
      } catch (error) {
        broken = true;
        failed(error);
      }
    };
}

/** The real clock. What goes on evenly begins at the time of the process's start. */
export function systemClock(guard: Guard): Clock {
  return {
    now: () => Math.floor(performance.timeOrigin + performance.now()),
    time: () => Date.now(),
    after(milliseconds, callback) {
      const timer = setTimeout(guard(callback), milliseconds);
      return () => clearTimeout(timer);
    },
  };
}

export function guardedVerifier(verifier: Verifier, guard: Guard): Verifier {
  return {
    node: (seat, digest, signature, done) => verifier.node(seat, digest, signature, guard(done)),
    certificate: (digest, signature, done) => verifier.certificate(digest, signature, guard(done)),
    combine: (digest, shares, done) => verifier.combine(digest, shares, guard(done)),
  };
}

/**
 * Execution takes the chain's turns; commits go at once, since they free what execution holds. `measured` gets the
 * milliseconds from a container's turn to its result.
 */
export function sharedExecutor(
  executor: Executor,
  turns: Turns,
  guard: Guard,
  measured: (milliseconds: number) => void,
): Executor {
  let running: (() => void) | undefined;
  return {
    get committed() {
      return executor.committed;
    },
    knows: (rules) => executor.knows(rules),
    execute(container, done) {
      const start = guard((finished: () => void) => {
        running = finished;
        const startedAt = performance.now();
        executor.execute(
          container,
          guard((result) => {
            running = undefined;
            measured(performance.now() - startedAt);
            finished();
            done(result);
          }),
        );
      });
      turns.run(start);
    },
    commit: (certified, done) => executor.commit(certified, guard(done)),
    rollback() {
      executor.rollback();
      // What was under way comes to nothing and never calls back.
      turns.drop();
      running?.();
      running = undefined;
    },
  };
}

export function guardedBodies(bodies: BodyRules, guard: Guard): BodyRules {
  return {
    check: (body, done) => bodies.check(body, guard(done)),
    encode: (transactions) => bodies.encode(transactions),
  };
}

export function guardedPool(pool: TransactionPool, guard: Guard): TransactionPool {
  return {
    executable: () => pool.executable(),
    ready: () => pool.ready(),
    accept: (raw, age) => pool.accept(raw, age),
    has: (hash) => pool.has(hash),
    committed: (transactions) => pool.committed(transactions),
    onArrival: (listener) => pool.onArrival(guard(listener)),
  };
}

/** Counts what the member signs. */
export function countedSigner(signer: Signer, count: (by: "node" | "share") => void): Signer {
  return {
    ...(signer.ready === undefined ? {} : { ready: signer.ready }),
    sign(statement, done) {
      signer.sign(statement, (signed) => {
        if (signed.signature.length > 0) count("node");
        for (const _ of signed.shares) count("share");
        done(signed);
      });
    },
  };
}

/** A mesh that can be put in place after the driver that sends through it. */
export class LateMesh implements Mesh {
  #mesh: Mesh | undefined;

  attach(mesh: Mesh): void {
    this.#mesh = mesh;
  }

  send(...message: Parameters<Mesh["send"]>): void {
    this.#mesh?.send(...message);
  }

  distance(to: number): number {
    return this.#mesh?.distance?.(to) ?? 0;
  }
}
