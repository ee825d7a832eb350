import { describe, expect, it } from 'vitest';
import {
  isAllowedHost,
  loadConfig,
  pingEndpoint,
  remoteUserHeader,
  secureProxyHeader,
  sitePath,
  trustedProxies,
} from './index.ts';

it('makes addresses under SITE_ROOT', () => {
  const config = loadConfig({ SITE_ROOT: 'https://a.org/overdue/' });
  expect(sitePath(config)).toBe('/overdue');
  expect(sitePath(loadConfig({}))).toBe('');
  expect(pingEndpoint(config)).toBe('https://a.org/overdue/ping/');
});

describe('isAllowedHost', () => {
  it.each([
    ['a.org', 'a.org', true],
    ['a.org', 'A.org:8000', true],
    ['a.org', 'a.org.', true],
    ['a.org', 'b.a.org', false],
    ['a.org', 'xa.org', false],
    ['.a.org', 'a.org', true],
    ['.a.org', 'b.a.org', true],
    ['.a.org', 'xa.org', false],
    ['[::1]', '[::1]:80', true],
    ['[::1]', '[::2]', false],
    ['*', 'anything', true],
    ['*', '', false],
    ['', 'a.org', false],
  ])('ALLOWED_HOSTS=%j, Host: %j', (allowed, header, expected) => {
    expect(isAllowedHost(loadConfig({ ALLOWED_HOSTS: allowed }), header)).toBe(expected);
  });
});

describe('secureProxyHeader', () => {
  it.each([
    ['HTTP_X_FORWARDED_PROTO,https', { name: 'x-forwarded-proto', value: 'https' }],
    ['HTTP_X,a,b', { name: 'x', value: 'a,b' }],
    ['HTTP_X_FORWARDED_PROTO', null],
    ['X-Forwarded-Proto,https', null],
    ['', null],
  ])('%j', (text, expected) => {
    expect(secureProxyHeader(loadConfig({ SECURE_PROXY_SSL_HEADER: text }))).toEqual(expected);
  });
});

it('remoteUserHeader is the name on the wire', () => {
  expect(remoteUserHeader(loadConfig({ REMOTE_USER_HEADER: 'HTTP_X_AUTHENTICATED_USER' }))).toBe(
    'x-authenticated-user',
  );
  expect(remoteUserHeader(loadConfig({}))).toBeNull();
});

describe('trustedProxies', () => {
  it.each([
    ['', '127.0.0.1', false],
    ['127.0.0.0/8,::1/128', '127.9.9.9', true],
    ['127.0.0.0/8,::1/128', '::1', true],
    ['127.0.0.0/8,::1/128', '::ffff:127.0.0.1', true],
    ['127.0.0.0/8,::1/128', '10.0.0.1', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['2001:db8::/32', '2001:db8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['0.0.0.0/0', 'not an address', false],
    ['0.0.0.0/0', '', false],
    ['0.0.0.0/0', undefined, false],
  ])('%j, %j', (proxies, address, expected) => {
    expect(trustedProxies(loadConfig({ TRUSTED_PROXIES: proxies }))(address)).toBe(expected);
  });

  it('trusts the loopback by default', () => {
    expect(trustedProxies(loadConfig({}))('127.0.0.1')).toBe(true);
  });
});
