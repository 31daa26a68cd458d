export async function runMutants(_only: string | undefined): Promise<number> {
  return 0;
}
