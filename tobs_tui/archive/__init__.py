"""The vault's memory and the only room with SQL: message records, the ledger of fetched ids, files, the run journal."""
