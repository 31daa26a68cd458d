import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Without what npm tells its scripts: commands are given as in a fresh shell. */
const shell = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm|NODE_OPTIONS|VITEST)/.test(name)),
);

type RunOptions = { readonly env?: Readonly<Record<string, string>>; readonly input?: string };

/**
 * Somebody's project from e2e/projects, copied to a folder of its own and installed there by its own lock file: what it
 * needs is no part of this workspace. Nothing that it installs runs a script while it does so.
 */
export class Project {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Installs e2e/projects/`name` and checks its types. */
  static async install(name: string): Promise<Project> {
    const project = new Project(mkdtempSync(join(tmpdir(), `tributary-${name}-`)));
    try {
      cpSync(join(root, "e2e/projects", name), project.folder, { recursive: true });
      await project.run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
      const types = join(root, "node_modules/@types");
      await project.run(join(root, "node_modules/.bin/tsc"), ["-p", ".", "--typeRoots", types]);
      return project;
    } catch (error) {
      project.dispose();
      throw error;
    }
  }

  /** What a program printed to its standard output. Throws what it printed where it fails. */
  run(program: string, args: readonly string[], { env = {}, input = "" }: RunOptions = {}): Promise<string> {
    const options = { cwd: this.folder, env: { ...shell, ...env }, maxBuffer: 1 << 24, timeout: 180_000 };
    return new Promise((done, reject) => {
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        if (error === null) done(stdout);
        else reject(new Error(`${program} ${args.join(" ")} failed: ${stdout}\n${stderr}`, { cause: error }));
      });
      child.stdin?.end(input);
    });
  }

  /** Runs a TypeScript or JavaScript file of the project with this Node. */
  node(args: readonly string[], options?: RunOptions): Promise<string> {
    return this.run(process.execPath, args, options);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
