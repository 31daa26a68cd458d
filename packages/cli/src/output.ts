/** What every command shares: where results and progress go. */
export type Output = {
  readonly json: boolean;
  /** The result: as JSON on one line with --json, else the given text. On stdout. */
  result(value: unknown, text: string): void;
  /** What is going on, for people. On stderr. */
  progress(message: string): void;
};

export function createOutput(json: boolean): Output {
  return {
    json,
    result: (value, text) => {
      const line = json ? JSON.stringify(value, bigIntAsText) : text;
      process.stdout.write(`${line}\n`);
    },
    progress: (message) => {
      process.stderr.write(`${message}\n`);
    },
  };
}

/** JSON has no big integers; amounts and ids are decimal text. */
function bigIntAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** Rows as aligned columns. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(header), ...rows.map(line)].join("\n");
}
