/**
 * TEST_POSTGRES_BINARIES names the directory (with bin/postgres) of another server than the installed one, for trying
 * PostgreSQL 14 to 17. Spread into the options of `initialise` and `startEmbedded`.
 */
export function testBinaries(): { readonly binaries?: string } {
  const binaries = process.env.TEST_POSTGRES_BINARIES;
  return binaries ? { binaries } : {};
}
