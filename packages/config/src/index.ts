/** Every environment variable: one table, parsed and checked once at start-up. */

export { loadConfig } from './load.ts';
export { type NearMiss, nearMisses } from './near-misses.ts';
export { describeConfig, helpText, markdown } from './print.ts';
export { ConfigError, type Problem } from './problems.ts';
export type { Reader } from './setting.ts';
export { isAllowedHost, pingEndpoint, remoteUserHeader, secureProxyHeader, sitePath, siteUrl } from './site.ts';
export { type StartupCheck, startupChecks } from './startup-checks.ts';
export { type Config, type Group, type Name, SETTINGS, type Setting } from './table.ts';
export { type DatabaseTarget, databaseTarget, type RedisTarget, redisTarget } from './targets.ts';
export { trustedProxies } from './trusted-proxies.ts';
export type { DatabaseHost, SessionAttrs, SslMode } from './values/database-url.ts';
export type { HostPort } from './values/network.ts';
