/** The fields of package.json that packing reads. */
export type WorkspaceManifest = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly type: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
};

function entry(name: string): { readonly types: string; readonly default: string } {
  return { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` };
}

/** The manifest of the tarball; `code` is what it holds. Dependencies that no code imports stay at home. */
export function packedManifest(
  workspace: WorkspaceManifest,
  code: readonly string[],
): Readonly<Record<string, unknown>> {
  const { name, version, description, license, type, engines, files, dependencies } = workspace;
  const imported = (dependency: string): boolean =>
    code.some((text) => text.includes(`"${dependency}"`) || text.includes(`"${dependency}/`));
  return {
    name,
    version,
    description,
    license,
    type,
    engines,
    exports: { ".": entry("index"), "./wasm-build": entry("wasm-build"), "./package.json": "./package.json" },
    files,
    dependencies: Object.fromEntries(Object.entries(dependencies).filter(([dependency]) => imported(dependency))),
  };
}
