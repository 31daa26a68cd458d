import { callCases } from "./call-cases.ts";
import { computingCases } from "./computing-cases.ts";
import type { HostileCase } from "./hostile-case.ts";
import { memoryCases } from "./memory-cases.ts";
import { precompileCases } from "./precompile-cases.ts";
import { stateCases } from "./state-cases.ts";

/** All cases; their names are distinct. */
export const hostileCases: readonly HostileCase[] = [
  ...computingCases,
  ...memoryCases,
  ...callCases,
  ...stateCases,
  ...precompileCases,
];
