/** Every environment variable: one table, parsed and checked once at start-up. */

export { loadConfig } from './load.ts';
export { nearMisses } from './near-misses.ts';
export { helpText, markdown } from './print.ts';
export { ConfigError } from './problems.ts';
export { isAllowedHost, pingEndpoint, remoteUserHeader, secureProxyHeader, sitePath } from './site.ts';
export { startupChecks } from './startup-checks.ts';
export { type Config, type Name, SETTINGS } from './table.ts';
export { type DatabaseTarget, databaseTarget, type RedisTarget, redisTarget } from './targets.ts';
export { trustedProxies } from './trusted-proxies.ts';
